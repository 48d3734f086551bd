"""The verb on whole cases: GetAllMart, everybody alike, no outcome, and every reason to leave somebody out."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.engine import Engine
from netlift.records import Choice
from tests.offers.conftest import Case, Grocer, insight_of, made_features, made_outcome, made_segmentation

OFFERS = [
    {"name": "Wine and meat", "current": True, "categories": ["MntWines", "MntMeatProducts"]},
    {"name": "Daily groceries"},
    {"name": "Fruit, fish, sweets", "categories": ["MntFruits", "MntFishProducts", "MntSweetProducts"]},
]


def chosen(grocer: Grocer, engine: Engine) -> Choice:
    response = np.asarray(grocer.table["Response"])
    outcome = made_outcome(np.ones_like(response), response, names=("last campaign",))
    case = Case(engine, made_features(grocer.table["customer_id"].to_pylist(), outcome=outcome), made_segmentation(grocer.segment))
    case.insight = insight_of({}, "The outcome was also an input of the segments.")
    case.tables["customers"] = grocer.table
    case.sections["offers"] = OFFERS
    return case.choose()


def test_getallmart_advice_is_the_documents(grocer: Grocer, engine: Engine) -> None:
    """The four segments of the document get its four answers, with its offers."""
    advice = chosen(grocer, engine).recommendations
    assert [(r.segment, r.action, r.offers) for r in advice] == [
        (1, "new_offer", ("Daily groceries",)),
        (2, "ab_test", ("Wine and meat", "Fruit, fish, sweets")),
        (3, "do_not_target", ()),
        (4, "keep", ("Wine and meat",)),
    ]
    assert "try 'Daily groceries' on a few" in advice[2].why


def test_getallmart_money_is_the_published_money(grocer: Grocer, engine: Engine) -> None:
    """Profit per contact is the note's within 0.10 USD, the most that shrinkage to the common rate moves it."""
    choice = chosen(grocer, engine)
    found = {r.segment: (r.expected_profit_per_contact, r.low, r.high) for r in choice.recommendations}
    assert found[1] == (None, None, None)  # the new offer was never tried
    for s, published in {2: (-1.06, -1.48, -0.65), 3: (-2.24, -2.40, -2.08), 4: (5.27, 4.48, 5.99)}.items():
        assert found[s] == pytest.approx(published, abs=0.13)
    assert "-1.97 USD per contact, 95 % interval -2.2" in choice.recommendations[0].why


def test_getallmart_says_that_the_tested_segments_lose_as_well(grocer: Grocer, engine: Engine) -> None:
    """Under the last campaign's accounting segments 1 and 2 lose too, and the outcome was an input: both are said."""
    choice = chosen(grocer, engine)
    assert choice.warnings[0].startswith("Segments 1 and 2 lose money as well with what was tried (last campaign: 11 USD per response")
    assert all("The outcome was also an input of the segments." in r.warnings for r in choice.recommendations)
    assert any("a hypothesis to test, not a finding" in w for w in choice.recommendations[0].warnings)
