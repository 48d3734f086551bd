"""The lift of past campaigns and of a run's own arms is the same on Spark: its sums are made in the cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pytest

from netlift.engine import Engine, Session, SparkEngine, computing
from netlift.measurement import measure, measure_run
from netlift.records import Audience, Estimate, Tables
from netlift.settings import EngineSettings, ResponseSettings
from tests.measurement.worlds import canonical, load_complete_journey, shop
from tests.spark import connect_server

NAMES = ("transactions", "campaigns", "contacted")
DRAWN = (
    "CREATE TABLE drawn AS SELECT campaign_id, customer_id, CASE WHEN CAST(customer_id AS INTEGER) % 5 = 0 THEN 'Control' ELSE 'sent' END"
    " AS arm, TIMESTAMP '2017-06-01 12:00:00' AS contacted_at FROM contacted"
)
PRICED = shop().model_copy(update={"response": ResponseSettings(contact_cost=0.1, revenue=1.0, margin=0.3)})
SENT = datetime(2017, 9, 1, 12)  # noqa: DTZ001 - naive UTC, as in the records


@pytest.fixture(scope="module")
def journey() -> Iterator[tuple[Engine, Tables]]:
    with Engine(EngineSettings(threads=2, memory_limit="2GB")) as engine:
        load_complete_journey(engine, "America/New_York")
        engine.execute(DRAWN)  # made up: every fifth household held out, all contacted on one day
        engine.execute("DROP TABLE contacted")
        engine.execute("ALTER TABLE drawn RENAME TO contacted")
        yield engine, canonical(transactions="", campaigns="type", contacted="arm contacted_at")


@pytest.fixture(scope="module", params=["classic", "connect"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSettings]:
    if request.param == "classic":
        local = EngineSettings(name="spark", master="local[2]")
        with SparkEngine(local):  # kept open, so that it need not start again
            yield local
        return
    with connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield EngineSettings(name="spark", remote=address)


def test_complete_journey_is_measured_alike(journey: tuple[Engine, Tables], spark: EngineSettings) -> None:
    """Every estimate of 27 real campaigns, and Welch and CUPED of two arms, to 1e-9 relative; every sentence word for word."""
    engine, tables = journey
    expected, own = everything(engine, engine, tables)
    with computing(spark, engine, NAMES) as session:
        found, found_own = everything(engine, session, tables)
    assert len(expected) > 100
    same(found, expected)
    assert all(e.lift is not None for e in own)
    same(found_own, own)


def everything(engine: Engine, session: Session, tables: Tables) -> tuple[Sequence[Estimate], Sequence[Estimate]]:
    """The estimates of the past, and of two arms as if drawn on 1 September."""
    ids = np.array([row[0] for row in engine.rows("SELECT DISTINCT customer_id FROM transactions ORDER BY customer_id")], dtype=object)
    none, zeros = np.full(len(ids), None, dtype=object), np.zeros(len(ids))
    arm = np.where(np.arange(len(ids)) % 2 == 0, "holdout", "treated").astype(object)
    audience = Audience(ids, 1 + np.arange(len(ids)) % 3, none, none, arm, zeros, none)
    own = measure_run(PRICED, session, tables, run_id="7", audience=audience, sent_at=SENT)
    return measure(PRICED, session, tables).estimates, own


def same(found: Sequence[Estimate], expected: Sequence[Estimate]) -> None:
    """Numbers to 1e-9 relative, or to 1e-9 of a whole where a lift is near none; all else equal."""
    for one, other in zip(found, expected, strict=True):
        mine, theirs = dataclasses.asdict(one), dataclasses.asdict(other)
        for name, value in theirs.items():
            wanted = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert mine[name] == wanted, (other.scope, other.estimator, name)
