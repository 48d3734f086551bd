"""Stages of life by hand, at their borders, and as learnt by an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from netlift import features
from netlift.engine import Engine
from netlift.errors import NotEnoughData, SettingsError
from netlift.features import lifecycle
from netlift.records import Features, Learnt
from tests.features.test_build import settings, tables

AS_OF = date(2017, 7, 1)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _few_customers_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "FEWEST", 2)


def build(engine: Engine, *bought: tuple[str, int, float], learnt: Learnt | None = None) -> Features:
    """Of purchases by customer, days before `AS_OF`, and money."""
    rows = ", ".join(f"('{c}', TIMESTAMP '{AS_OF - timedelta(days=ago)} 12:00:00', CAST({money} AS DOUBLE))" for c, ago, money in bought)
    sales = f"SELECT c AS customer_id, t AS timestamp, t AS local_timestamp, money AS amount FROM (VALUES {rows}) AS v(c, t, money)"
    wanted = settings(features={"as_of": AS_OF}, segments={"lifecycle": learnt is None})
    engine.execute("DROP TABLE IF EXISTS transactions")
    return features.build(wanted, engine, tables(engine, transactions=sales), learnt=learnt)


def stages(built: Features) -> dict[str, float]:
    return dict(zip(built.customer_ids.tolist(), built.column("lifecycle").tolist(), strict=True))


def test_limits_by_hand_and_every_customer_weighs_the_same(engine: Engine) -> None:
    """Gaps: a 10 nineteen times; b 20; c 30; d 40 and 50. By customers the 80 % quantile is 40 (3.5 of 4 reach it), by gaps 10."""
    often = [("a", 100 + 10 * i, 1.0) for i in range(20)]
    rest = [("b", 9, 1.0), ("b", 29, 1.0), ("c", 40, 1.0), ("c", 70, 1.0), ("d", 10, 1.0), ("d", 50, 1.0), ("d", 100, 1.0)]
    assert build(engine, *often, *rest).learnt.lifecycle == (40.0, 50.0)


def test_each_stage_and_its_borders(engine: Engine) -> None:
    """Limits 40 and 50: one purchase up to 40 days ago is new, two are active; up to 50 days lapsing, whoever; then lost."""
    given = Learnt(lifecycle=(40.0, 50.0))
    bought = [("new", 40), ("one", 41), ("active", 40), ("active", 300), ("lapsing", 50), ("lapsing", 300), ("lost", 51), ("lost", 90)]
    found = build(engine, *((c, ago, 5.0) for c, ago in bought), ("returned", 3, -5.0), ("free", 3, 0.0), learnt=given)
    assert stages(found) == {"new": 1, "one": 3, "active": 2, "lapsing": 3, "lost": 4, "returned": 0, "free": 0}


def test_a_day_counts_once_and_only_with_money(engine: Engine) -> None:
    """Two baskets of one day make no gap of 0, and a day on which all was given back makes none at all."""
    bought = [("a", 10, 5.0), ("a", 10, 6.0), ("a", 20, 5.0), ("a", 15, 5.0), ("a", 15, -5.0), ("b", 10, 1.0), ("b", 20, 1.0)]
    assert build(engine, *bought).learnt.lifecycle == (10.0, 10.0)


def test_segments_are_not_made_of_the_stage(engine: Engine) -> None:
    """It is a level above them."""
    assert "lifecycle" not in build(engine, ("a", 10, 5.0), ("a", 20, 5.0), ("b", 10, 1.0), ("b", 20, 1.0)).inputs


def test_too_few_gaps_are_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the number there is and the number needed."""
    monkeypatch.undo()
    with pytest.raises(NotEnoughData, match="need 100 customers who bought on two days or more, and 1 did in the last 730 days"):
        build(engine, ("a", 10, 5.0), ("a", 20, 5.0), ("b", 800, 1.0), ("b", 900, 1.0))


def test_without_transactions_there_are_no_stages(engine: Engine) -> None:
    """A wide table of customers."""
    given = tables(engine, customers="SELECT CAST(range AS VARCHAR) AS customer_id, CAST(range AS DOUBLE) AS age FROM range(60)")
    with pytest.raises(SettingsError, match=r"segments\.lifecycle tells stages of life by purchases"):
        features.build(settings(segments={"lifecycle": True}), engine, given)
