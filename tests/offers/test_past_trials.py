"""Past campaigns with customers held out: effects of known truth, arms that were no lot, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.offers.choice import NOT_WORTH
from netlift.records import Accounting, BookedCampaign, Choice, Feature, Features, Outcome
from tests.offers.conftest import SMTP, Case, consents, insight_of, made_features, made_segmentation

N = 6000
START, END, DURING = datetime(2024, 7, 10), datetime(2024, 7, 20), datetime(2024, 7, 12)  # noqa: DTZ001
COST = 2.0


def world(engine: Engine, *, moved: float = 20.0, drawn: Any = None, seed: int = 1, sales: bool = True, until: datetime = END) -> Case:
    """A mailing at 2 that held half out at random; a contact makes a customer buy for moved (0.4 + x / 2) more."""
    rng = np.random.default_rng(seed)
    ids = [f"{i:05}" for i in range(N)]
    X = rng.normal(size=(N, 3))
    held = rng.random(N) < 0.5 if drawn is None else drawn(X, rng)
    bought = 30 + 5 * X[:, 1] + rng.normal(0, 6, N) + np.where(~held, moved * (0.4 + X[:, 0] / 2), 0.0)
    answered = (~held & (rng.random(N) < 0.5)).astype(np.int64)[:, None]
    booked = BookedCampaign("c1", "Old", None, int((~held).sum()), int(answered.sum()), COST * float((~held).sum()), 0.0, "", "")
    books = Accounting("past", COST, 11.0, "USD", (booked,))
    outcome = Outcome(books, ("Old",), (~held).astype(np.int64)[:, None], answered)
    kinds = tuple(Feature(name, "points", name, "attribute", "none") for name in "abc")
    features: Features = replace(made_features(ids, outcome=outcome), features=kinds, values=X)
    case = Case(engine, features, made_segmentation([1] * N), insight_of({1: "all"}))
    case.sections = {
        "offers": [{"name": "Old"}],
        "response": {"contact_cost": COST, "revenue": 11.0, "margin": 1.0},
        "channels": {"email": SMTP},
    }
    case.tables["contacts"] = pa.table({"customer_id": ids, "email": [f"{i}@example.com" for i in ids]})
    case.tables["consents"] = consents([{"customer_id": i} for i in ids])
    case.tables["campaigns"] = pa.table({"campaign_id": ["c1"], "start_date": [START], "end_date": [END], "offer": ["Old"]})
    arms = np.where(held, "Control group", "mailed").tolist()
    case.tables["contacted"] = pa.table({"campaign_id": ["c1"] * N, "customer_id": ids, "arm": arms})
    answers = [i for i, a in zip(ids, answered[:, 0], strict=True) if a]
    case.tables["responses"] = pa.table({"campaign_id": ["c1"] * len(answers), "customer_id": answers})
    if sales:
        rows = {"customer_id": [*ids, "somebody else"], "local_timestamp": [*[DURING] * N, until], "amount": [*bought, 0.0]}
        case.tables["transactions"] = pa.table(rows)
    return case


def reasons(choice: Choice) -> dict[str | None, int]:
    names, counts = np.unique([r or "contacted" for r in choice.excluded_reason], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def test_a_known_effect_is_told_and_decides_one_by_one(engine: Engine) -> None:
    """+8 + 10 x at a cost of 2: +6 per contact, a Qini above chance, and those with x above -0.6 are contacted."""
    case = world(engine)
    choice = case.choose()
    (found,) = choice.effects
    assert (found.campaign, found.of, found.contacted + found.held_out) == ("c1", "sales on its days", N)
    assert found.low < 6 < found.high
    assert found.high - found.low < 2
    assert found.qini_low > 0
    assert found.by_lot
    assert found.personalise
    contacted = np.array([r is None for r in choice.excluded_reason])
    moved = case.features.values[:, 0] > -0.6
    assert (contacted == moved).mean() > 0.95
    assert reasons(choice) == {"contacted": contacted.sum(), NOT_WORTH: (~contacted).sum()}


def test_a_budget_does_not_bring_them_back(engine: Engine) -> None:
    """With limits that let everybody be contacted, those whom a contact does not move stay out."""
    case = world(engine)
    before = reasons(case.choose())
    case.sections["allocation"] = {"budget": 10 * COST * N}
    assert reasons(case.choose()) == before


def test_no_effect_is_said_and_nobody_is_chosen_by_it(engine: Engine) -> None:
    """Where a contact moves nobody, its loss is told before all else and believed rather than the answers: nobody is contacted."""
    choice = world(engine, moved=0.0).choose()
    (found,) = choice.effects
    assert found.high < 0
    assert not found.personalise
    assert "no uplift found" in found.sentence
    assert choice.warnings[0].startswith("'Old' lost money in campaign 'c1' against ")
    (advice,) = choice.recommendations
    assert advice.action != "keep"
    assert advice.expected_profit_per_contact == pytest.approx(found.effect)
    assert f"against {found.held_out:,} customers held out at random it brought" in advice.why
    assert "contacted" not in reasons(choice)


def test_arms_that_were_chosen_are_no_lot(engine: Engine) -> None:
    """Holding out those who buy little looks like a large effect: the arms differ beforehand, so nothing is concluded."""
    choice = world(engine, moved=0.0, drawn=lambda X, rng: X[:, 1] + rng.normal(size=N) < 0).choose()
    (found,) = choice.effects
    assert not found.by_lot
    assert not found.personalise
    assert found.sentence.startswith("Nothing can be said")
    assert "differ before the campaign more than one lot for all would let them" in found.warnings[0]
    assert not any("lost money" in w for w in choice.warnings)


def test_answers_that_only_the_contacted_can_give_tell_nothing(engine: Engine) -> None:
    """Without transactions, and with no answer among those held out, no effect is made up."""
    choice = world(engine, sales=False).choose()
    assert choice.effects == ()
    assert any("no customer held out has an answer" in w for w in choice.warnings)


def test_campaigns_of_the_time_of_the_features_are_not_used(engine: Engine) -> None:
    """Where the features may know the answers, there is no effect to tell."""
    case = world(engine)
    assert case.features.outcome is not None
    case.features = replace(case.features, outcome=replace(case.features.outcome, overlaps=True))
    assert case.choose().effects == ()


def test_a_customer_in_two_arms_is_left_out_and_told(engine: Engine) -> None:
    """Ten customers are both mailed and held out: they count in neither arm."""
    case = world(engine)
    rows = case.tables["contacted"].slice(0, 10).to_pydict()
    other = ["mailed" if a == "Control group" else "holdout" for a in rows["arm"]]
    case.tables["contacted"] = pa.concat_tables([case.tables["contacted"], pa.table({**rows, "arm": other})])
    (found,) = case.choose().effects
    assert found.contacted + found.held_out == N - 10
    assert "10 customers were both held out and contacted, and were left out." in found.warnings


@pytest.mark.parametrize("seed", range(3))
def test_true_lots_are_believed(engine: Engine, seed: int) -> None:
    """Arms drawn at random pass the test of balance."""
    (found,) = world(engine, seed=10 + seed).choose().effects
    assert found.by_lot


def test_a_campaign_that_is_not_over_tells_nothing(engine: Engine) -> None:
    """Sales are known until 12 July and the campaign runs until the 20th: said, and no effect."""
    choice = world(engine, until=DURING).choose()
    assert choice.effects == ()
    assert any("it ends on 2024-07-20 and sales are known until 2024-07-12" in w for w in choice.warnings)


def test_rare_large_amounts_in_a_small_group_have_no_interval(engine: Engine) -> None:
    """A holdout of 4 % and one buyer in twenty: the normal interval would lie, so none is told and nothing is lost or decided."""
    case = world(engine, moved=0.0, drawn=lambda X, rng: rng.random(len(X)) < 0.04)
    rng = np.random.default_rng(0)
    amounts = np.where(rng.random(N) < 0.05, rng.lognormal(3, 1.2, N), 0.0)
    rows = case.tables["transactions"].to_pydict()
    case.tables["transactions"] = pa.table({**rows, "amount": np.append(amounts, 0.0)})
    choice = case.choose()
    (found,) = choice.effects
    assert np.isnan(found.low)
    assert not found.lost
    assert found.sentence == "Whether contacts paid cannot be told: hold out a larger share next time."
    assert "too unequal for so few large amounts" in found.warnings[0]


def test_answers_are_worth_what_those_of_their_campaign_brought(engine: Engine) -> None:
    """Without transactions: 20 points more answers at 5 each and a cost of 2 lose 1, whatever other campaigns' answers bring."""
    case = world(engine, sales=False)
    rng = np.random.default_rng(4)
    held = np.array(case.tables["contacted"]["arm"].to_pylist()) == "Control group"
    answered = rng.random(N) < np.where(held, 0.3, 0.5)
    ids = case.features.customer_ids
    case.tables["responses"] = pa.table({"campaign_id": ["c1"] * int(answered.sum()), "customer_id": ids[answered].tolist()})
    outcome = case.features.outcome
    assert outcome is not None
    (booked,) = outcome.accounting.campaigns
    rich = replace(booked, campaign="c0", earned=1e6, responses=100)
    books = replace(outcome.accounting, campaigns=(replace(booked, responses=1000, earned=5000.0), rich), revenue=900.0)
    case.features = replace(case.features, outcome=replace(outcome, accounting=books))
    (found,) = case.choose().effects
    assert found.low < 0.2 * 5 - COST < found.high
    assert found.high - found.low < 0.5


