"""Parquet: typed columns in batches; the line number is the row's number in its file, from 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from netlift.errors import SourceError
from netlift.sources.csv_file import BOMB_RATIO, BOMB_SIZE, MOST_COLUMNS
from netlift.sources.relation import LINE, Batch, Reject
from netlift.sources.text import CONTROL, LONGEST_LINE

ROWS = 131_072  # of a batch, at most
TEXT = 1 << 26  # bytes of text in a batch, about


def parquet_columns(path: Path) -> Mapping[str, Any]:
    """Column names and Arrow types; a dictionary column counts as what it encodes.

    Raises:
        SourceError: this is no readable Parquet file, or a name is there twice.
    """
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"'{path.name}' is no readable Parquet file: {str(error).splitlines()[0].rstrip('. ')}.") from error
    if len(schema) > MOST_COLUMNS:
        raise SourceError(f"'{path.name}' has {len(schema):,} columns, and {MOST_COLUMNS:,} are the most that is read.")
    twice = sorted({n for n in schema.names if schema.names.count(n) > 1})
    if twice:
        raise SourceError(f"'{path.name}' has the column '{twice[0]}' {schema.names.count(twice[0])} times; rename all but one.")
    return {f.name: _type(f.type) for f in schema}


def read_batches(path: Path, columns: Sequence[str], *, number: int) -> Iterator[Batch]:
    """The rows of these columns; `number` is the file's place among the table's files.

    Raises:
        SourceError: the file is damaged, unpacks to far more than its size, or holds a text that is too long.
    """
    types = parquet_columns(path)
    done = 0
    try:
        at_once = _rows_at_once(path, [c for c in columns if _is_text(types[c])])
        with pq.ParquetFile(path) as file:
            total = file.metadata.num_rows or 1
            for batch in file.iter_batches(batch_size=at_once, columns=list(columns)):
                arrays = [_plain(batch.column(c), types[c]) for c in columns]
                _check_lengths(path, dict(zip(columns, arrays, strict=True)))
                lines = pa.array(range(done + 1, done + 1 + batch.num_rows), pa.int64())
                done += batch.num_rows
                rows = pa.RecordBatch.from_arrays([*arrays, lines], names=[*columns, LINE])
                rows, rejects = _without_control(rows)
                yield Batch(number, rows, rejects, done / total)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"'{path.name}' is damaged after row {done:,}: {str(error).splitlines()[0].rstrip('. ')}.") from error


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _rows_at_once(path: Path, texts: Sequence[str]) -> int:
    """Rows of a batch, so that memory is bounded: a dictionary lets a small file stand for texts of any size.

    Raises:
        SourceError: the file unpacks to far more than its size, or holds a text that is too long.
    """
    most = 0  # bytes of text in a row, of those in dictionaries
    with pq.ParquetFile(path, read_dictionary=list(texts)) as file:
        groups = [file.metadata.row_group(g) for g in range(file.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        if unpacked > BOMB_SIZE and unpacked > BOMB_RATIO * path.stat().st_size:
            raise SourceError(
                f"'{path.name}' unpacks to more than {BOMB_RATIO} times its size; if it is meant to be so, write it unpacked."
            )
        for number, group in enumerate(groups):
            if texts and group.num_rows:
                first = next(file.iter_batches(batch_size=1, row_groups=[number], columns=list(texts)))
                coded = {
                    c: column.dictionary for c, column in zip(texts, first.columns, strict=True) if pa.types.is_dictionary(column.type)
                }
                _check_lengths(path, coded)
                most = max(most, sum(map(_longest, coded.values())))
    return max(1, min(ROWS, TEXT // max(most, 1)))


def _longest(column: Any) -> int:  # noqa: ANN401 - pyarrow has no types
    return int(pc.max(pc.binary_length(column)).as_py() or 0)


def _check_lengths(path: Path, columns: Mapping[str, Any]) -> None:
    for name, column in columns.items():
        if _is_text(column.type) and _longest(column) > LONGEST_LINE:
            raise SourceError(f"'{path.name}' holds a text of more than {LONGEST_LINE:,} bytes in column '{name}'; leave the column out.")


def _without_control(rows: Any) -> tuple[Any, tuple[Reject, ...]]:  # noqa: ANN401 - pyarrow has no types
    """The rows whose texts hold no control character, and the others with the reason."""
    found: dict[int, str] = {}
    for name in rows.schema.names:
        if pa.types.is_string(rows[name].type) or pa.types.is_large_string(rows[name].type):
            hits = pc.fill_null(pc.match_substring_regex(rows[name], CONTROL.pattern), False)
            for at in pc.indices_nonzero(hits).to_pylist():
                found.setdefault(at, name)
    if not found:
        return rows, ()
    bad = rows.take(pa.array(sorted(found), pa.int64())).to_pylist()
    rejects = tuple(_reject(row, found[at]) for at, row in zip(sorted(found), bad, strict=True))
    good = pa.array([at not in found for at in range(rows.num_rows)])
    return rows.filter(good), rejects


def _reject(row: dict[str, Any], column: str) -> Reject:
    control = CONTROL.search(row[column])
    reason = f"holds the control character U+{ord(control[0]) if control else 0:04X}"
    text = ",".join("" if value is None else str(value) for name, value in row.items() if name != LINE)
    return Reject(row[LINE], column, reason, CONTROL.sub(lambda hit: f"\\x{ord(hit[0]):02x}", text))


def _type(kind: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    if pa.types.is_null(kind):
        return pa.string()
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(column: Any, kind: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    column = column if column.type == kind else column.cast(kind)
    column.validate(full=True)  # text that is no UTF-8
    return column
