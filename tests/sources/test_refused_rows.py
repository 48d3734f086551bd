"""What a refused row looks like in quarantine, and its line in the file. The outcomes of malformed files are in test_corpus.py."""

from __future__ import annotations

import pytest

from netlift.errors import SourceError

from .conftest import Shop

ROWS = 200


def file(*, edit: dict[int, str] | None = None, header: str = "customer_id,name,city,amount", end: str = "\n") -> str:
    """A header and ROWS rows; row i stands in line i + 1 and may be replaced by `edit[i]`."""
    rows = [(edit or {}).get(i, f"{i:03d},Name{i},Town{i},{i}.50") for i in range(1, ROWS + 1)]
    return end.join([header, *rows]) + end


def test_sound_file(shop: Shop) -> None:
    """A sound file arrives whole: text as text, numbers as numbers, nothing refused."""
    read = shop.load("customers", file())
    assert (read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out) == (ROWS, ROWS, 0, 0)
    assert shop.rows("customers")[0] == ("001", "Name1", "Town1", 1.5)
    assert read.columns == {"customer_id": "text", "name": "text", "city": "text", "amount": "number"}


def test_extra_and_missing_columns_in_a_row(shop: Shop) -> None:
    """A row wider or narrower than the header goes to quarantine, alone."""
    read = shop.load("customers", file(edit={10: "010,Name10,Town10,1.5,more", 20: "020,Name20"}))
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (ROWS, ROWS - 2, 2)
    assert shop.quarantined() == [
        (11, None, "has 5 fields, and the header has 4", "010,Name10,Town10,1.5,more"),
        (21, None, "has 2 fields, and the header has 4", "020,Name20"),
    ]


def test_no_header_line(shop: Shop) -> None:
    """Without a header no customer is eaten: the file is refused, and no value that may be personal is shown."""
    with pytest.raises(SourceError) as caught:
        shop.load("contacts", "1234567,ann@example.com\n1234568,bob@example.com\n")
    assert "line 1 looks like a row of values: write the column names there" in str(caught.value)
    assert "ann@" not in str(caught.value)
    assert "1234567" not in str(caught.value)


def test_one_amount_with_a_currency_sign(shop: Shop) -> None:
    """In a canonical number the row goes to quarantine; the column stays a number."""
    lines = [f"{i},2017-01-01,{i}.5" for i in range(100)] + ['100,2017-01-01,"$1,234.50"']
    read = shop.load("transactions", "customer_id,timestamp,amount\n" + "\n".join(lines) + "\n")
    assert (read.rows_ok, read.rows_quarantined) == (100, 1)
    assert shop.quarantined() == [(102, "amount", "is no number", '100,2017-01-01,"$1,234.50"')]


def test_mixed_attribute_stays_text(shop: Shop) -> None:
    """In an attribute the column stays text, and the remark names the first value and its line."""
    read = shop.load("customers", file(edit={30: '030,Name30,Town30,"$1,234.50"'}))
    assert read.columns["amount"] == "text"
    assert "amount stays text, because 1 of its 200 values are no numbers, first '$1,234.50' in line 31" in read.findings[0]


def test_mixed_attribute_declared_a_number(shop: Shop) -> None:
    """With the kind declared the offending row goes to quarantine."""
    read = shop.load("customers", file(edit={30: '030,Name30,Town30,"$1,234.50"'}), types={"amount": "number"})
    assert (read.columns["amount"], read.rows_quarantined) == ("number", 1)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends(shop: Shop, end: str) -> None:
    """Every kind of line end gives the same rows and the same line numbers."""
    read = shop.load("customers", file(end=end, edit={10: "010,x"}))
    assert (read.rows_ok, read.rows_quarantined) == (ROWS - 1, 1)
    assert shop.quarantined()[0][0] == 11


@pytest.mark.parametrize(("character", "code"), [("\0", "U+0000"), ("\x08", "U+0008"), ("\x1b", "U+001B"), ("\x85", "U+0085")])
def test_control_characters(shop: Shop, character: str, code: str) -> None:
    """A row with a NUL or another control character goes to quarantine with the column's name."""
    read = shop.load("customers", file(edit={10: f"010,Na{character}me,Town10,1.5"}))
    assert (read.rows_ok, read.rows_quarantined) == (ROWS - 1, 1)
    line, column, reason, text = shop.quarantined()[0]
    assert (line, column, reason) == (11, "name", f"holds the control character {code}")
    assert character not in text


def test_line_break_inside_quotes(shop: Shop) -> None:
    """A quoted line break belongs to the value, and later rows keep their physical line numbers."""
    read = shop.load("customers", file(edit={10: '010,"Name\n10",Town10,1.5', 20: "020,x"}))
    assert ("Name\n10",) in shop.rows("customers", "name")
    assert (read.rows_quarantined, shop.quarantined()[0][0]) == (1, 22)


def test_comma_and_quote_inside_quotes_come_back_in_quarantine(shop: Shop) -> None:
    """The refused row's text is a line of CSV again."""
    shop.load("customers", file(edit={10: '010,"Na""me, 10",Town10,x'}), types={"amount": "number"})
    assert shop.quarantined() == [(11, "amount", "is no number", '010,"Na""me, 10",Town10,x')]
