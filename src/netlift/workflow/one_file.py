"""One file as a project of its own: what the verbs that need no netlift.toml read."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from netlift import sources
from netlift.engine import Engine, quoted
from netlift.errors import InputError, SourceError
from netlift.offers.columns import Column
from netlift.records import Tables, Texts
from netlift.settings import Format, Settings, parse
from netlift.sources.csv_file import DELIMITERS, open_csv
from netlift.sources.date_forms import fitting
from netlift.workflow import outputs
from netlift.workflow.stages import Display, Quiet, Stopwatch

SAMPLE = 1 << 18  # bytes looked at for the decimal mark
NUMBER = r"^[+-]?\d+([.,]\d+)?$"  # runs nowhere, whatever its sign


def settings_of(file: Path, columns: Mapping[str, str], *, header: str | None = None, types: Mapping[str, str] | None = None) -> Settings:
    """The settings of a project whose table `customers` is this file.

    Args:
        file: CSV, CSV.GZ, Parquet or JSON lines.
        columns: the table's names → the file's; `customer_id` is among them.
        header: the file's column that shows what parts its columns; None = the one of `customer_id`.
        types: columns whose kind the values must not decide.

    Raises:
        InputError: there is no such file or column.
    """
    table: dict[str, Any] = {"source": "files", "path": str(file.absolute()), "columns": dict(columns), "types": dict(types or {})}
    mark = delimiter(file, header or columns["customer_id"])
    if mark is not None:
        table["format"] = {"kind": "csv", "delimiter": mark, "decimal": _decimal(file, mark)}
    return parse(
        {"project": {"name": file.name, "currency": "XXX"}, "tables": {"customers": table}}, folder=file.absolute().parent, sha256=""
    )


def _decimal(file: Path, mark: str) -> str:
    """The decimal mark of a CSV file: a comma where its first fields hold numbers such as 12,5 and none such as 12.5."""
    with gzip.open(file) if file.name.lower().endswith(".gz") else file.open("rb") as stream:
        text = stream.read(SAMPLE).decode("utf-8", "replace").replace('"', "").replace("\r", "")
    fields = re.split(f"[{re.escape(mark)}\n]", text)
    comma, point = (any(re.fullmatch(rf"[+-]?\d+{sign}\d+", f.strip()) for f in fields) for sign in (",", "[.]"))
    return "," if comma and not point and mark != "," else "."


def delimiter(file: Path, column: str) -> str | None:
    """What parts the columns of a CSV file: the mark with which its header names a column. None = not a CSV file."""
    if not file.is_file():
        raise SourceError(f"There is no file '{file}'; give one with a row per customer.")
    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt")):
        return None
    headers = []
    for mark in DELIMITERS:
        try:
            headers.append((mark, open_csv(file, Format(delimiter=mark)).header))
        except SourceError:
            continue
    for mark, header in headers:
        if column in header:
            return mark
    widest = max((header for _, header in headers), key=len, default=())
    if len(widest) < 2:
        return ","  # the file's own fault is told when it is read
    raise InputError(f"There is no column '{column}' in '{file.name}'; its columns are {', '.join(widest)}.")


@contextmanager
def customer_table(file: Path | str, customer: str, display: Display | None = None) -> Iterator[tuple[Engine, Tables]]:
    """A file with one row per customer as the table `customers` of an engine, ids in `customer_id`; refused rows are in the findings.

    Raises:
        InputError: the file or the column is wrong; the message says what to do.
    """
    settings = settings_of(Path(file), {"customer_id": customer})
    with Engine(settings.engine) as engine:
        yield engine, Stopwatch(display or Quiet()).run("sources", lambda p: sources.load(settings, engine, p))


def customer_columns(engine: Engine, tables: Tables, names: Sequence[str], *, file: str) -> tuple[Texts, dict[str, Column]]:
    """Ids in their order, and columns of `customer_table` as numbers or texts.

    Raises:
        InputError: there is no such column.
    """
    kinds = tables.columns("customers")
    absent = next((name for name in names if name not in kinds), None)
    if absent is not None:
        there = ", ".join(name for name in kinds if name != "customer_id")
        raise InputError(f"There is no column '{absent}' in '{file}'; its columns are {there}.")
    ids, columns, _ = columns_of(engine, {name: kinds[name] for name in names})
    return ids, columns


def harmless(table: pa.Table, names: Sequence[str]) -> tuple[pa.Table, int]:
    """The table for a CSV file: a text that a spreadsheet would run as a formula gets a quote before it (ASVS 1.2.10); how many did."""
    changed = 0
    for name in names:
        texts = table[name]
        risky = pc.fill_null(pc.and_not(pc.match_substring_regex(texts, outputs.FORMULA), pc.match_substring_regex(texts, NUMBER)), False)
        changed += pc.sum(risky).as_py() or 0
        table = table.set_column(
            table.column_names.index(name), name, pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)
        )
    return table, changed


def columns_of(engine: Engine, kinds: Mapping[str, str]) -> tuple[Texts, dict[str, Column], tuple[str, ...]]:
    """Ids, every other column as numbers or texts, and which texts were taken for dates."""
    remarks, selected = [], ["customer_id"]
    for name, kind in kinds.items():
        column = quoted(name)
        if name == "customer_id":
            continue
        if kind == "timestamp":
            selected.append(f"date_diff('day', DATE '1970-01-01', CAST({column} AS DATE)) AS {column}")
            continue
        forms = fitting(engine, f"SELECT {column} AS t FROM customers WHERE {column} IS NOT NULL") if kind == "text" else []
        if len(forms) == 1:
            day = f"CAST(strptime(trim({column}), '{forms[0]}') AS DATE)"
            selected.append(f"date_diff('day', DATE '1970-01-01', {day}) AS {column}")
            remarks.append(f"{name} was read as dates of the form {forms[0]}, the only one that fits all its values.")
        else:
            selected.append(column)
    table = engine.arrow(f"SELECT {', '.join(selected)} FROM customers ORDER BY customer_id")
    columns = {name: _array(table[name]) for name in table.column_names[1:]}
    return np.array(table["customer_id"].to_pylist(), dtype=object), columns, tuple(remarks)


def _array(column: pa.ChunkedArray) -> Column:
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
