"""Source kinds `postgres`, `sqlalchemy` and `hana`: a relation or query of a database, fetched into the landing area.

What is fetched. Without a watermark: everything, each time. With one: the first time everything, then only rows whose
watermark is above the highest value seen; they land as a further file. Everything is fetched anew when the columns or
their types are no longer those of the landed files. The watermark has to grow with every change and be filled: a whole
number, a date or a moment. Not noticed: deleted rows, and rows that become visible later with a value already passed
(transactions that were open for long, clocks that run apart).

Corrections. Where the canonical table has one row per id, of several landed rows with one id the one with the highest
watermark counts. So increments give what one fetch of everything would give. Tables without such an id just grow.

Numbers. Whole numbers stay whole numbers. Decimals land digit by digit as text and never pass through a float.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from netlift.errors import SettingsError, SourceError
from netlift.settings import SqlConnection, TableSettings
from netlift.sources import area, files, private_numbers, sql_postgres, sql_sqlalchemy
from netlift.sources.area import Area, Facts, Landed
from netlift.sources.relation import Place, Relation
from netlift.sources.sql_newest import newest_only
from netlift.sources.sql_question import Answer, Question

Ask = Callable[[Question], AbstractContextManager[Answer]]
_ISO_DATE = r"^\d{4}-\d{2}-\d{2}"


def read_postgres(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Rows of a PostgreSQL, streamed as Arrow by ADBC.

    Raises:
        SettingsError: a key is missing or does not fit.
        SourceError: the database cannot be reached, refuses, or does not know what is asked for.
        MissingExtra: the driver is not installed.
    """
    return _read(table, sql_postgres.ask, name=name, place=place)


