"""Cells that carry a type (Excel, SPSS) as the texts that the rest of the reading expects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from netlift.settings import Format
from netlift.sources.relation import LINE, Batch, Reject, Relation
from netlift.sources.text import CONTROL

EXACT = 10**15  # these tools store numbers as doubles and show 15 digits: longer whole numbers were rounded


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet: where it is and its cells."""

    line: int
    cells: Sequence[Any]


def as_text(value: Any, style: Format) -> str | None:  # noqa: ANN401 - whatever a cell holds
    """The cell as the format writes it; None where it is empty.

    Raises:
        ValueError: the cell cannot be trusted; the message is the reason for quarantine.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number(value, style)
    if isinstance(value, (date, time)):
        return _moment(value, style)
    text = str(value)
    if control := CONTROL.search(text):
        raise ValueError(f"holds the control character U+{ord(control[0]):04X}")
    return text


def _moment(value: date | time, style: Format) -> str:
    if isinstance(value, date) and style.date:
        return value.strftime(style.date)
    return value.replace(tzinfo=None).isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()


def _number(value: float, style: Format) -> str:
    if math.isfinite(value) and value == int(value):
        if abs(value) >= EXACT:
            raise ValueError("holds a number of more than 15 digits, which was rounded when it was stored; store it as text")
        return str(int(value))
    return repr(value).replace(".", style.decimal)


def batch_of(rows: Iterable[Row], columns: Sequence[str], *, wanted: Sequence[str], style: Format) -> Batch:
    """All rows as texts; a row with a cell that cannot be trusted is rejected with its column and the reason."""
    places = [columns.index(c) for c in wanted]
    good: list[tuple[Any, ...]] = []
    rejects: list[Reject] = []
    for row in rows:
        texts = _texts(row, columns, style)
        if isinstance(texts, Reject):
            rejects.append(texts)
        else:
            good.append((*(texts[i] for i in places), row.line))
    fields = list(zip(*good, strict=True)) or [()] * (len(wanted) + 1)
    kinds = [*[pa.string()] * len(wanted), pa.int64()]
    arrays = [pa.array(f, k) for f, k in zip(fields, kinds, strict=True)]
    return Batch(0, pa.RecordBatch.from_arrays(arrays, names=[*wanted, LINE]), tuple(rejects), 1.0)


def _texts(row: Row, columns: Sequence[str], style: Format) -> list[str | None] | Reject:
    shown = ",".join("" if cell is None else str(cell) for cell in row.cells)
    if all(cell is None for cell in row.cells):
        return Reject(row.line, "", "is an empty line", "")
    if len(row.cells) > len(columns):
        return Reject(row.line, "", f"has {len(row.cells)} cells, and the header has {len(columns)}", CONTROL.sub("?", shown))
    texts: list[str | None] = []
    for column, cell in zip(columns, [*row.cells, *[None] * (len(columns) - len(row.cells))], strict=True):
        try:
            texts.append(as_text(cell, style))
        except ValueError as reason:
            return Reject(row.line, column, str(reason), CONTROL.sub("?", shown))
    return texts


def relation_of(
    path: Path, columns: Sequence[str], *, named: str, sha256: str, batches: Callable[[Sequence[str]], Iterator[Batch]]
) -> Relation:
    """A relation of texts from one file."""
    return Relation(
        named=named,
        files=(path.name,),
        columns=dict.fromkeys(columns, pa.string()),
        sha256=sha256,
        batches=batches,
        whole_rows=True,
        notes=[],
    )
