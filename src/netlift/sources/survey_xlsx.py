"""Excel workbooks: the header in row 1 of one sheet, every cell as text."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from netlift.errors import MissingExtra, SettingsError, SourceError
from netlift.settings import Format
from netlift.sources.csv_file import BOMB_RATIO, BOMB_SIZE
from netlift.sources.relation import Batch, Relation
from netlift.sources.survey_cells import Row, as_text, batch_of, relation_of

# What zipfile and openpyxl raise on damaged files: RuntimeError (with NotImplementedError) where packed by password or in an unknown way.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError, TypeError, SyntaxError, RuntimeError)


def open_xlsx(path: Path, style: Format, *, named: str) -> Relation:
    """The sheet as a relation of texts; the line of a row is its number in the sheet.

    Raises:
        MissingExtra: openpyxl is not installed.
        SettingsError: the workbook has several sheets and none is named, or the named one is not there.
        SourceError: the file is damaged or no workbook, or the header has empty or repeated names.
    """
    rows = _rows(path, style)
    header = _header(rows[0].cells if rows and rows[0].line == 1 else (), path.name, style)

    def batches(wanted: Sequence[str]) -> Iterator[Batch]:
        yield batch_of(rows[1:], header, wanted=wanted, style=style)

    return relation_of(path, header, named=named, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), batches=batches)


def _header(cells: Sequence[Any], file: str, style: Format) -> list[str]:
    try:
        header = [(as_text(cell, style) or "").strip() for cell in cells]
    except ValueError as reason:
        raise SourceError(f"Row 1 of '{file}' {reason}; write the names of the columns there.") from reason
    if not header:
        raise SourceError(f"'{file}' has no header in row 1; write the names of the columns there.")
    if "" in header:
        raise SourceError(f"Row 1 of '{file}' has no name for column {header.index('') + 1} of {len(header)}; name every column.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(f"Row 1 of '{file}' has the column '{twice[0]}' {header.count(twice[0])} times; rename all but one.")
    return header


def _rows(path: Path, style: Format) -> list[Row]:
    """The rows of the sheet, without the empty cells and rows at the ends."""
    try:
        import openpyxl  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra("surveys", "Reading an Excel file") from error
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > BOMB_SIZE and size > BOMB_RATIO * path.stat().st_size:
            raise SourceError(f"'{path.name}' unpacks to more than {BOMB_RATIO} times its size; save it anew, or as CSV.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            shown = openpyxl.load_workbook(path, read_only=True, data_only=True)
            written = openpyxl.load_workbook(path, read_only=True)
            try:
                name = _sheet(shown.sheetnames, style, path.name)
                return list(_read(shown[name], written[name], path.name))
            finally:
                shown.close()
                written.close()
    except UNREADABLE as error:
        raise SourceError(f"'{path.name}' is no readable Excel workbook (.xlsx); is it damaged, protected, or of an old form?") from error


def _sheet(names: Sequence[str], style: Format, file: str) -> str:
    if style.sheet is None and len(names) == 1:
        return names[0]
    listed = ", ".join(f"'{n}'" for n in names)
    if style.sheet is None:
        raise SettingsError(f"'{file}' has the sheets {listed}; write which one is read as sheet under tables.survey.format.")
    if style.sheet not in names:
        raise SettingsError(f"tables.survey.format.sheet is '{style.sheet}', and '{file}' has the sheets {listed}; correct it.")
    return style.sheet


def _read(shown: Any, written: Any, file: str) -> Iterator[Row]:  # noqa: ANN401 - openpyxl has no types
    empty: list[int] = []
    for line, (cells, formulas) in enumerate(zip(shown.iter_rows(), written.iter_rows(), strict=True), 1):
        values = [cell.value for cell in cells]
        for cell, formula in zip(cells, formulas, strict=True):
            if formula.data_type == "f" and cell.value is None:
                raise SourceError(f"'{file}', cell {cell.coordinate}: the formula has no stored result; open and save it in a spreadsheet.")
            if cell.data_type == "e":
                raise SourceError(f"'{file}', cell {cell.coordinate} holds the error {cell.value}; correct it in the spreadsheet.")
        while values and values[-1] is None:
            values.pop()
        if not values:
            empty.append(line)
            continue
        yield from (Row(number, ()) for number in empty)
        empty.clear()
        yield Row(line, values)
