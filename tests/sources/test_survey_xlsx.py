"""Excel workbooks, written by openpyxl and by hand."""

from __future__ import annotations

import zipfile
from datetime import datetime
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from netlift.errors import NetliftError, SettingsError, SourceError
from tests.sources.conftest import Shop


def write(shop: Shop, rows: list[list[Any]], *, sheets: tuple[str, ...] = ("Answers",)) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(shop.folder / "answers.xlsx")


def load(shop: Shop, *, style: dict[str, Any] | None = None, **more: Any) -> Any:
    style = {"shape": "wide", "questions": ["q*"], **(style or {})}
    return shop.load("survey", source="survey", path="answers.xlsx", format=style, **more)


def test_cells_of_every_kind(shop: Shop) -> None:
    """Whole numbers have no point, ids keep leading zeros, dates are dates, empty cells are missing and 0 is 0."""
    moment = datetime(2026, 1, 2, 10, 30)  # noqa: DTZ001 - Excel knows no zones
    write(shop, [["customer_id", "answered_at", "q1", "q2", "q3"], ["007", moment, 5, 2.5, True], [8, moment, 0, None, "well"], [None] * 5])
    read = load(shop)
    assert (read.rows_in, read.rows_ok) == (6, 6)
    assert shop.rows("survey", "customer_id, question, answer, CAST(answered_at AS VARCHAR)") == [
        ("007", "q1", "5", "2026-01-02 10:30:00"),
        ("007", "q2", "2.5", "2026-01-02 10:30:00"),
        ("007", "q3", "TRUE", "2026-01-02 10:30:00"),
        ("8", "q1", "0", "2026-01-02 10:30:00"),
        ("8", "q2", None, "2026-01-02 10:30:00"),
        ("8", "q3", "well", "2026-01-02 10:30:00"),
    ]


def test_long_form(shop: Shop) -> None:
    """A sheet of answers is read as it is."""
    write(shop, [["customer_id", "question", "answer"], ["1", "nps", 9]])
    load(shop, style={"shape": "long", "questions": []})
    assert shop.rows("survey") == [("1", "nps", "9")]


def test_bad_rows_are_refused_with_their_row_number(shop: Shop) -> None:
    """An empty row between others, a row wider than the header, and an id that was rounded."""
    write(shop, [["customer_id", "q1"], ["1", 1], [], ["2", 1, 3], [12345678901234567, 1], ["3", 1]])
    read = load(shop, max_quarantined=0.7)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (5, 2, 3)
    assert [row[0] for row in shop.quarantined()] == [3, 4, 5]


def test_several_sheets_need_a_name(shop: Shop) -> None:
    """Which sheet is read is never guessed."""
    write(shop, [["customer_id", "q1"], ["1", 1]], sheets=("Notes", "Answers"))
    with pytest.raises(SettingsError, match="has the sheets 'Notes', 'Answers'; write which one"):
        load(shop)
    with pytest.raises(SettingsError, match="sheet is 'Answer', and"):
        load(shop, style={"sheet": "Answer"})
    assert load(shop, style={"sheet": "Answers"}).rows_ok == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["customer_id", "q1"], ["1", "=1+1"]], "cell B2: the formula has no stored result"),
        ([["customer_id", "q1"], ["1", "#REF!"]], "cell B2 holds the error #REF!"),
        ([["customer_id", "q1", "q1"], ["1", 1, 2]], "has the column 'q1' 2 times"),
        ([["customer_id", None, "q1"], ["1", 1, 2]], "has no name for column 2 of 3"),
        ([], "has no header in row 1"),
        ([["customer_id", 12345678901234567], ["1", 1]], r"Row 1 of 'answers\.xlsx' holds a number of more than 15 digits"),
    ],
)
def test_what_cannot_be_trusted_is_refused(shop: Shop, rows: list[list[Any]], told: str) -> None:
    """Formulas that were never computed, errors, and headers without or with the same names."""
    write(shop, rows)
    with pytest.raises(SourceError, match=told):
        load(shop)


@pytest.mark.parametrize("content", [b"customer_id,q1\n1,2\n", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 an old or protected one"])
def test_what_is_no_workbook_is_told(shop: Shop, content: bytes) -> None:
    """A renamed CSV, a cut file and an old form get one sentence."""
    shop.write("answers.xlsx", content)
    with pytest.raises(NetliftError, match="is no readable Excel workbook"):
        load(shop)


@pytest.mark.parametrize("place", [6, 10, None])
def test_a_damaged_archive_is_told_of(shop: Shop, place: int | None) -> None:
    """An unknown version or method of packing, and packed bytes that cannot be unpacked: one sentence, no stack trace."""
    write(shop, [["customer_id", "q1"], ["1", "yes"]])
    file = shop.folder / "answers.xlsx"
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    if place is None:
        name, extra = int.from_bytes(data[sheet + 26 : sheet + 28], "little"), int.from_bytes(data[sheet + 28 : sheet + 30], "little")
        data[sheet + 30 + name + extra] = 0xFF  # a block type that deflate does not have
    else:
        entry = data.rindex(b"xl/worksheets/sheet1.xml") - 46  # in the directory: version needed is 6 bytes in, the method 10
        data[entry + place] = 99
    file.write_bytes(data)
    with pytest.raises(SourceError, match="is no readable Excel workbook"):
        load(shop)
