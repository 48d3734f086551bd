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


def world(engine: Engine, *, moved: float = 20.0, drawn: Any = None, seed: int = 1, sales: bool = True) -> Case:
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
        case.tables["transactions"] = pa.table({"customer_id": ids, "local_timestamp": [DURING] * N, "amount": bought})
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
    """Where a contact moves nobody, the loss of its cost is told before all else, and no one-by-one decision is taken."""
    choice = world(engine, moved=0.0).choose()
    (found,) = choice.effects
    assert found.high < 0
    assert not found.personalise
    assert "no uplift found" in found.sentence
    assert choice.warnings[0].startswith("'Old' lost money in campaign 'c1' against ")
    assert reasons(choice) == {"contacted": N}


def test_arms_that_were_chosen_are_no_lot(engine: Engine) -> None:
    """Holding out those who buy little looks like a large effect: the arms differ beforehand, so nothing is concluded."""
    choice = world(engine, moved=0.0, drawn=lambda X, rng: X[:, 1] + rng.normal(size=N) < 0).choose()
    (found,) = choice.effects
    assert not found.by_lot
    assert not found.personalise
    assert found.sentence.startswith("Nothing can be said")
    assert "not drawn at random" in found.warnings[0]
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
    assert "10 customers stand in two arms and were left out." in found.warnings


@pytest.mark.parametrize("seed", range(3))
def test_true_lots_are_believed(engine: Engine, seed: int) -> None:
    """Arms drawn at random pass the test of balance."""
    (found,) = world(engine, seed=10 + seed).choose().effects
    assert found.by_lot
