"""The engine's table of refused rows: exactly one row per refused row, with line, column, reason and the row's text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from netlift.engine import Engine
from netlift.sources.mapping import Mapping
from netlift.sources.relation import Reject, Relation
from netlift.sources.values import literal

LONGEST_TEXT = 10_000  # characters of a row that are kept
HIDDEN = "(contact data, not shown: see the line in the file)"
WITHHELD = "(not shown: the file has a column that is never stored; see the line there)"
ADDRESS = r"[^\s,;|\"'<>]+@[^\s,;|\"'<>]+|\+\d[\d ()./-]{6,}\d"  # an e-mail address, a number with its country code: RE2 and Python alike
UNSHOWN = "(address, not shown)"
_COLUMNS = "table_name, line, column_name, reason, row_text, file_name"


def create(engine: Engine) -> None:
    """Make the table, empty."""
    engine.execute(
        "CREATE OR REPLACE TABLE quarantine (table_name VARCHAR, line BIGINT, column_name VARCHAR, reason VARCHAR,"
        " row_text VARCHAR, file_name VARCHAR)",
    )


def add_rejects(engine: Engine, rejects: Sequence[Reject], *, table: str, file: str) -> None:
    """Rows that could not be read into columns."""
    engine.register(
        "__rejects",
        pa.table(
            {
                "table_name": pa.array([table] * len(rejects), pa.string()),
                "line": pa.array([r.line for r in rejects], pa.int64()),
                "column_name": pa.array([r.column or None for r in rejects], pa.string()),
                "reason": pa.array([r.reason for r in rejects], pa.string()),
                "row_text": pa.array([HIDDEN if table == "contacts" else _shown(r.text) for r in rejects], pa.string()),
                "file_name": pa.array([file] * len(rejects), pa.string()),
            },
        ),
    )
    engine.execute(f"INSERT INTO quarantine SELECT {_COLUMNS} FROM __rejects")
    engine.unregister("__rejects")


def add_found(engine: Engine, mapping: Mapping, relation: Relation, *, found: str, raw: str) -> None:
    """Rows of the table `raw` named by the query `found`, which gives __file, __line, column_name, reason."""
    files = " ".join(f"WHEN {i} THEN {literal(name)}" for i, name in enumerate(relation.files))
    engine.execute(
        f"INSERT INTO quarantine SELECT {literal(mapping.table)}, __line, column_name, reason, {_row_text(mapping, relation.delimiter)}, "
        f"CASE __file {files} END FROM ({found}) JOIN {raw} USING (__file, __line)",
    )


def withhold(engine: Engine, table: str) -> None:
    """Show no text of a table's refused rows."""
    engine.execute("UPDATE quarantine SET row_text = ? WHERE table_name = ?", [WITHHELD, table])


def forget(engine: Engine, table: str, file: str) -> None:
    """Take the refused rows of one file out."""
    engine.execute("DELETE FROM quarantine WHERE table_name = ? AND file_name = ?", [table, file])


@dataclass(frozen=True, slots=True)
class Commonest:
    """The reason most rows of a table were refused for."""

    refused: int  # all refused rows of the table
    rows: int  # refused for this reason
    column: str  # "" where no single column is to blame
    reason: str
    file: str
    line: int  # of the first of these rows


def commonest(engine: Engine, table: str) -> Commonest | None:
    """None where no row was refused."""
    rows = engine.rows(
        "SELECT sum(count(*)) OVER (), count(*), coalesce(column_name, ''), reason, min(file_name), min_by(line, (file_name, line)) "
        "FROM quarantine WHERE table_name = ? GROUP BY column_name, reason ORDER BY count(*) DESC, column_name NULLS FIRST, reason LIMIT 1",
        [table],
    )
    return Commonest(int(rows[0][0]), *rows[0][1:]) if rows else None


def _row_text(mapping: Mapping, delimiter: str) -> str:
    """SQL for a raw row as a line of CSV. Contact data are not shown."""
    if mapping.table == "contacts":
        return literal(HIDDEN)
    mark = literal(delimiter)
    cells = ", ".join(f"coalesce(CAST({mapping.raw(source)} AS VARCHAR), '')" for source in mapping.landed)
    doubled = "'\"' || replace(t, '\"', '\"\"') || '\"'"
    quoted = f"CASE WHEN regexp_matches(t, '[\"\\r\\n]') OR contains(t, {mark}) THEN {doubled} ELSE t END"
    text = f"array_to_string(list_transform([{cells}], lambda t: {quoted}), {mark})"
    return f"left(regexp_replace({text}, {literal(ADDRESS)}, {literal(UNSHOWN)}, 'g'), {LONGEST_TEXT})"


def _shown(text: str) -> str:
    """The text of a row that could not be read, without addresses that stand in the wrong table."""
    return re.sub(ADDRESS, UNSHOWN, text)[:LONGEST_TEXT]
