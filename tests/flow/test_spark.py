"""A whole run on Spark: the same plan as on DuckDB, and only ids, narrow columns, a sample and summaries come to this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift.engine import SparkEngine
from netlift.features import customer_value, matrix
from netlift.segments import structure
from netlift.settings import EngineSettings
from netlift.store import open_store
from netlift.workflow.prepare import Prepared, prepare
from tests import shop
from tests.spark import connect_server

SAMPLE = 200  # customers
NARROW = 7  # columns: a customer's id with segment, place on the map, anomaly score and its reason, and how surely the segment is his


@pytest.fixture(scope="module", params=["classic", "connect"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The section [engine] of a Spark that is up."""
    if request.param == "classic":
        with SparkEngine(EngineSettings(name="spark", master="local[2]")):  # kept open, so that the run need not start it again
            yield 'name = "spark"\nmaster = "local[2]"'
        return
    with connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield f'name = "spark"\nremote = "{address}"'


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and columns of every result that Spark handed to this machine."""
    shapes: list[tuple[int, int]] = []
    arrow, rows = SparkEngine.arrow, SparkEngine.rows

    def seen_arrow(self: SparkEngine, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        found = arrow(self, sql, parameters)
        shapes.append((found.num_rows, found.num_columns))
        return found

    def seen_rows(self: SparkEngine, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = rows(self, sql, parameters)
        shapes.append((len(found), len(found[0]) if found else 0))
        return found

    monkeypatch.setattr(SparkEngine, "arrow", seen_arrow)
    monkeypatch.setattr(SparkEngine, "rows", seen_rows)
    return shapes


def test_a_run_on_spark_is_the_run_on_duckdb(
    spark: str, came: list[tuple[int, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same segments, scores, arms and recommendations; no result of everybody is wider than a few columns."""
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    monkeypatch.setattr(matrix, "LARGEST", SAMPLE)
    monkeypatch.setattr(customer_value, "LARGEST", SAMPLE)
    open_store()
    config = shop.write(tmp_path / "shop")
    ours = prepare(config, out=tmp_path / "duckdb")
    assert came == []
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[engine]\n{spark}\n", encoding="utf-8")
    monkeypatch.setattr("netlift.workflow.prepare.experiments.draw", drawn_as(ours.run_id))
    theirs = prepare(config, out=tmp_path / "spark")
    assert json.loads((theirs.folder / "run.json").read_text(encoding="utf-8"))["engine"] == "spark"
    same(theirs, ours)
    everybody = len(ours.content.features.customer_ids)
    assert everybody > SAMPLE
    assert max(columns for rows, columns in came if rows > SAMPLE) <= NARROW
    assert any(rows == everybody for rows, _ in came)
    assert max(rows for rows, columns in came if columns > NARROW) <= SAMPLE


def drawn_as(run_id: str) -> Any:
    """The draw of the first run, so that the arms of both can be compared."""
    from netlift.experiments.draw import draw

    return lambda session, *, salt, experiment: draw(session, salt=salt, experiment=f"run {run_id}")  # noqa: ARG005 - a draw names it


def same(theirs: Prepared, ours: Prepared) -> None:
    """Every customer's row of both files, and what is recommended; numbers to 1e-9 relative."""
    for name in ("customers", "audience"):
        mine, other = (pq.read_table(run.folder / f"{name}.parquet") for run in (ours, theirs))
        assert other.schema == mine.schema
        for column in mine.column_names:
            if pa.types.is_floating(mine.schema.field(column).type):
                np.testing.assert_allclose(other[column].to_numpy(), mine[column].to_numpy(), rtol=1e-9, atol=1e-9, err_msg=column)
            else:
                assert other[column].to_pylist() == mine[column].to_pylist(), column
    for name in ("segments.json", "recommendations.json"):
        mine, other = (json.loads((run.folder / name).read_text(encoding="utf-8")) for run in (ours, theirs))
        close(other, mine)


def close(found: Any, expected: Any) -> None:
    """The same JSON, numbers to 1e-9 relative."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            close(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            close(one, other)
    else:
        assert found == (pytest.approx(expected, rel=1e-9, abs=1e-9) if isinstance(expected, float) else expected)