def read_sqlalchemy(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Rows of any database that SQLAlchemy has a driver for; raises as `read_postgres` does."""
    return _read(table, sql_sqlalchemy.ask, name=name, place=place)


def read_hana(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Rows of an SAP HANA; raises as `read_postgres` does. The statements are tested, but not against a HANA server."""
    return _read(table, sql_sqlalchemy.ask_hana, name=name, place=place)


def _read(table: TableSettings, ask: Ask, *, name: str, place: Place) -> Relation:
    question = _question(table, name, place)
    with area.opened(place, name, source=f"{question.address} {table.relation} {table.query} {table.watermark}") as landed:
        fetched = _fetch(landed, ask, question)
        relation = files.open_files([landed.path(e) for e in fetched], table, name=name, named=question.named)
    return newest_only(relation, table, name=name) if len(fetched) > 1 else relation


def _question(table: TableSettings, name: str, place: Place) -> Question:
    where = f"tables.{name}"
    connection = place.settings.connections.get(table.connection or "")
    if connection is None:
        known = ", ".join(place.settings.connections) or "none"
        raise SettingsError(f"{where}.connection is '{table.connection}', which is no section of [connections]; there are: {known}.")
    if not isinstance(connection, SqlConnection) or connection.kind != table.source:
        raise SettingsError(
            f"{where}: source '{table.source}' needs a connection of this kind, and '{table.connection}' is of kind '{connection.kind}'."
        )
    if (table.relation is None) == (table.query is None):
        found = "both relation and query" if table.relation else "neither relation nor query"
        raise SettingsError(f"{where} has {found}; write one of them.")
    if table.format.kind or table.format.decimal != "." or table.format.thousands:
        raise SettingsError(f"{where}.format: kind, decimal and thousands are for files, not for databases; take them out.")
    return Question(name, table.connection or "", connection, place.settings.folder, table.relation, table.query, table.watermark)


def _fetch(landed: Area, ask: Ask, question: Question) -> tuple[Landed, ...]:
    """Land what is new; returns the files that now are the table, in the order of landing.

    A key is generation/number. A generation is one fetch of everything and what was added to it. It counts once its first
    file is in the manifest; so a crash before older generations are dropped does no harm.
    """
    generation, current = _current(landed)
    if current and question.watermark:
        known = pq.read_schema(landed.path(current[0]))
        with ask(question.above(_highest(landed), known)) as answer:
            if answer.schema == known:
                _land(landed, f"{generation}/{len(current)}", answer, question, may_be_empty=True)
                return _current(landed)[1]
    with ask(question) as answer:
        _land(landed, f"{generation + 1}/0", answer, question, may_be_empty=False)
    current = _current(landed)[1]
    landed.keep({e.key for e in current})
    return current


def _current(landed: Area) -> tuple[int, tuple[Landed, ...]]:
    """The newest generation, 0 where there is none, and its files."""
    newest = max((int(e.key.split("/")[0]) for e in landed.entries()), default=0)
    return newest, tuple(e for e in landed.entries() if e.key.startswith(f"{newest}/"))


def _highest(landed: Area) -> Any:  # noqa: ANN401 - a whole number, date, datetime or text
    """The highest watermark of the current files, as the database handed it over; None where no row had been there."""
    _, current = _current(landed)
    text = next((e.watermark for e in reversed(current) if e.watermark is not None), None)
    return None if text is None else _WATERMARKS[text[0]](text[1:])


def _land(landed: Area, key: str, answer: Answer, question: Question, *, may_be_empty: bool) -> None:
    _check_columns(answer.schema, question)
    batches = (b for b in answer.batches if b.num_rows)
    first = next(batches, None)
    if first is None and may_be_empty:
        return

    def write(path: Path) -> Facts:
        rows, highest = 0, None
        with pq.ParquetWriter(path, answer.schema, compression="zstd") as writer:
            for batch in _with(first, batches):
                writer.write_batch(private_numbers.emptied(batch))
                rows += batch.num_rows
                if question.watermark:
                    top = _top(batch.column(question.watermark), question)
                    highest = top if highest is None else max(highest, top)
        return Facts(rows=rows, watermark=None if highest is None else _kept(highest))

    landed.add(key, write, suffix=".parquet")


def _with(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
        yield from rest


def _check_columns(schema: pa.Schema, question: Question) -> None:
    twice = sorted({n for n in schema.names if schema.names.count(n) > 1})
    if twice:
        raise SourceError(
            f"tables.{question.table}: {question.named} has the column '{twice[0]}' twice; name one of them otherwise with AS."
        )
    if question.watermark and question.watermark not in schema.names:
        raise SettingsError(question.no_watermark(schema.names))


def _top(column: pa.Array, question: Question) -> Any:  # noqa: ANN401 - a whole number, date, datetime or text
    """The highest watermark of some rows."""
    where = f"tables.{question.table}: the watermark '{question.watermark}'"
    if column.null_count:
        raise SourceError(
            f"{where} is empty in {column.null_count:,} rows, and later changes of them would never be noticed; fill it, or read without."
        )
    kind = column.type
    dated = pa.types.is_string(kind) and pc.all(pc.match_substring_regex(column, _ISO_DATE)).as_py()
    if not (pa.types.is_integer(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind) or dated):
        raise SourceError(
            f"{where} holds {_example(column)}, and a watermark is a whole number, a date or a moment; choose another column."
        )
    try:
        return pc.max(column).as_py()
    except (OverflowError, ValueError) as error:
        raise SourceError(f"{where} holds a moment that no calendar has, such as 'infinity'; leave such rows out by a query.") from error


def _example(column: pa.Array) -> str:
    return f"'{column[0].as_py()}'" if len(str(column[0].as_py())) <= 40 else f"{column.type} values"


def _kept(value: Any) -> str:  # noqa: ANN401 - a whole number, date, datetime or text
    """A watermark as the manifest keeps it: a letter for its kind, and its text."""
    if isinstance(value, datetime):
        return "m" + value.isoformat()
    if isinstance(value, date):
        return "d" + value.isoformat()
    return f"{'w' if isinstance(value, int) else 't'}{value}"


_WATERMARKS: dict[str, Callable[[str], Any]] = {"w": int, "d": date.fromisoformat, "m": datetime.fromisoformat, "t": str}
