"""Limits of a wave: the best earners stay, tests get the rest, and nothing is ever overspent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.offers.budgeting import TOO_LOW, USED_UP
from netlift.records import Allocated, Choice
from tests.offers.conftest import SMTP, Case, consents, insight_of, made_features, made_outcome, made_segmentation

ANSWERS = {1: 35, 2: 25, 3: 11, 4: 1}  # of 40 contacts by segment: two to keep, one undecided, one to leave alone


def people(engine: Engine, segment: list[int], *, channels: tuple[str, ...] = ("email",)) -> Case:
    """Customers who may all be contacted on every channel at 3 each; an answer brings 11."""
    ids = [f"{i:03}" for i in range(len(segment))]
    outcome = made_outcome([40] * len(ids), [ANSWERS[s] for s in segment])
    case = Case(
        engine, made_features(ids, outcome=outcome), made_segmentation(segment), insight_of(dict.fromkeys(sorted(set(segment)), "x"))
    )
    case.sections |= {
        "offers": [{"name": "Old", "current": True, "channels": list(channels)}],
        "response": {"contact_cost": 3, "revenue": 11},
        "channels": dict.fromkeys(channels, SMTP),
    }
    case.tables["contacts"] = pa.table({"customer_id": ids, "email": [f"{i}@example.com" for i in ids]})
    case.tables["consents"] = consents([{"customer_id": i, "channel": c, "source": f"{c} form"} for i in ids for c in channels])
    return case


def limited(case: Case, **limits: Any) -> tuple[Choice, Allocated]:
    case.sections["allocation"] = limits
    choice = case.choose()
    assert choice.allocated is not None
    return choice, choice.allocated


def reasons(choice: Choice) -> dict[str, int]:
    names, counts = np.unique([r or "contacted" for r in choice.excluded_reason], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def test_without_limits_nothing_changes(engine: Engine) -> None:
    """An empty [allocation] contacts whom the advice names, earns all that can be earned, and nothing is scarce."""
    case = people(engine, [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4)
    before = case.choose()
    choice, told = limited(case)
    assert before.allocated is None
    for name in ("offer", "channel", "excluded_reason", "consent"):
        assert getattr(choice, name).tolist() == getattr(before, name).tolist()
    assert choice.expected_profit.tolist() == pytest.approx(before.expected_profit.tolist())
    assert (told.contacts, told.tests, told.spent, told.gap, told.limits, told.used_up) == (8, 4, 36.0, 0.0, (), 0)
    assert told.profit == pytest.approx(before.expected_profit[:8].sum())


def test_a_budget_goes_to_those_who_earn_most(engine: Engine) -> None:
    """12 for contacts at 3: all three of the best segment and one of the next; one more unit would earn what the next one does."""
    case = people(engine, [2] * 3 + [1] * 3 + [3] * 3)
    choice, told = limited(case, budget=12.0)
    assert [r is None for r in choice.excluded_reason[3:6]] == [True] * 3
    assert sum(r is None for r in choice.excluded_reason[:3]) == 1
    assert reasons(choice) == {"contacted": 4, USED_UP: 5}
    assert (told.contacts, told.tests, told.spent, told.used_up) == (4, 0, 12.0, 5)
    each = choice.recommendations[1].expected_profit_per_contact  # of segment 2
    (budget,) = told.limits
    assert each is not None
    assert (budget.name, budget.most, budget.used) == ("budget", 12.0, 12.0)
    assert budget.price == pytest.approx(each / 3, rel=0.01)
    assert told.profit <= told.bound
    assert told.gap < 0.001
    assert f"One more USD of budget would earn {each / 3:.2f} USD." in told.sentence


def test_who_does_not_fit_on_one_channel_gets_the_other(engine: Engine) -> None:
    """Two by e-mail at 0.10, the others by letter at 2, with the letter's own proof of consent and profit."""
    case = people(engine, [1] * 5, channels=("email", "letter"))
    choice, told = limited(case, capacity={"email": 2}, contact_cost={"email": 0.1, "letter": 2.0})
    assert sorted(choice.channel) == ["email"] * 2 + ["letter"] * 3
    by_letter = choice.channel == "letter"
    assert set(choice.consent[by_letter]) == {"letter form, 2024-03-01"}
    assert choice.expected_profit[~by_letter].min() - choice.expected_profit[by_letter].max() == pytest.approx(1.9)
    assert told.spent == pytest.approx(2 * 0.1 + 3 * 2.0)
    assert told.limits[0].price == pytest.approx(1.9, rel=0.01)
    assert "One more contact by email would earn 1.90 USD." in told.sentence


def test_a_better_paid_rival_offer_is_used_where_only_it_reaches(engine: Engine) -> None:
    """Who consented to letters only is out of reach for the kept offer by e-mail, and gets the other one by letter."""
    case = people(engine, [1] * 5)
    both = made_outcome([[40, 40]] * 5, [[35, 30]] * 5, names=("Old", "Other"))
    case.features = made_features([f"{i:03}" for i in range(5)], outcome=both)
    case.sections["offers"] = [{"name": "Old", "channels": ["email"]}, {"name": "Other", "channels": ["letter"]}]
    case.sections["channels"] = {"email": SMTP, "letter": SMTP}
    case.tables["consents"] = consents([{"customer_id": f"{i:03}", "channel": "letter" if i == 4 else "email"} for i in range(5)])
    assert reasons(case.choose()) == {"contacted": 4, "no consent for email": 1}
    choice, _ = limited(case)
    assert list(zip(choice.offer, choice.channel, strict=True)) == [("Old", "email")] * 4 + [("Other", "letter")]


