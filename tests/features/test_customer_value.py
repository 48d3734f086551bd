"""Customers' value among the features: point in time, checked on days held back, refused where it foretells nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.features import customer_value
from netlift.records import Features
from tests.features.test_build import of, settings, tables

AS_OF = {"features": {"as_of": date(2018, 1, 1), "horizon": 90}}
START = np.datetime64("2017-01-01T12:00:00")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def sold(engine: Engine, *, n: int = 1500, seed: int = 3, alike: bool = False) -> str:
    """SQL for the purchases of n customers in 2017 who buy at different rates until they go; `alike`: at one rate, and nobody goes."""
    rng = np.random.default_rng(seed)
    customers, moments, amounts = [], [], []
    for i in range(n):
        rate, drop = (1 / 30, 0.0) if alike else (rng.gamma(0.8, 1 / 40), rng.beta(1, 4))
        day, mean = rng.uniform(0, 200), 20.0 / rng.gamma(4, 0.25)
        while day < 365:
            customers.append(f"c{i:04d}")
            moments.append(START + np.timedelta64(int(day * 86400), "s"))
            amounts.append(round(float(rng.gamma(6, mean / 6)), 2))
            day += rng.exponential(1 / rate)
            if rng.random() < drop:
                break
    engine.register("sold", pa.table({"c": customers, "t": np.array(moments, dtype="datetime64[us]"), "a": amounts}))
    return "SELECT c AS customer_id, t AS timestamp, local_time(t, 'America/New_York') AS local_timestamp, a AS amount FROM sold"


def build(engine: Engine, sales: str, **sections: Any) -> Features:
    engine.execute("DROP TABLE IF EXISTS transactions")
    return features.build(settings(**{**AS_OF, **sections}), engine, tables(engine, transactions=sales))


def test_every_buyer_has_a_value_with_an_interval_and_it_was_checked(engine: Engine) -> None:
    """Nobody who bought is blank; the forecast rises with past purchases as what came did; 95 % intervals held at least 93 %."""
    built = build(engine, sold(engine))
    assert built.forecast is not None
    f, check = built.forecast, built.forecast.check
    assert f.horizon == check.held_out == 90
    assert ((f.low <= f.spend) & (f.spend <= f.high)).all()
    assert [row.repeats for row in check.purchases] == ["0", "1", "2", "3", "4 or more"]
    for foretold in ([r.foretold for r in check.purchases], [r.came for r in check.purchases]):
        assert foretold == sorted(foretold)
    assert check.foretold == pytest.approx(check.came, rel=0.15)
    assert check.inside > 0.93
    assert set(built.sufficiency["spend"]) == {"prior-only", "shrunk", "enough"}


def test_forecasts_are_no_inputs_unless_named(engine: Engine) -> None:
    """They say again what recency, frequency and money say; the settings may ask for them."""
    sales = sold(engine)
    assert not any(name.startswith("expected") for name in build(engine, sales).inputs)
    named = build(engine, sales, features={**AS_OF["features"], "include": ("expected_spend",), "value": "expected_spend"})
    assert (named.inputs, named.value_name) == (("expected_spend",), "expected_spend")


def test_nothing_later_than_as_of_is_known(engine: Engine) -> None:
    """Purchases of later days change no customer's forecast."""
    sales = sold(engine)
    early = build(engine, f"SELECT * FROM ({sales}) AS s WHERE local_timestamp < TIMESTAMP '2017-10-01 00:00:00'", features={"horizon": 60})
    late = build(engine, sales, features={"as_of": date(2017, 10, 1), "horizon": 60})
    assert of(early, "c0007", "frequency") == of(late, "c0007", "frequency")
    assert late.forecast is not None
    assert early.forecast is not None
    np.testing.assert_allclose(early.forecast.spend, late.forecast.spend, rtol=0.1)


def test_one_purchase_a_day_refunds_netted(engine: Engine) -> None:
    """Two baskets of a day are one purchase, a day whose money came back is none, and the mean is of repeat days."""
    rows = [("a", 1, 5), ("a", 1, 6), ("a", 8, 10), ("a", 9, 4), ("a", 9, -4), ("a", 20, 30), ("b", 2, -1), ("c", 3, 2)]
    values = ", ".join(f"('{c}', TIMESTAMP '2017-03-{d:02d} 12:00:00', CAST({a} AS DOUBLE))" for c, d, a in rows)
    sales = (
        "SELECT c AS customer_id, t AS timestamp, local_time(t, 'America/New_York') AS local_timestamp, a AS amount"
        f" FROM (VALUES {values}) AS v(c, t, a)"
    )
    build(engine, sales, features={"as_of": date(2017, 3, 31), "horizon": 10})
    kept = engine.rows("SELECT customer_id, x, t_x, watched, m, x_then, bought_later, spent_later FROM features_histories ORDER BY 1")
    assert kept == [("a", 2, 19, 30, 20, 2, 0, 0), ("c", 0, 0, 28, None, 0, 0, 0)]


def test_a_model_that_foretells_nothing_is_refused(engine: Engine) -> None:
    """Customers who are all alike: what they did tells nothing, so there is no feature, and a note says why."""
    built = build(engine, sold(engine, n=400, alike=True))
    assert built.forecast is None
    assert "spend" not in built.sufficiency
    assert "what customers will spend is not foretold" in " ".join(built.notes)


def test_above_the_sample_everybody_gets_a_value(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is fitted on a sample, and the session gives everybody his forecast."""
    sales = sold(engine)
    whole = build(engine, sales)
    monkeypatch.setattr(customer_value, "LARGEST", 1000)
    drawn = build(engine, sales)
    assert whole.forecast is not None
    assert drawn.forecast is not None
    assert len(drawn.forecast.spend) == len(whole.forecast.spend) > 1000
    assert np.isfinite(drawn.forecast.high).all()
    assert np.corrcoef(drawn.forecast.spend, whole.forecast.spend)[0, 1] > 0.99