def test_customers_unlike_those_of_the_campaign_are_not_decided_about(engine: Engine) -> None:
    """Only customers with b above 0.3 were in the campaign: the others stay contacted, and it is said."""
    case = world(engine)
    inside = case.features.values[:, 1] > 0.3
    case.tables["contacted"] = case.tables["contacted"].filter(pa.array(inside))
    choice = case.choose()
    assert choice.effects[0].personalise
    contacted = np.array([r is None for r in choice.excluded_reason])
    assert contacted[~inside].all()
    assert 0.5 < contacted[inside].mean() < 0.9
    assert any(f"{(~inside).sum():,} customers were not in campaign 'c1'" in w for w in choice.warnings)


def test_a_dearer_or_cheaper_contact_is_decided_by_its_own_cost(engine: Engine) -> None:
    """E-mail now costs 12 instead of 2: only customers whose effect is above 12 stay."""
    case = world(engine)
    case.sections["allocation"] = {"contact_cost": {"email": 12.0}}
    choice = case.choose()
    contacted = np.array([r is None for r in choice.excluded_reason])
    assert not contacted.any() or case.features.values[contacted, 0].min() > 0.2


def test_an_effect_that_decides_about_nobody_is_said(engine: Engine) -> None:
    """No offer is named like the campaign's, and none is current."""
    case = world(engine)
    case.sections["offers"] = [{"name": "Other"}]
    assert any("No offer is named 'Old' like campaign 'c1'" in w for w in case.choose().warnings)


def test_arms_without_a_control_are_pointed_out(engine: Engine) -> None:
    """Arms 'a' and 'b': both count as contacted, and how to name a control is said."""
    case = world(engine)
    rows = case.tables["contacted"].to_pydict()
    arms = ["a" if x == "mailed" else "b" for x in rows["arm"]]
    case.tables["contacted"] = pa.table({**rows, "arm": arms})
    choice = case.choose()
    assert choice.effects == ()
    assert any(w.startswith("contacted.arm names 'a', 'b', and all of them count as contacted") for w in choice.warnings)


def test_spellings_of_arms_are_one_arm(engine: Engine) -> None:
    """'Mailed', ' MAILED' and nothing are the customers who were not held out."""
    case = world(engine)
    before = case.choose().effects[0]
    rows = case.tables["contacted"].to_pydict()
    other = ["Mailed", " MAILED", None]
    arms = [x if x != "mailed" else other[i % 3] for i, x in enumerate(rows["arm"])]
    case.tables["contacted"] = pa.table({**rows, "arm": arms})
    assert case.choose().effects[0] == before
