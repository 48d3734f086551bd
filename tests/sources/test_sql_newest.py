"""Increments with corrections against one fetch of everything."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from netlift.settings import TableSettings
from netlift.sources.files import open_files
from netlift.sources.relation import LINE
from netlift.sources.sql_newest import newest_only

KEYS = st.sampled_from(["a", "b", "c", None])


Fetch = list[tuple[str | None, int, str]]  # id, watermark, value
SCHEMA = pa.schema({"nr": pa.string(), "v": pa.int64(), "x": pa.string()})


def _read(folder: Path, fetches: list[Fetch], *, name: str = "customers") -> list[tuple[Any, ...]]:
    """What is left of rows that landed in several files, and the notes on it."""
    paths = []
    for number, rows in enumerate(fetches):
        paths.append(folder / f"{number}.parquet")
        pq.write_table(pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA), paths[-1])
    table = TableSettings(columns={"customer_id": "nr"}, watermark="v")
    relation = newest_only(open_files(paths, table, name=name, named="people"), table, name=name)
    batches = [b.rows for b in relation.batches(["x", "nr"])]
    assert all(b.schema.names == ["x", "nr", LINE] for b in batches)
    return [tuple(row.values()) for b in batches for row in b.to_pylist()] + [tuple(relation.notes)]


def test_the_highest_watermark_counts(tmp_path: Path) -> None:
    """Of one id only the last version stays, with its line; rows without an id and rows that tie stay for the table's checks."""
    first: Fetch = [("a", 1, "old"), ("b", 2, "one"), (None, 2, "nobody")]
    second: Fetch = [("a", 3, "newer"), ("a", 4, "new"), ("c", 4, "this"), ("c", 4, "that")]
    assert _read(tmp_path, [first, second]) == [
        ("one", "b", 2),
        ("nobody", None, 3),
        ("new", "a", 2),
        ("this", "c", 3),
        ("that", "c", 4),
        ("2 rows were replaced by later versions of the same customer_id.",),
    ]


def test_tables_without_one_row_per_id_grow(tmp_path: Path) -> None:
    """Transactions are added, whatever their ids."""
    assert _read(tmp_path, [[("a", 1, "x")], [("a", 2, "y")]], name="transactions") == [("x", "a", 1), ("y", "a", 1), ()]


@given(st.lists(st.lists(st.tuples(KEYS, st.sampled_from("xyz")), min_size=1, max_size=5), min_size=1, max_size=5))
def test_the_order_of_fetches_makes_no_difference(tmp_path_factory: Any, changes: list[list[tuple[str | None, str]]]) -> None:
    """However a history of changes is cut into fetches, each id ends with its last value, as a database would have it."""
    numbers = iter(range(100))
    fetches: list[Fetch] = [[(key, next(numbers), value) for key, value in part] for part in changes]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (nr TEXT PRIMARY KEY, x TEXT)")
    connection.executemany("INSERT OR REPLACE INTO t VALUES (?, ?)", [(key, value) for part in fetches for key, _, value in part if key])
    expected = connection.execute("SELECT x, nr FROM t ORDER BY nr").fetchall()
    connection.close()
    rows = _read(tmp_path_factory.mktemp("landed"), fetches)[:-1]
    assert sorted((row[:2] for row in rows if row[1]), key=lambda row: row[1]) == expected
