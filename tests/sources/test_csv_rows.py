"""The two ways of reading lines of CSV agree, and every row keeps its line number."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.sources import csv_rows
from netlift.sources.csv_rows import Rows
from netlift.sources.relation import LINE, Reject
from netlift.sources.text import Lines

Read = tuple[list[tuple[Any, ...]], list[Reject]]


def read(text: str, *, delimiter: str = ",") -> Read:
    """All rows (values and line) and all rejects."""
    rows = Rows(Lines(io.BytesIO(text.encode()), encoding="utf-8", file="x.csv"), delimiter=delimiter, file="x.csv")
    assert rows.header is not None
    found: list[tuple[Any, ...]] = []
    rejects: list[Reject] = []
    for batch, refused in rows.batches(rows.header):
        assert batch.schema.names == [*rows.header, LINE]
        found += zip(*(column.to_pylist() for column in batch.columns), strict=True)
        rejects += refused
    return found, rejects


plain = st.text(alphabet="ab ;'é\t1", max_size=4)
messy = st.text(alphabet='a,"\n\r \0é', max_size=4)


@settings(deadline=None)
@given(st.lists(st.lists(plain, min_size=1, max_size=3), max_size=8), st.sampled_from(["\n", "\r\n"]), st.integers(2, 40))
def test_quick_and_careful_agree(lines: list[list[str]], end: str, chunk: int) -> None:
    """On lines without quotes Arrow's reader and Python's give the same rows, rejects and line numbers."""
    text = end.join(["x,y", *(",".join(fields) for fields in lines)]) + end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netlift.sources.text.CHUNK", chunk)
        quick = read(text)
        patch.setattr(Rows, "_quickly", lambda *_: None)
        careful = read(text)
    assert quick == careful


@settings(deadline=None)
@given(st.lists(st.tuples(messy, messy), min_size=1, max_size=8), st.integers(2, 40), st.integers(1, 6))
def test_any_written_row_is_read_or_refused_with_its_line(rows: list[tuple[str, str]], chunk: int, cells: int) -> None:
    """Whatever Python's csv module writes, wherever chunks and batches end: each row comes back whole, or is refused for its NUL."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["x", "y"])
    expected: list[tuple[Any, ...]] = []
    refused: list[tuple[Any, ...]] = []
    for row in rows:
        line = len(re.findall("\r\n|\r|\n", buffer.getvalue())) + 1
        writer.writerow(row)
        (refused if "\0" in "".join(row) else expected).append((*row, line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netlift.sources.text.CHUNK", chunk)
        patch.setattr(csv_rows, "CELLS", cells)
        found, rejects = read(buffer.getvalue())
    assert found == expected
    assert [r.line for r in rejects] == [row[-1] for row in refused]


def test_a_plain_block_takes_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain lines never reach Python's reader, so that large files are read fast."""
    monkeypatch.setattr(Rows, "_carefully", lambda *_: pytest.fail("careful reader used"))
    assert read("x,y\n1,2\n3,4\n") == ([("1", "2", 2), ("3", "4", 3)], [])


def test_mark_inside_the_file_is_kept() -> None:
    """A byte order mark elsewhere than at the start belongs to the value."""
    assert read("x,y\n\ufeff1,2\n") == ([("\ufeff1", "2", 2)], [])


def test_columns_in_the_order_asked_for() -> None:
    """Only the columns asked for, in that order."""
    rows = Rows(Lines(io.BytesIO(b'a,b,c\n1,2,3\n4,"5",6\n'), encoding="utf-8", file="x.csv"), delimiter=",", file="x.csv")
    batches = [batch for batch, _ in rows.batches(["c", "a"])]
    assert pa.Table.from_batches(batches).to_pydict() == {"c": ["3", "6"], "a": ["1", "4"], LINE: [2, 3]}
