"""The steps before sending: edit, submit, vote."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from netlift.errors import InputError, Refused
from netlift.records import Ballot, Case, Committee, Reading, State
from netlift.review.committee.seats import decided, require, seat_of, standing

PANES = ("findings", "audience", "messages")  # what a voter must have opened
SHORTEST_HASH = 8  # digits of the approval hash that a voter echoes


def in_state(case: Case, to_do: str, *states: State) -> None:
    """Let pass a plan that is in one of these states.

    Raises:
        Refused: it is not.
    """
    if case.state not in states:
        expected = " or ".join(state.replace("_", " ") for state in states)
        raise Refused(f"Run {case.run_id} cannot {to_do}: it is {case.state.replace('_', ' ')}, and must be {expected}.")


def author_only(case: Case, committee: Committee, actor: str, to_do: str) -> None:
    """Let pass the plan's author.

    Raises:
        Refused: it is somebody else.
    """
    require(committee, actor, f"{to_do} plans", "author")
    if case.author != actor:
        raise Refused(f"{actor} may not {to_do} run {case.run_id}: its author is {case.author}.")


def edit(case: Case, committee: Committee, actor: str, *, approval_hash: str, blocked: str, heightened: bool) -> Case:
    """Another content: the next version, without votes. Whoever edits becomes an editor and can vote on it no more."""
    in_state(case, "be edited", "draft", "changes_requested", "in_review", "approved", "scheduled", "paused")
    require(committee, actor, "edit plans", "author")
    state: State = case.state if case.state in {"draft", "changes_requested"} else "draft"
    editors = case.editors if actor == case.author else case.editors | {actor}
    changed = replace(case, state=state, version=case.version + 1, approval_hash=approval_hash, editors=editors, blocked=blocked)
    return replace(_back(changed), heightened=heightened)


def submit(case: Case, committee: Committee, actor: str, *, now: datetime) -> Case:
    """Before the committee; earlier votes do not count."""
    in_state(case, "be submitted", "draft", "changes_requested")
    author_only(case, committee, actor, "submit")
    if case.blocked:
        raise Refused(f"Run {case.run_id} cannot be submitted: {case.blocked}")
    return replace(_back(case), state="in_review", submitted_at=now)


def withdraw(case: Case, committee: Committee, actor: str) -> Case:
    """Taken back by its author."""
    in_state(case, "be withdrawn", "in_review")
    author_only(case, committee, actor, "withdraw")
    return replace(_back(case), state="draft")


def approve(
    case: Case,
    committee: Committee,
    actor: str,
    *,
    now: datetime,
    reading: Reading,
    seat: str | None = None,
    text: str = "",
) -> Case:
    """One more vote; approved as soon as the quorum is reached.

    Args:
        case: the plan.
        committee: everybody.
        actor: who votes.
        now: the moment.
        reading: what he has looked at: the hash, and every pane of this version.
        seat: the member he sits for; None = his own seat.
        text: a remark; a written reason is needed where a finding asks for review.
    """
    in_state(case, "be voted on", "in_review")
    chosen = seat_of(case, committee, actor, now, seat=seat)
    if case.blocked:
        raise Refused(f"Run {case.run_id} cannot be approved: {case.blocked}")
    if len(reading.echoed) < SHORTEST_HASH or not case.approval_hash.startswith(reading.echoed.lower()):
        raise Refused(f"The hash '{reading.echoed}' is not that of run {case.run_id} ({case.approval_hash[:12]}…); look at the plan again.")
    unseen = [pane for pane in PANES if pane not in reading.opened]
    if unseen:
        raise Refused(f"{actor} has not looked at the {', '.join(unseen)} of run {case.run_id}, version {case.version}; open them first.")
    if case.heightened and not text.strip():
        raise Refused(f"A finding on run {case.run_id} asks for review, so an approval takes a reason in words; none was given.")
    votes = standing(case, committee)
    if any(v.voter == actor for v in votes):
        raise Refused(f"{actor} has approved run {case.run_id} already; the other votes must come from other members.")
    if any(v.seat == chosen for v in votes):
        raise Refused(f"The seat of {chosen} has approved run {case.run_id} already; the other votes must come from other seats.")
    ballot = Ballot(actor, chosen, case.version, case.approval_hash, now)
    voted = replace(case, votes=(*votes, ballot))
    return replace(voted, state="approved", approved_at=now) if decided(voted, committee) else voted


def revoke(case: Case, committee: Committee, actor: str, *, now: datetime) -> Case:
    """A vote is taken back by who cast it, until sending starts."""
    in_state(case, "lose a vote", "in_review", "approved", "scheduled")
    left = tuple(v for v in case.votes if v.voter != actor)
    if len(left) == len(case.votes):
        raise Refused(f"{actor} has no vote on run {case.run_id} to take back.")
    if actor not in committee.people or not committee.people[actor].active:
        raise Refused(f"{actor} was deactivated.")
    return replace(_unscheduled(case), state="in_review", votes=left, submitted_at=now if case.state != "in_review" else case.submitted_at)


def request_changes(case: Case, committee: Committee, actor: str, *, now: datetime, seat: str | None = None, text: str) -> Case:
    """Back to the author, with what to change."""
    return replace(_turned_down(case, committee, actor, now=now, seat=seat, act="request changes", text=text), state="changes_requested")


def reject(case: Case, committee: Committee, actor: str, *, now: datetime, seat: str | None = None, text: str) -> Case:
    """Refused for good; to try again, a new plan is prepared."""
    return replace(_turned_down(case, committee, actor, now=now, seat=seat, act="reject", text=text), state="rejected")


def reopen(case: Case, committee: Committee, actor: str) -> Case:
    """An expired plan is a draft again."""
    in_state(case, "be reopened", "expired")
    author_only(case, committee, actor, "reopen")
    return replace(_back(case), state="draft")


def _turned_down(case: Case, committee: Committee, actor: str, *, now: datetime, seat: str | None, act: str, text: str) -> Case:
    in_state(case, "be voted on", "in_review")
    seat_of(case, committee, actor, now, seat=seat)
    if not text.strip():
        raise InputError(f"To {act} takes a reason in words; none was given.")
    return _back(case)


def _back(case: Case) -> Case:
    """Nobody has voted, nothing is planned."""
    return replace(_unscheduled(case), votes=(), submitted_at=None, pause=None)


def _unscheduled(case: Case) -> Case:
    return replace(case, approved_at=None, start_at=None)
