"""Every state that a small committee can bring a plan into."""

from __future__ import annotations

from collections import deque

import pytest

from tests.review.committee.worlds import BUGS, MOST_VERSIONS, OF_TIME, STEPS, TAMPERED, World, check_always, seeded, step, world

TERMINAL = {"rejected", "cancelled", "completed"}


def explored(*, heightened: bool, most: int = 10**9) -> tuple[int, int, set[str]]:
    """Number of states and of allowed steps, and the names of the states; each is checked."""
    first = world(heightened=heightened)
    seen, waiting, steps = {_key(first)}, deque([first]), 0
    names: set[str] = set()
    steps_that_are = {**STEPS, "somebody tampers": OF_TIME["somebody tampers"]}
    while waiting and len(seen) < most:
        here = waiting.popleft()
        names.add(here.case.state)
        moved = False
        for name in steps_that_are:
            there, allowed = step(here, name, steps_that_are)
            moved |= allowed and name not in {"rita leaves", "rita comes back", "somebody tampers"} and there.case.state != here.case.state
            steps += allowed
            if there.witness.content == TAMPERED and there.case.state != "approved":  # tampering is tried on approved plans only
                continue
            if _key(there) not in seen:
                check_always(there)
                seen.add(_key(there))
                waiting.append(there)
        everybody_there = here.people.people["rita"].active and here.witness.content < MOST_VERSIONS
        assert moved or not everybody_there or here.case.state in TERMINAL, f"stuck in {here.case.state}"
    return len(seen), steps, names


def _key(w: World) -> tuple[object, ...]:
    """What tells two worlds apart; not the time."""
    c = w.case
    pause = c.pause and (c.pause.automatic, c.pause.agreed)
    votes = frozenset((v.voter, v.seat, v.version) for v in c.votes)
    halt = c.halt and c.halt.lifted
    return (c.state, c.version, c.editors, votes, pause, halt, w.people.people["rita"].active, w.witness)


def test_no_state_is_wrong() -> None:
    """From a draft every reachable state is checked: nothing is sent that two others did not approve as it is, and nobody is stuck."""
    states, steps, names = explored(heightened=False)
    assert states > 2_000
    assert steps > 10_000
    assert names == {
        *("draft", "in_review", "changes_requested", "approved", "scheduled", "sending", "paused", "stopped"),
        *("completed", "rejected", "cancelled"),
    }


def test_no_state_is_wrong_on_the_heightened_track() -> None:
    """The same where the privacy office must be among those who approve."""
    assert explored(heightened=True)[0] > 2_000


@pytest.mark.parametrize("bug", BUGS)
def test_every_seeded_bug_is_found(bug: str) -> None:
    """A guard that is dropped on purpose leads to a state that the witness refuses."""
    with seeded(bug), pytest.raises(AssertionError):
        explored(heightened=bug == "privacy is not needed")