def test_who_earns_too_little_is_left_alone(engine: Engine) -> None:
    """A minimum profit, and the low end of the interval as the judge, keep out whom the mean alone would contact."""
    case = people(engine, [1] * 3 + [2] * 3)
    best, next_best = (r.expected_profit_per_contact for r in case.choose().recommendations)
    assert best is not None
    assert next_best is not None
    choice, told = limited(case, minimum_profit=(best + next_best) / 2)
    assert reasons(choice) == {"contacted": 3, TOO_LOW: 3}
    assert (told.too_low, told.used_up) == (3, 0)
    dear = {"email": 3 + next_best - 0.01}  # the mean of segment 2 still pays by a cent, its lower bound does not
    assert reasons(limited(case, contact_cost=dear)[0]) == {"contacted": 6}
    assert reasons(limited(case, contact_cost=dear, judged_by="lower bound")[0]) == {"contacted": 3, TOO_LOW: 3}


def test_tests_get_what_campaigns_leave_by_lot(engine: Engine) -> None:
    """Of 40 to test, 10 are paid for by what the campaign leaves; not simply the first ones, and the same ones each time."""
    case = people(engine, [1] * 5 + [3] * 40)
    choice, told = limited(case, budget=45.0)
    tested = np.flatnonzero(choice.channel[5:] == "email")
    assert (told.contacts, told.tests, told.spent) == (5, 10, 45.0)
    assert tested.tolist() != list(range(10))
    assert limited(case, budget=45.0)[0].excluded_reason.tolist() == choice.excluded_reason.tolist()
    assert "The test costs at most 30.00 USD (10 of 40 customers can be contacted" in choice.recommendations[1].why
    assert "Tests get 10 contacts from what is left, by lot." in told.sentence
    by_capacity = limited(case, capacity={"email": 15})[1]
    assert (by_capacity.contacts, by_capacity.tests, by_capacity.limits[0].used) == (5, 10, 15)


def test_who_objected_or_was_contacted_enough_is_never_allocated(engine: Engine) -> None:
    """The best customers of all, with means to spare: one objected, one has reached the cap; both keep that reason."""
    case = people(engine, [1] * 4)
    case.suppressed = frozenset({"000"})
    moments = pa.array([datetime(2024, 6, 28)] * 5, pa.timestamp("us"))  # noqa: DTZ001 - naive, as in the tables
    case.tables["contacted"] = pa.table({"campaign_id": ["1"] * 5, "customer_id": ["001"] * 5, "contacted_at": moments})
    choice, told = limited(case, budget=100.0)
    assert choice.excluded_reason.tolist() == ["suppressed", "contact cap 7 days", None, None]
    assert told.contacts == 2


def test_nothing_to_spend_contacts_nobody(engine: Engine) -> None:
    """A budget or capacity of 0 leaves everybody out, and the sentence says that nothing is earned."""
    case = people(engine, [1] * 3 + [3] * 3)
    for limits in ({"budget": 0.0}, {"capacity": {"email": 0}}):
        choice, told = limited(case, **limits)
        assert reasons(choice) == {USED_UP: 6}
        assert told.sentence.startswith("No contact is expected to earn money within the limits.")
        assert (told.profit, told.spent) == (0.0, 0.0)


def test_nothing_known_leaves_only_tests(engine: Engine) -> None:
    """Without past answers no profit is made up: all contacts are tests."""
    case = people(engine, [1] * 6)
    case.features = made_features([f"{i:03}" for i in range(6)])
    _, told = limited(case, budget=9.0)
    assert (told.contacts, told.tests, told.profit, told.bound, told.gap) == (0, 3, 0.0, 0.0, 0.0)


@given(
    segment=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    budget=st.none() | st.floats(0, 60),
    capacity=st.dictionaries(st.sampled_from(["email", "letter"]), st.integers(0, 12)),
    costs=st.dictionaries(st.sampled_from(["email", "letter"]), st.floats(0, 9)),
    judged_by=st.sampled_from(["mean", "lower bound"]),
    minimum_profit=st.floats(0, 8),
)
@example(segment=[1], budget=0.0, capacity={}, costs={"email": 8e-129}, judged_by="mean", minimum_profit=0.0)
@example(segment=[1], budget=0.0, capacity={}, costs={"email": 2e-9}, judged_by="mean", minimum_profit=0.0)
@settings(max_examples=40, deadline=None)
def test_limits_are_kept_and_nobody_is_added(segment: list[int], budget: float | None, capacity: Any, costs: Any, **rules: Any) -> None:
    """Whatever the limits, they hold, figures add up, profit is not above its bound, and who is to be left alone stays so."""
    with Engine() as engine:
        case = people(engine, segment, channels=("email", "letter"))
        before = case.choose()
        choice, told = limited(case, budget=budget, capacity=capacity, contact_cost=costs, **rules)
    contacted = np.array([r is None for r in choice.excluded_reason])
    assert (choice.excluded_reason[np.array(segment) == 4] == before.excluded_reason[np.array(segment) == 4]).all()
    assert [o is not None for o in choice.offer] == [c is not None for c in choice.channel] == contacted.tolist()
    spent = sum(costs.get(c, 3) for c in choice.channel[contacted])
    assert told.spent == pytest.approx(spent)
    assert budget is None or spent <= budget + 1e-6
    assert all((choice.channel == c).sum() <= most for c, most in capacity.items())
    assert told.contacts + told.tests == contacted.sum()
    assert told.profit <= told.bound + 1e-9
    kept = contacted & np.isin(segment, [r.segment for r in choice.recommendations if r.action == "keep"])
    assert told.profit == pytest.approx(choice.expected_profit[kept].sum())
    assert (choice.expected_profit[kept] > rules["minimum_profit"]).all()
