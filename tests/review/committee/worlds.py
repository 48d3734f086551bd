"""A small committee and one plan, all that can happen to it, and a witness who does not trust the rules.

The witness writes down on its own who made what and who approved what; whenever messages may go out it asks whether that was allowed.
It shares no code with `netlift.review.committee`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from netlift.errors import NetliftError
from netlift.records import Case, Committee, Deputy, Person, Reading
from netlift.review import committee as rules
from netlift.review.committee import seats, sending, voting

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
POLICY = "1"
ROLES: dict[str, tuple[str, ...]] = {
    "ada": ("author", "admin", "reviewer"),  # the author; her other roles must not help her
    "ed": ("author", "reviewer"),  # edits now and then
    "rita": ("reviewer",),
    "ray": ("reviewer",),
    "pia": ("privacy",),
    "olga": ("operator",),
    "dora": ("director",),  # sits for ed and for ray
}
DEPUTIES = (Deputy("ed", "dora", NOON, NOON + timedelta(days=60)), Deputy("ray", "dora", NOON, NOON + timedelta(days=60)))
MOST_VERSIONS = 3
TAMPERED = 99


@dataclass(frozen=True)
class Witness:
    """What was really done, as somebody in the room would tell it."""

    makers: frozenset[str] = frozenset({"ada"})
    content: int = 1  # goes up with every change of what would be sent
    approvals: frozenset[tuple[str, str, int]] = frozenset()  # voter, seat, content; those not taken back and not voided
    stopped: bool = False
    lifters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """Plan, people, time, and the witness."""

    case: Case
    people: Committee
    now: datetime
    witness: Witness

    @property
    def found(self) -> str:
        """The hash of what is stored now."""
        return hash_of(self.witness.content)


def hash_of(content: int) -> str:
    """A hash for each content."""
    return f"{content:08x}" * 8


def world(*, heightened: bool = False) -> World:
    """A fresh draft of ada's."""
    week = timedelta(days=7)
    case = Case("1", "draft", 1, hash_of(1), "ada", 2, POLICY, week, 2 * week, heightened=heightened)
    return World(case, Committee({n: Person(n, frozenset(r)) for n, r in ROLES.items()}, DEPUTIES), NOON, Witness())


Step = Callable[[World], World]


def _rule(step: Callable[[World], Case], witness: Callable[[World, Case], Witness] = lambda w, _: w.witness) -> Step:
    def apply(w: World) -> World:
        case = step(w)
        return replace(w, case=case, witness=witness(w, case))

    return apply


def _edit(name: str) -> Step:
    def apply(w: World) -> World:
        if w.case.version >= MOST_VERSIONS:
            raise NetliftError("enough")
        content = w.witness.content + 1
        case = rules.edit(w.case, w.people, name, approval_hash=hash_of(content), blocked="", heightened=w.case.heightened)
        return replace(w, case=case, witness=replace(w.witness, makers=w.witness.makers | {name}, content=content, approvals=frozenset()))

    return apply


def _approve(voter: str, seat: str | None = None) -> Step:
    def step(w: World) -> Case:
        reading = Reading(w.found, frozenset(rules.PANES))
        return rules.approve(w.case, w.people, voter, now=w.now, reading=reading, seat=seat, text="seen")

    def told(w: World, _case: Case) -> Witness:
        return replace(w.witness, approvals=w.witness.approvals | {(voter, seat or voter, w.witness.content)})

    return _rule(step, told)


def _void(w: World, _case: Case) -> Witness:
    return replace(w.witness, approvals=frozenset())


def _revoke(name: str) -> Step:
    return _rule(
        lambda w: rules.revoke(w.case, w.people, name, now=w.now),
        lambda w, _: replace(w.witness, approvals=frozenset(a for a in w.witness.approvals if a[0] != name)),
    )


def _stop(name: str) -> Step:
    def told(w: World, case: Case) -> Witness:
        kept = w.witness.approvals if case.state == "stopped" else frozenset()
        return replace(w.witness, stopped=True, lifters=frozenset(), approvals=kept)

    return _rule(lambda w: rules.stop(w.case, w.people, name, now=w.now, reason="wrong price"), told)


def _lift(name: str) -> Step:
    def told(w: World, _case: Case) -> Witness:
        lifters = w.witness.lifters | {name}
        return replace(w.witness, lifters=lifters, stopped=len(lifters) < 2)

    return _rule(lambda w: rules.lift(w.case, w.people, name), told)


