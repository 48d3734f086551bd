"""Who may vote, in whose seat, and which votes count."""

from __future__ import annotations

from datetime import datetime

from netlift.errors import Refused
from netlift.records import Ballot, Case, Committee

VOTING_ROLES = ("reviewer", "privacy")


def holds(committee: Committee, name: str, *roles: str) -> bool:
    """Whether somebody is active and has one of the roles."""
    person = committee.people.get(name)
    return person is not None and person.active and bool(person.roles & set(roles))


def require(committee: Committee, name: str, to_do: str, *roles: str) -> None:
    """Let pass who is active and has one of the roles.

    Raises:
        Refused: who has none of them.
    """
    if not holds(committee, name, *roles):
        person = committee.people.get(name)
        has = ", ".join(sorted(person.roles)) if person and person.active else ""
        raise Refused(f"{name} may not {to_do}: that takes the role {' or '.join(roles)}, and {name} has {has or 'none'}.")


def made(case: Case) -> frozenset[str]:
    """Whoever made any part of the plan, in any version."""
    return case.editors | {case.author}


def conflict(case: Case, *, voter: str, seat: str) -> str:
    """Why somebody may not vote on this plan in this seat; "" = nothing stands in the way.

    Neither who made a part of it, nor anybody who sits for such a person, nor such a person sitting for somebody else.
    """
    for name in dict.fromkeys((voter, seat)):
        if name == case.author:
            part = f"{name} prepared run {case.run_id}"
        elif name in case.editors:
            part = f"{name} edited run {case.run_id}"
        else:
            continue
        rule = "somebody else must decide on it" if name == voter else f"nobody may decide on it in the seat of {name}"
        return f"{part}, so {rule}"
    return ""


def seats(committee: Committee, name: str, now: datetime) -> tuple[str, ...]:
    """The members in whose seats somebody may sit now, the own one first."""
    own = (name,) if holds(committee, name, *VOTING_ROLES) else ()
    return own + tuple(d.principal for d in committee.deputies if d.deputy == name and d.since <= now < d.until)


def seat_of(case: Case, committee: Committee, voter: str, now: datetime, *, seat: str | None) -> str:
    """The seat in which somebody votes: his own, or that of the member he sits for.

    Raises:
        Refused: he has no seat, sits not for that member, or made a part of the plan.
    """
    chosen = seat or voter
    if chosen == voter:
        require(committee, voter, f"decide on run {case.run_id}", *VOTING_ROLES)
    else:
        require(committee, chosen, f"be stood in for on run {case.run_id}", *VOTING_ROLES)
        if not _sits_for(committee, voter, chosen, now):
            raise Refused(f"{voter} does not sit for {chosen} now; {chosen} can name a deputy, with a date on which that ends.")
        if not committee.people[voter].active:
            raise Refused(f"{voter} was deactivated and may not decide on run {case.run_id}.")
    if told := conflict(case, voter=voter, seat=chosen):
        raise Refused(f"{told}.")
    return chosen


def standing(case: Case, committee: Committee) -> tuple[Ballot, ...]:
    """The votes that count now: for exactly this version and content, by people who may still cast them, one a person and one a seat."""
    counted: dict[str, Ballot] = {}
    voters: set[str] = set()
    for ballot in case.votes:
        if (ballot.version, ballot.approval_hash) != (case.version, case.approval_hash) or conflict(
            case, voter=ballot.voter, seat=ballot.seat
        ):
            continue
        if not _may_still(committee, ballot) or ballot.seat in counted or ballot.voter in voters:
            continue
        counted[ballot.seat] = ballot
        voters.add(ballot.voter)
    return tuple(counted.values())


def decided(case: Case, committee: Committee) -> bool:
    """Whether the votes that count reach the quorum, with the privacy seat where that is needed."""
    votes = standing(case, committee)
    private = any("privacy" in committee.people[v.seat].roles for v in votes)
    return len(votes) >= case.quorum and (private or not case.heightened)


def _may_still(committee: Committee, ballot: Ballot) -> bool:
    voter = committee.people.get(ballot.voter)
    if voter is None or not voter.active or not holds(committee, ballot.seat, *VOTING_ROLES):
        return False
    return ballot.voter == ballot.seat or _sits_for(committee, ballot.voter, ballot.seat, ballot.at)


def _sits_for(committee: Committee, deputy: str, principal: str, at: datetime) -> bool:
    return any((d.deputy, d.principal) == (deputy, principal) and d.since <= at < d.until for d in committee.deputies)
