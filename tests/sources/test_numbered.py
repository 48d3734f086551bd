"""Files whose rows are known by their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlift import sources
from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.settings import Settings, parse
from netlift.sources.numbered import ROW


def of(path: Path, columns: dict[str, str], **more: object) -> Settings:
    table = {"source": "files", "path": str(path), "columns": {"customer_id": ROW, **columns}, **more}
    return parse({"project": {"name": "x", "currency": "EUR"}, "tables": {"customers": table}}, folder=path.parent, sha256="")


def test_rows_with_one_id_are_all_there(tmp_path: Path) -> None:
    """Two rows of a customer are two rows; columns nobody named are not read; an own customer_id is an ordinary column."""
    path = tmp_path / "x.csv"
    path.write_text("customer_id,name,spend\n7,ann,1\n7,ben,2\n8,cleo,3\n")
    with Engine() as engine:
        tables = sources.load(of(path, {"whose": "customer_id", "y": "spend"}, types={"whose": "text"}), engine, numbered_rows=True)
        assert list(tables.columns("customers")) == ["customer_id", "whose", "y"]
        assert sorted(engine.rows("SELECT whose, y FROM customers")) == [("7", 1.0), ("7", 2.0), ("8", 3.0)]
        assert engine.rows("SELECT count(DISTINCT customer_id) FROM customers") == [(3,)]


def test_a_column_may_be_named_twice(tmp_path: Path) -> None:
    """One column of the file can serve under two names."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"spend": 1, "arm": "a"}\n{"spend": 2, "arm": "b"}\n')
    with Engine() as engine:
        sources.load(of(path, {"y": "spend", "again": "spend"}), engine, numbered_rows=True)
        assert sorted(engine.rows("SELECT y, again FROM customers")) == [(1.0, 1.0), (2.0, 2.0)]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the columns there are, and the likely one."""
    path = tmp_path / "x.csv"
    path.write_text("spend,arm\n1,a\n")
    with Engine() as engine, pytest.raises(SourceError, match=r"There is no column .spent. in .x\.csv.*its columns are spend, arm"):
        sources.load(of(path, {"y": "spent"}), engine, numbered_rows=True)