def _renewed(step: Callable[[World, str], Case]) -> Step:
    """A step that puts another content before the committee."""

    def apply(w: World) -> World:
        if w.case.version >= MOST_VERSIONS:
            raise NetliftError("enough")
        content = w.witness.content + 1
        return replace(w, case=step(w, hash_of(content)), witness=replace(w.witness, content=content, approvals=frozenset()))

    return apply


def _active(name: str, *, active: bool) -> Step:
    def apply(w: World) -> World:
        person = replace(w.people.people[name], active=active)
        return replace(w, people=replace(w.people, people={**w.people.people, name: person}))

    return apply


def _wait(time: timedelta) -> Step:
    return lambda w: replace(w, now=w.now + time)


def _tamper(w: World) -> World:
    """Somebody changes what is stored, behind the back of the rules."""
    if w.witness.content >= TAMPERED:
        raise NetliftError("enough")
    return replace(w, witness=replace(w.witness, content=TAMPERED))


STEPS: dict[str, Step] = {
    "ada submits": _rule(lambda w: rules.submit(w.case, w.people, "ada", now=w.now), _void),
    "ada withdraws": _rule(lambda w: rules.withdraw(w.case, w.people, "ada"), _void),
    "ada reopens": _rule(lambda w: rules.reopen(w.case, w.people, "ada"), _void),
    "ada edits": _edit("ada"),
    "ed edits": _edit("ed"),
    "ada approves": _approve("ada"),
    "ed approves": _approve("ed"),
    "rita approves": _approve("rita"),
    "ray approves": _approve("ray"),
    "pia approves": _approve("pia"),
    "dora approves for ed": _approve("dora", "ed"),
    "dora approves for ray": _approve("dora", "ray"),
    "ed approves for ray": _approve("ed", "ray"),
    "olga approves": _approve("olga"),
    "rita revokes": _revoke("rita"),
    "rita asks for changes": _rule(lambda w: rules.request_changes(w.case, w.people, "rita", now=w.now, text="shorter"), _void),
    "pia rejects": _rule(lambda w: rules.reject(w.case, w.people, "pia", now=w.now, text="no"), _void),
    "olga schedules": _rule(lambda w: rules.schedule(w.case, w.people, "olga", at=w.now + timedelta(hours=1), now=w.now)),
    "olga starts": _rule(lambda w: rules.start(w.case, w.people, "olga", found=w.found, now=w.now)),
    "the time has come": _rule(lambda w: rules.start(w.case, w.people, "netlift", found=w.found, now=w.now)),
    "olga pauses": _rule(lambda w: rules.pause(w.case, w.people, "olga", now=w.now, reason="a look")),
    "the monitor pauses": _rule(lambda w: rules.pause(w.case, w.people, "netlift", now=w.now, reason="bounces", automatic=True)),
    "rita agrees": _rule(lambda w: rules.agree(w.case, w.people, "rita")),
    "olga resumes": _rule(lambda w: rules.resume(w.case, w.people, "olga", found=w.found, now=w.now)),
    "dora stops": _stop("dora"),
    "rita lifts": _lift("rita"),
    "pia lifts": _lift("pia"),
    "ada lifts": _lift("ada"),
    "rita cancels": _rule(lambda w: rules.cancel(w.case, w.people, "rita")),
    "ada resubmits": _renewed(
        lambda w, h: rules.resubmit(w.case, w.people, "ada", approval_hash=h, blocked="", heightened=w.case.heightened, now=w.now)
    ),
    "people drop out": _renewed(lambda w, h: rules.drifted(w.case, approval_hash=h, blocked="", heightened=w.case.heightened, now=w.now)),
    "all is sent": _rule(lambda w: rules.finish(w.case, unsent=0)),
    "rita leaves": _active("rita", active=False),
    "rita comes back": _active("rita", active=True),
}
OF_TIME: dict[str, Step] = {
    "an hour passes": _wait(timedelta(hours=1)),
    "a day passes": _wait(timedelta(days=1)),
    "a week passes": _wait(timedelta(days=7)),
    "somebody tampers": _tamper,
}


