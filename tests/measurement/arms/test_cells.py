"""Cells from the engine: the moments of the customers themselves, on DuckDB and Spark alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine, Session, SparkEngine
from netlift.errors import InputError
from netlift.measurement.arms import Cell, Metric, Moments, Units, added, compare, read_cells, read_values
from netlift.measurement.arms.comparison import Plan
from netlift.records import Floats
from netlift.settings import EngineSettings

METRICS = (Metric("spend", covariate=True), Metric("bought", "proportion"), Metric("basket", "ratio"))
UNITS = Units("SELECT experiment, arm, segment, entry_day, y0, x0, y1, y2, d2 FROM people WHERE entry_day < CAST(? AS BIGINT)", (9,))
N = 3000


def people(shift: float = 0.0) -> pa.Table:
    """Customers of two arms, two segments and three entry days, a third of them without a purchase."""
    rng = np.random.default_rng(1)
    orders = rng.poisson(1.1, N).astype(float)
    spend = orders * rng.lognormal(3, 1, N).round(2) + shift
    return pa.table(
        {
            "experiment": ["spring"] * N,
            "arm": rng.choice(["holdout", "mail"], N).tolist(),
            "segment": rng.choice(["new", "old"], N).tolist(),
            "entry_day": pa.array(rng.integers(5, 8, N), pa.int64()),
            "y0": spend,
            "x0": rng.gamma(2, 10, N),
            "y1": (orders > 0).astype(float),
            "y2": spend,
            "d2": orders,
        }
    )


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> Iterator[Session]:
    if request.param == "duckdb":
        with Engine() as made:
            yield made
        return
    with SparkEngine(EngineSettings(name="spark", master="local[2]")) as spark:
        yield spark


def read(engine: Session, table: pa.Table) -> tuple[Cell, ...]:
    engine.register("people", table)
    try:
        return read_cells(engine, UNITS, METRICS)
    finally:
        engine.unregister("people")


def column(table: pa.Table, name: str, arm: str | None = None) -> Floats:
    of = np.ones(N, bool) if arm is None else np.array(table["arm"].to_pylist()) == arm
    values: Floats = table[name].to_numpy()
    return np.asarray(values[of], dtype=np.float64)


def test_cells_hold_the_moments_of_their_customers(engine: Session) -> None:
    """Twelve cells; added up they are each arm's moments, cubes and capped sums included, to 1e-9 relative."""
    table = people()
    cells = read(engine, table)
    assert len(cells) == 12
    assert {(cell.experiment, cell.segment, cell.day) for cell in cells} == {("spring", s, d) for s in ("new", "old") for d in (5, 6, 7)}
    spend = column(table, "y0")
    cap = float(np.quantile(spend[spend != 0], 0.999))
    for arm in ("holdout", "mail"):
        some = [cell for cell in cells if cell.arm == arm]
        y, x, d = (column(table, name, arm) for name in ("y0", "x0", "d2"))
        expected = {"spend": Moments.of(y, x=x, cap=cap), "bought": Moments.of(column(table, "y1", arm)), "basket": Moments.of(y, d=d)}
        for name, wanted in expected.items():
            found = added(some, name)
            assert found is not None
            assert (found.n, found.nonzero, found.largest) == (wanted.n, wanted.nonzero, wanted.largest)
            assert found.cap == pytest.approx(wanted.cap, rel=1e-12, nan_ok=True)
            for part in ("sums", "products", "cubes", "capped"):
                assert getattr(found, part) == pytest.approx(getattr(wanted, part), rel=1e-9), (name, part)


def test_sums_far_from_zero_are_read_about_the_means(engine: Session) -> None:
    """The same spend on top of ten million: variance, skewness and capped variance survive to 1e-6, where sums about 0 lose them."""
    shift = 1e7
    near, far = (added([c for c in read(engine, people(by)) if c.arm == "mail"], "spend") for by in (0.0, shift))
    assert near is not None
    assert far is not None
    weights = np.array([1.0, 0, 0, 0])
    assert far.about[0] > shift
    assert far.covariance()[0, 0] == pytest.approx(near.covariance()[0, 0], rel=1e-6)
    assert far.third(weights) == pytest.approx(near.third(weights), rel=1e-6)
    assert far.means[0] == pytest.approx(near.means[0] + shift, rel=1e-12)
    assert far.winsorised().means[0] > shift


def test_values_are_counted_by_arm_and_segment(engine: Session) -> None:
    """The buyers' values of one segment, sorted, and how many customers its arms have."""
    table = people()
    engine.register("people", table)
    found = read_values(engine, UNITS, 0, control="holdout", treated="mail", segment="new")
    engine.unregister("people")
    of = (np.array(table["arm"].to_pylist()) == "holdout") & (np.array(table["segment"].to_pylist()) == "new")
    spend = column(table, "y0")[of]
    assert found.n_control == of.sum()
    assert found.control.tolist() == sorted(spend[spend != 0])


def test_values_of_a_ratio_come_with_their_denominators(engine: Session) -> None:
    """Who ordered and spent nothing is there, who has neither is not."""
    table = people()
    engine.register("people", table)
    found = read_values(engine, UNITS, 2, control="holdout", treated="mail", ratio=True)
    engine.unregister("people")
    assert found.denominators is not None
    y, d = column(table, "y2", "mail"), column(table, "d2", "mail")
    some = (y != 0) | (d != 0)
    assert found.n_treated == len(y)
    assert sorted(zip(found.treated, found.denominators[1], strict=True)) == sorted(zip(y[some], d[some], strict=True))


def test_one_query_reads_everything() -> None:
    """All metrics, arms and segments come with a single query, where no sum cancels."""
    with Engine() as engine:
        asked: list[str] = []
        whole = engine.rows
        engine.rows = lambda sql, parameters=(): asked.append(sql) or whole(sql, parameters)  # type: ignore[method-assign, func-returns-value]
        read(engine, people())
        assert len(asked) == 1


def test_a_metric_without_any_value_has_no_cap() -> None:
    """Nobody bought: the cap is unknown, and the comparison says why it cannot be."""
    with Engine() as engine:
        table = people().set_column(4, "y0", pa.array(np.zeros(N)))
        cells = read(engine, table)
    arms = tuple(added([c for c in cells if c.arm == arm], "spend") for arm in ("holdout", "mail"))
    assert arms[0] is not None
    assert arms[1] is not None
    found = compare(Metric("spend"), (arms[0], arms[1]), Plan())
    assert found.reason is not None
    assert "has a value of 'spend' other than 0" in found.reason


def test_a_metric_asked_for_twice_is_refused() -> None:
    """Two metrics of one name would overwrite each other."""
    with Engine() as engine, pytest.raises(InputError, match="The metric 'spend' is asked for 2 times"):
        read_cells(engine, UNITS, (Metric("spend"), Metric("spend")))
