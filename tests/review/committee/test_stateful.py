"""Long random histories of a plan."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.review.committee.worlds import BUGS, OF_TIME, STEPS, check_always, seeded, step, world

ALL = {**STEPS, **OF_TIME}
USUAL = {
    "draft": ("ada submits",),
    "changes_requested": ("ada edits", "ada submits"),
    "in_review": ("pia approves",),
    "approved": ("olga starts",),
    "scheduled": ("an hour passes", "the time has come"),
    "paused": ("rita agrees", "olga resumes"),
    "stopped": ("ada resubmits",),
    "expired": ("ada reopens",),
}


class History(RuleBasedStateMachine):
    """Anything that anybody may try, in any order, with time passing and people tampering."""

    @initialize(heightened=st.booleans())
    def begin(self, heightened: bool) -> None:  # noqa: FBT001
        """A fresh draft."""
        self.world = world(heightened=heightened)

    @rule(name=st.sampled_from(sorted(ALL)))
    def happens(self, name: str) -> None:
        """One more event, allowed or not."""
        self.world, _ = step(self.world, name, ALL)

    @rule(edits=st.booleans(), first=st.sampled_from(["rita approves", "dora approves for ray", "dora approves for ed"]))
    def goes_on(self, edits: bool, first: str) -> None:  # noqa: FBT001
        """The usual next thing: histories that only stumble about never come to the sending."""
        state = self.world.case.state
        before = ["ed edits"] if edits and state == "draft" else [first] if state == "in_review" else []
        for name in (*before, *USUAL.get(state, ())):
            self.world, _ = step(self.world, name, ALL)

    @invariant()
    def holds(self) -> None:
        """What must hold in every state."""
        if hasattr(self, "world"):
            check_always(self.world)


def _run(examples: int, *, derandomize: bool = False) -> None:
    how = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=derandomize,
        phases=[Phase.generate] if derandomize else list(Phase),
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(History, settings=how)


def test_two_thousand_histories() -> None:
    """2,000 histories of 50 events: the witness has nothing to object to."""
    _run(2_000)


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_seeded_bugs_are_found_here_too(bug: str) -> None:
    """The same histories find a guard that is dropped on purpose."""
    with seeded(bug), pytest.raises(AssertionError):
        _run(2_000, derandomize=True)
