"""One file as a project of its own: what the verbs that need no netlift.toml read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netlift.errors import InputError, SourceError
from netlift.settings import Format, Settings, parse
from netlift.sources.csv_file import DELIMITERS, open_csv


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
    delimiter = _delimiter(file, header or columns["customer_id"])
    if delimiter is not None:
        table["format"] = {"kind": "csv", "delimiter": delimiter}
    return parse(
        {"project": {"name": file.name, "currency": "XXX"}, "tables": {"customers": table}}, folder=file.absolute().parent, sha256=""
    )


def _delimiter(file: Path, column: str) -> str | None:
    """What parts the columns of a CSV file: the mark with which its header names a column. None = not a CSV file."""
    if not file.is_file():
        raise SourceError(f"There is no file '{file}'; give one with a row per customer.")
    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt")):
        return None
    headers = []
    for delimiter in DELIMITERS:
        try:
            headers.append((delimiter, open_csv(file, Format(delimiter=delimiter)).header))
        except SourceError:
            continue
    for delimiter, header in headers:
        if column in header:
            return delimiter
    widest = max((header for _, header in headers), key=len, default=())
    if len(widest) < 2:
        return ","  # the file's own fault is told when it is read
    raise InputError(f"There is no column '{column}' in '{file.name}'; its columns are {', '.join(widest)}.")
