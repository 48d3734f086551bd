"""Shares of customers with few facts: nearer to the truth, the same for everybody whoever else is there, and marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.features import shares
from netlift.records import Features, Floats, Learnt
from tests.features.test_build import settings, tables

KINDS = ("bread", "cheese", "wine")
BASE = np.array([0.5, 0.3, 0.2])


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def bought(n: int, *, seed: int) -> tuple[pa.Table, Floats]:
    """Lines of money 1 of n customers, two in the middle, and what share of each kind they truly want, (n, 3)."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(8 * BASE, n)
    lines = rng.geometric(0.35, n)
    customers = np.repeat([f"c{i:05d}" for i in range(n)], lines)
    kinds = np.concatenate([rng.choice(KINDS, count, p=share) for count, share in zip(lines, truth, strict=True)])
    return pa.table({"customer_id": customers, "product_id": kinds}), truth


def build(engine: Engine, lines: pa.Table, learnt: Learnt | None = None) -> Features:
    for name in ("transactions", "products"):
        engine.execute(f"DROP TABLE IF EXISTS {name}")
    engine.register("lines", lines)
    at = "TIMESTAMP '2017-02-01 12:00:00'"
    sales = f"SELECT customer_id, product_id, {at} AS timestamp, {at} AS local_timestamp, CAST(1 AS DOUBLE) AS amount FROM lines"
    products = "SELECT * FROM (VALUES ('bread', 'bread'), ('cheese', 'cheese'), ('wine', 'wine')) AS v(product_id, category)"
    given = tables(engine, transactions=sales, products=products)
    return features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, given, learnt=learnt)


def of_kinds(built: Features) -> Floats:
    return np.column_stack([built.column(f"share_{kind}") for kind in KINDS])


def test_drawn_shares_are_nearer_to_what_customers_want(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 4,000 customers with two lines in the middle: at most .6 of the error of raw shares; c = 8 is found within 30 %."""
    lines, truth = bought(4000, seed=1)
    built = build(engine, lines)
    monkeypatch.setattr(shares, "FEWEST", 10**9)
    raw = of_kinds(build(engine, lines))
    assert np.abs(of_kinds(built) - truth).sum(axis=1).mean() <= 0.6 * np.abs(raw - truth).sum(axis=1).mean()
    assert of_kinds(built).sum(axis=1) == pytest.approx(1)
    c, mean = built.learnt.shares["share_bread"]
    assert c == pytest.approx(8, rel=0.3)
    assert mean == pytest.approx(0.5, abs=0.02)
    assert "drawn to the mean of all" in next(f.missing for f in built.features if f.name == "share_bread")


def test_who_has_how_many_facts_is_told(engine: Engine) -> None:
    """More lines than the mean of all weighs are enough, fewer are shrunk."""
    lines, _ = bought(500, seed=2)
    built = build(engine, lines)
    c = built.learnt.shares["share_bread"][0]
    counts = np.unique(lines["customer_id"].to_numpy(zero_copy_only=False), return_counts=True)[1]
    np.testing.assert_array_equal(built.sufficiency["categories"], np.where(counts > c, "enough", "shrunk"))


def test_with_what_an_earlier_run_learnt_nobody_changes_anybody(engine: Engine) -> None:
    """A newcomer with a thousand lines changes no other customer's share, to the bit."""
    lines, _ = bought(300, seed=3)
    before = build(engine, lines)
    giant = pa.table({"customer_id": ["z"] * 1000, "product_id": ["wine"] * 1000})
    now = build(engine, pa.concat_tables([lines, giant]), learnt=before.learnt)
    np.testing.assert_array_equal(of_kinds(now)[:-1], of_kinds(before))
    assert now.learnt.shares == before.learnt.shares


def test_few_customers_teach_nothing_and_what_never_differs_stays(engine: Engine) -> None:
    """With 49 customers shares are their own; a share that is 0 for everybody stays exactly 0."""
    built = build(engine, bought(49, seed=4)[0])
    assert built.learnt.shares == {}
    many = build(engine, bought(60, seed=4)[0])
    assert set(many.column("morning_share")) == {0.0}
    assert "share_wine" in many.learnt.shares
    assert "morning_share" not in many.learnt.shares
