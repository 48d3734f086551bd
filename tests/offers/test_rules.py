"""The rule: each action from the obvious case, and what no input may ever turn around."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.offers.evidence import Evidence, evidence
from netlift.offers.rules import Decision, decide
from netlift.offers.worth import Standing
from netlift.settings import OfferSettings
from tests.offers.conftest import made_outcome

STANDINGS = st.sampled_from(["above", "average", "below", "unknown"])


def tried(offer: str, low: float, high: float) -> Evidence:
    return Evidence(offer, 100, 10, (low + high) / 2, low, high, "enough", 1.0, 10.0)


LOSS, OPEN, GAIN = tried("Old", -2, -1), tried("Old", -1, 1), tried("Old", 0.1, 2)


@pytest.mark.parametrize(
    ("known", "untried", "standing", "action", "offers"),
    [
        ([GAIN], ["New"], "below", "keep", ("Old",)),
        ([LOSS], ["New"], "above", "new_offer", ("New",)),
        ([LOSS], ["New"], "average", "ab_test", ("Old", "New")),
        ([LOSS], ["New"], "below", "do_not_target", ()),
        ([LOSS], ["New"], "unknown", "do_not_target", ()),
        ([LOSS], [], "above", "do_not_target", ()),
        ([OPEN], ["New"], "below", "ab_test", ("Old", "New")),
        ([OPEN], [], "below", "ab_test", ("Old",)),
        ([tried("A", -1, 1), tried("B", -2, 3)], ["New"], "average", "ab_test", ("B", "A")),
        ([tried("A", -1, -0.5), tried("B", -2, 3)], [], "average", "ab_test", ("B",)),
        ([], ["New", "Newer", "Newest"], "average", "ab_test", ("New", "Newer")),
        ([], [], "average", "ab_test", ()),
    ],
)
def test_the_rule(known: list[Evidence], untried: list[str], standing: Standing, action: str, offers: tuple[str, ...]) -> None:
    """Intervals and worth decide, in this order: gain, open, loss of good, of usual, of other customers."""
    decision = decide(known, untried, bought={}, standing=standing)
    assert (decision.action, decision.offers) == (action, offers)


def test_a_new_offer_is_far_from_what_they_buy_and_a_test_is_near() -> None:
    """Good customers who do not answer get what they buy least; an A/B test tries what they buy most."""
    bought = {"Bread": 20.0, "Wine": 90.0}
    assert decide([LOSS], ["Wine", "Bread"], bought=bought, standing="above").offers == ("Bread",)
    assert decide([LOSS], ["Bread", "Wine"], bought=bought, standing="average").offers == ("Old", "Wine")


def test_the_fallback_is_an_untried_offer_else_the_best_tried() -> None:
    """Who still wants to contact a losing segment is told what to try."""
    assert decide([LOSS], ["New"], bought={}, standing="below").fallback == "New"
    assert decide([LOSS], [], bought={}, standing="below").fallback == "Old"


def at_cost(cost: float, contacts: int, answers: int, *, standing: Standing, untried: list[str]) -> Decision:
    outcome = made_outcome(np.ones(contacts), np.arange(contacts) < answers, cost=cost)
    known = evidence([OfferSettings(name="Old")], outcome, np.zeros(contacts, dtype=np.int64))[0]
    return decide(known, untried, bought={}, standing=standing)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(0, 12), st.floats(0, 12), STANDINGS, st.integers(0, 1))
@settings(max_examples=150, deadline=None)
def test_a_higher_cost_never_makes_contacting_better(
    contacts: int, share: float, cost: float, more: float, standing: Standing, new: int
) -> None:
    """Raising the cost never leads to keep, and never from a proven loss back to an open question."""
    low, high = (at_cost(c, contacts, int(share * contacts), standing=standing, untried=["New"] * new) for c in (cost, cost + more))
    assert not (low.action != "keep" and high.action == "keep")
    assert not (low.action == "do_not_target" and high.action != "do_not_target")
    assert low.evidence is not None
    assert high.evidence is not None
    assert high.evidence.profit <= low.evidence.profit


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 5)), max_size=4), st.integers(0, 3), STANDINGS)
@settings(max_examples=200, deadline=None)
def test_no_advice_without_its_reason(known: list[tuple[float, float]], new: int, standing: Standing) -> None:
    """Keep only above zero, give up only below zero, and never name an offer that is not there."""
    evidence_ = sorted((tried(f"T{i}", low, low + width) for i, (low, width) in enumerate(known)), key=lambda e: -e.low)
    untried = [f"N{i}" for i in range(new)]
    decision = decide(evidence_, untried, bought={}, standing=standing)
    assert set(decision.offers) <= {e.offer for e in evidence_} | set(untried)
    assert len(set(decision.offers)) == len(decision.offers) <= 2
    if decision.action == "keep":
        assert max(e.low for e in evidence_) > 0
    if decision.action == "do_not_target":
        assert all(e.high < 0 for e in evidence_)
    if decision.action == "new_offer":
        assert set(decision.offers) <= set(untried)
