"""Profit and return on spend belong to the sales they stand beside, and are told only where margin and cost are known."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.errors import InputError
from netlift.measurement import measure
from netlift.measurement.past import Campaign
from netlift.measurement.profit import NO_MARGIN, Spend, doubts, profit
from netlift.records import Estimate, Measurement, Tables
from netlift.settings import Settings
from tests.measurement import by_hand
from tests.measurement.worlds import canonical

DAYS, N, HELD = 200, 300, 100
START = datetime(2024, 1, 1)  # noqa: DTZ001 - local time without a zone, as in the tables
TABLES = canonical(transactions="", campaigns="contact_cost channel", contacted="arm contacted_at")
STAMP = pa.timestamp("us")


def settings(**response: float) -> Settings:
    return Settings.model_validate(
        {
            "project": {"name": "Shop", "currency": "USD"},
            "tables": {"transactions": {"path": "transactions.csv"}},
            "response": {"contact_cost": 0.5, "revenue": 9.0, **response},
            "channels": {"letter": {"sender": "Shop <shop@example.com>"}},
            "allocation": {"contact_cost": {"letter": 0.8}},
        }
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two campaigns of ten days, one told to cost 0.3 a contact and one by letter; 100 of 300 customers held out; 25 % more sales."""
    random = np.random.default_rng(8)
    amounts = random.gamma(2, 5, (N, DAYS))
    for first in (80, 130):
        amounts[HELD:, first : first + 10] *= 1.25
    ids = [f"C{i}" for i in range(N)]
    stamps = np.array([START + timedelta(days=d, hours=12) for d in range(DAYS)], dtype="datetime64[us]")
    with Engine() as made:
        made.register(
            "transactions",
            pa.table(
                {
                    "customer_id": pa.array(np.repeat(ids, DAYS).tolist()),
                    "local_timestamp": pa.array(np.tile(stamps, N), STAMP),
                    "amount": amounts.ravel(),
                }
            ),
        )
        plan(made, 0.3)
        rows = [(c, ids[i], "control" if i < HELD else "treated") for c in ("1", "2") for i in range(N)]
        sent = [START + timedelta(days=80 if c == "1" else 130, hours=9) for c, _, _ in rows]
        sent[-1] += timedelta(days=3)
        campaign, customer, arm = (list(column) for column in zip(*rows, strict=True))
        made.register(
            "contacted",
            pa.table({"campaign_id": campaign, "customer_id": customer, "arm": arm, "contacted_at": pa.array(sent, STAMP)}),
        )
        yield made


def plan(engine: Engine, cost: float | None) -> None:
    engine.register(
        "campaigns",
        pa.table(
            {
                "campaign_id": ["1", "2"],
                "start_date": pa.array([START + timedelta(days=80), START + timedelta(days=130)], STAMP),
                "end_date": pa.array([START + timedelta(days=89), START + timedelta(days=139)], STAMP),
                "contact_cost": pa.array([cost, None], pa.float64()),
                "channel": [None, "letter"],
            }
        ),
    )


def one(measured: Measurement, estimator: str, scope: str) -> Estimate:
    return next(e for e in measured.estimates if (e.estimator, e.scope) == (estimator, scope))


def told(engine: Engine, tables: Tables = TABLES, **response: float) -> Measurement:
    return measure(settings(**response), engine, tables)


@pytest.mark.parametrize(("scope", "spent"), [("1", 200 * 0.3), ("2", 200 * 0.8), ("any", 200 * 1.1)])
def test_profit_is_margin_times_sales_less_contacts_times_cost(engine: Engine, scope: str, spent: float) -> None:
    """The campaign's own cost, else its channel's; held-out customers cost nothing; point and both ends alike."""
    found = told(engine, margin=0.4)
    for estimator in ("did_not_in_campaign", "before_after", "holdout_did", "ar1_gls"):
        e = one(found, estimator, scope)
        ends = ((e.incremental_sales, e.incremental_profit, e.return_on_spend), (e.incremental_low, e.profit_low, e.return_low))
        for sales, earned, back in (*ends, (e.incremental_high, e.profit_high, e.return_high)):
            assert earned == pytest.approx(0.4 * (sales or 0) - spent)
            assert back == pytest.approx((earned or 0) / spent)


def test_the_best_is_the_randomised_one(engine: Engine) -> None:
    """A holdout drawn by lot is believed before all others, the sentence says what it earned, and asks for no further holdout."""
    found = told(engine, margin=0.4)
    assert found.best == one(found, "holdout_did", "any")
    assert found.best.evidence == "randomised"
    assert (found.best.low or 0) < 0.25 < (found.best.high or 0)
    assert "The holdout was drawn at random: the campaigns raised sales." in found.sentence
    assert "After margin and the contacts' cost that is +" in found.sentence
    assert "is needed" not in found.sentence
    assert not any("not drawn at random" in w for w in found.best.warnings)


def test_without_a_margin_there_is_no_profit(engine: Engine) -> None:
    """Sales are told, profit is not, and why."""
    found = one(told(engine), "did_not_in_campaign", "any")
    assert found.incremental_sales is not None
    assert (found.incremental_profit, found.profit_low, found.return_on_spend) == (None, None, None)
    assert NO_MARGIN in found.warnings


def test_a_negative_cost_is_refused(engine: Engine) -> None:
    """Named with the campaign and the value."""
    plan(engine, -1.0)
    try:
        with pytest.raises(InputError, match=r"^Campaign '1' has a contact_cost of -1; a cost cannot be below 0, correct it\.$"):
            told(engine, margin=0.4)
    finally:
        plan(engine, 0.3)


def test_late_contacts_and_refunds_are_said(engine: Engine) -> None:
    """One of 400 contacts came three days into its campaign; there are no refunds until one is made."""
    late = "1 of 400 contacts came after their campaign's first day, 0 of them after its last: sales before the contact count as"
    found = one(told(engine), "did_not_in_campaign", "any").warnings
    assert f"{late} the campaign's." in found
    assert not any("refunds" in w for w in found)


def test_refunds_are_counted(engine: Engine) -> None:
    """A refund is told with its share of sales, beside every estimate."""
    (sold,) = engine.rows("SELECT sum(amount) FROM transactions")[0]
    before = engine.arrow("SELECT * FROM transactions")
    back = pa.table({"customer_id": ["C0"], "local_timestamp": pa.array([START], STAMP), "amount": [-sold / 100]})
    engine.register("transactions", pa.concat_tables([before, back]))
    try:
        found = told(engine)
    finally:
        engine.register("transactions", before)
    assert all("1 refunds (1.0 % of sales) are taken off on the day they were made." in e.warnings for e in found.estimates)


def test_contacts_without_cost_have_no_return() -> None:
    """Nothing spent is no denominator."""
    found = profit(Spend(0.5, {"c": 0.0}), 10.0, ("c",))
    assert found is not None
    assert (found.profit, found.on_spend) == (5.0, None)
    assert profit(Spend(0.5, {"c": 1.0}), None, ("c",)) is None


def test_a_campaign_outside_the_data_has_no_profit() -> None:
    """Cost of all its days, sales of some: two accountings that must not meet."""
    past = by_hand.past(50, Campaign("c", None, 40, 60), Campaign("d", None, 10, 20))
    (why,) = doubts(Spend(0.5, {"c": 1.0}), past, past.campaigns)
    assert why.startswith("The incremental profit cannot be told, because campaign c ran partly outside the days of the data")
    assert doubts(Spend(0.5, {}), past, past.campaigns[1:]) == ()
