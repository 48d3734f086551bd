"""Columns of numbers from any of the files that customers come in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift.errors import InputError, SourceError
from netlift.workflow.pilot_file import pilot_columns

TEXT = "who;spend;orders;town\na;0;1;x\nb;2.5;3;y\n"


@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz", "p.parquet", "p.jsonl"])
def test_the_same_numbers_from_every_file(tmp_path: Path, name: str) -> None:
    """Semicolons, gzip, Parquet and JSON lines give the same columns, in the order asked for."""
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"who": ["a", "b"], "spend": [0, 2.5], "orders": [1, 3]}), path)
    elif name.endswith(".jsonl"):
        path.write_text('{"who": "a", "spend": 0, "orders": 1}\n{"who": "b", "spend": 2.5, "orders": 3}\n')
    else:
        path.write_bytes(gzip.compress(TEXT.encode()) if name.endswith(".gz") else TEXT.encode())
    assert [c.tolist() for c in pilot_columns(path, ["orders", "spend"])] == [[1, 3], [0, 2.5]]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """No file, no such column, a column of texts, and rows that are no table."""
    path = tmp_path / "p.csv"
    path.write_text(TEXT)
    with pytest.raises(SourceError, match="There is no file"):
        pilot_columns(tmp_path / "none.csv", ["spend"])
    with pytest.raises(InputError, match=r"There is no column 'spent' in 'p.csv'; its columns are who, spend, orders, town"):
        pilot_columns(path, ["spent"])
    with pytest.raises(InputError, match=r"There is no column 'order' in 'p.csv'"):
        pilot_columns(path, ["spend", "order"])
    with pytest.raises(InputError, match=r"'town' of 'p.csv' is not of numbers \(string\)"):
        pilot_columns(path, ["town"])
    path.write_text(TEXT + "c;1\n")
    with pytest.raises(SourceError, match=r"'p.csv' cannot be read"):
        pilot_columns(path, ["spend"])