def step(w: World, name: str, steps: dict[str, Step]) -> tuple[World, bool]:
    """The world after an event, and whether it was allowed; what time brings about comes first, as in `workflow.decide`."""
    settled = settle(w)
    try:
        after = steps[name](settled)
    except NetliftError:
        return settled, False
    if after.case.state == "sending" and (settled.case.state != "sending" or settled.case is not after.case):
        check_may_send(after)
    return settle(after), True


def settle(w: World) -> World:
    """What time and people leaving do."""
    case, why = rules.settled(w.case, w.people, now=w.now, policy_version=POLICY)
    if not why:
        return w
    gone = case.state == "expired"
    return replace(w, case=case, witness=replace(w.witness, approvals=frozenset()) if gone else w.witness)


def check_may_send(w: World) -> None:
    """The witness: was it allowed that messages go out now?"""
    told, people = w.witness, w.people.people
    assert not told.stopped, "sent while stopped"
    assert w.case.approval_hash == hash_of(told.content), "sent what was not approved"
    good = [
        (voter, seat)
        for voter, seat, content in told.approvals
        if content == told.content
        and voter not in told.makers
        and seat not in told.makers
        and people[voter].active
        and people[seat].active
        and people[seat].roles & {"reviewer", "privacy"}
    ]
    most = max((len(chosen) for chosen in _one_each(good)), default=0)
    assert most >= 2, f"sent with {most} good approvals: {sorted(told.approvals)}, makers {sorted(told.makers)}"
    if w.case.heightened:
        assert any("privacy" in people[seat].roles for _, seat in good), "sent without the privacy office"


def _one_each(votes: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Choices of votes with every voter and every seat once."""
    if not votes:
        yield []
        return
    (voter, seat), rest = votes[0], votes[1:]
    for chosen in _one_each(rest):
        yield chosen
        if all(voter != v and seat != s for v, s in chosen):
            yield [(voter, seat), *chosen]


def check_always(w: World) -> None:
    """What holds in every state."""
    case = w.case
    assert case.author in w.witness.makers
    assert case.editors | {case.author} == w.witness.makers, "somebody edited and is not known as an editor"
    assert len({b.voter for b in case.votes}) == len(case.votes) == len({b.seat for b in case.votes}), "two votes of one person or seat"
    if case.state in {"draft", "changes_requested", "expired", "rejected"}:
        assert not case.votes, "votes outlived the review"
    if case.state == "sending":
        assert not w.witness.stopped, "sends although it was stopped"


def _only_the_voter(case: Case, *, voter: str, seat: str) -> str:
    return f"{voter} made it" if voter in case.editors | {case.author} else ""


def _any_content(case: Case, people: Committee) -> tuple[Any, ...]:
    return tuple(v for v in case.votes if seats._may_still(people, v))


def _all_votes(case: Case, people: Committee) -> tuple[Any, ...]:
    return case.votes


def _counted(case: Case, people: Committee) -> bool:
    return len(case.votes) >= case.quorum


@contextmanager
def _any_content_and_kept() -> Iterator[None]:
    """Either guard alone suffices: votes are void after an edit, and each is for one version and one content. Here both are gone."""
    with mock.patch.object(voting, "_back", lambda case: case), mock.patch.object(seats, "standing", _any_content):
        yield


BUGS: dict[str, Callable[[], Any]] = {
    "makers may vote": lambda: mock.patch.object(seats, "conflict", return_value=""),
    "a maker's deputy may vote": lambda: mock.patch.object(seats, "conflict", _only_the_voter),
    "votes outlive an edit": lambda: mock.patch.object(voting, "_back", lambda case: case),
    "a vote is for any content": _any_content_and_kept,
    "a stop does not hold": lambda: mock.patch.object(sending, "_not_halted", return_value=None),
    "one lifts a stop": lambda: mock.patch.object(sending, "LIFTS", 1),
    "who left still counts": lambda: mock.patch.object(seats, "_may_still", return_value=True),
    "one may vote twice": lambda: mock.patch.multiple(voting, _once=mock.DEFAULT, standing=_all_votes, decided=_counted),
    "privacy is not needed": lambda: mock.patch.object(seats, "holds_privacy", return_value=True),
    "the content is not compared": lambda: mock.patch.object(sending, "_unchanged", return_value=None),
}


@contextmanager
def seeded(bug: str) -> Iterator[None]:
    """The rules with one guard less."""
    with BUGS[bug]():
        yield
