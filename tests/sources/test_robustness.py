"""The inputs that common readers corrupt silently (20 kinds of damage): each has a stated outcome here."""

from __future__ import annotations

import pytest

from netlift.errors import SourceError

from .conftest import Shop

ROWS = 200
LENIENT = 0.5  # max_quarantined of the tests that look at single rows


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


def test_unclosed_quote(shop: Shop) -> None:
    """An unclosed quote refuses the file and names the line where its row begins."""
    with pytest.raises(
        SourceError, match=r"'customers.csv', line 151: a quote in this row is not closed rightly \(seen when the file ends\)"
    ):
        shop.load("customers", file(edit={150: '150,"Open,Town150,150.50'}))


def test_unclosed_quote_before_another(shop: Shop) -> None:
    """The same where a later quote seems to close it."""
    with pytest.raises(SourceError, match=r"line 151: a quote in this row is not closed rightly"):
        shop.load("customers", file(edit={150: '150,"Open,Town150,150.50', 160: '160,"Name160",Town160,160.50'}))


def test_unclosed_quote_in_a_large_file(shop: Shop) -> None:
    """A quote that swallows more than a field may hold is found without reading on."""
    with pytest.raises(SourceError, match=r"line 2: a field is longer than 131,072 characters; probably a quote is opened"):
        shop.load("customers", 'customer_id,name\n1,"Open\n' + "2,Name\n" * 50_000)


def test_windows_letters_in_a_utf8_file(shop: Shop) -> None:
    """A byte that is no UTF-8 refuses the file and names line, byte, place and the setting to write."""
    content = file().encode().replace(b"Town7,", b"M\xfcnchen,")
    place = content.index(b"\xfc")
    with pytest.raises(SourceError) as caught:
        shop.load("customers", content)
    assert f"line 8: byte 0xFC (position {place:,} of the file) is not UTF-8" in str(caught.value)
    assert 'encoding = "cp1252"' in str(caught.value)


def test_windows_letters_declared(shop: Shop) -> None:
    """With the encoding declared the letters are right."""
    shop.load("customers", file().encode().replace(b"Town7,", b"M\xfcnchen,"), format={"encoding": "cp1252"})
    assert ("M\u00fcnchen",) in shop.rows("customers", "city")


def test_utf16_with_mark(shop: Shop) -> None:
    """The byte order mark names the encoding beyond doubt: read, and said so."""
    read = shop.load("customers", file().encode("utf-16"))
    assert read.rows_ok == ROWS
    assert "customers: 'customers.csv' is read as UTF-16, as the mark at its start says." in read.findings


def test_utf16_without_mark(shop: Shop) -> None:
    """UTF-16 without a mark is refused, with the setting to write; with the setting it is read."""
    with pytest.raises(SourceError, match=r'U\+0000; is it UTF-16\? Then write format = \{ encoding = "utf-16-le" \}'):
        shop.load("customers", file().encode("utf-16-le"))
    assert shop.load("customers", file().encode("utf-16-le"), format={"encoding": "utf-16-le"}).rows_ok == ROWS


def test_utf8_mark(shop: Shop) -> None:
    """A UTF-8 mark does not become part of the first column's name."""
    assert shop.load("customers", file().encode("utf-8-sig")).rows_ok == ROWS


def test_mark_against_the_declared_encoding(shop: Shop) -> None:
    """A mark that contradicts the declared encoding is refused."""
    with pytest.raises(SourceError, match=r"begins with the mark of UTF-8, and encoding = 'cp1252' is declared"):
        shop.load("customers", file().encode("utf-8-sig"), format={"encoding": "cp1252"})


def test_semicolons_and_decimal_comma(shop: Shop) -> None:
    """A file with another delimiter is recognised; declared, with its decimal mark, it is read right."""
    content = file().replace(",", ";").replace(".", ",")
    with pytest.raises(SourceError, match=r"found 1 column 'customer_id;name;city;amount' with delimiter ','; the header looks like ';'"):
        shop.load("customers", content)
    shop.load("customers", content, format={"delimiter": ";", "decimal": ","})
    assert shop.rows("customers")[0] == ("001", "Name1", "Town1", 1.5)


def test_extra_and_missing_columns_in_a_row(shop: Shop) -> None:
    """A row wider or narrower than the header goes to quarantine, alone."""
    read = shop.load("customers", file(edit={10: "010,Name10,Town10,1.5,more", 20: "020,Name20"}))
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (ROWS, ROWS - 2, 2)
    assert shop.quarantined() == [
        (11, None, "has 5 fields, and the header has 4", "010,Name10,Town10,1.5,more"),
        (21, None, "has 2 fields, and the header has 4", "020,Name20"),
    ]


def test_blank_lines(shop: Shop) -> None:
    """Empty lines between rows are refused rows; those at the end of the file are no rows."""
    read = shop.load("customers", file(edit={10: "", 11: ""}) + "\n\n")
    assert (read.rows_in, read.rows_quarantined) == (ROWS, 2)
    assert shop.quarantined() == [(11, None, "is an empty line", ""), (12, None, "is an empty line", "")]


def test_leading_zeros(shop: Shop) -> None:
    """Ids keep their zeros, and so do attributes that look like codes, with a remark."""
    read = shop.load("customers", "customer_id,zip\n001,01067\n002,80331\n")
    assert shop.rows("customers") == [("001", "01067"), ("002", "80331")]
    assert "customers: zip stays text, because 1 of its numbers have a leading zero or too many digits, first in line 2" in read.findings[0]


def test_ids_beyond_doubles(shop: Shop) -> None:
    """Ids beyond 2^53 stay two customers."""
    shop.load("transactions", f"customer_id,timestamp,amount\n{2**53},2017-01-01,1\n{2**53 + 1},2017-01-01,1\n")
    assert shop.rows("transactions", "customer_id") == [("9007199254740992",), ("9007199254740993",)]


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


def test_dates_of_two_orders_in_one_column(shop: Shop) -> None:
    """03/04 beside 13/04 and 04/13 is never guessed: the table is refused."""
    with pytest.raises(
        SourceError, match=r"no usual form fits all of these values; write their form as date in tables.transactions.format"
    ):
        shop.load("transactions", "customer_id,timestamp,amount\n1,03/04/2017,1\n2,13/04/2017,1\n3,04/13/2017,1\n")


def test_words_that_look_missing(shop: Shop) -> None:
    """NA, Null and nan are names unless the format says otherwise."""
    shop.load("customers", "customer_id,name\n1,NA\n2,Null\n3,nan\n4,\n")
    assert shop.rows("customers") == [("1", "NA"), ("2", "Null"), ("3", "nan"), ("4", None)]
    shop.load("customers", "customer_id,name\n1,NA\n2,Null\n", format={"missing": ["NA"]})
    assert shop.rows("customers") == [("1", None), ("2", "Null")]


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


def test_trailing_nuls(shop: Shop) -> None:
    """NULs after the last row, as an interrupted copy leaves them, are a refused row."""
    read = shop.load("customers", file() + "\0" * 100)
    assert (read.rows_ok, read.rows_quarantined) == (ROWS, 1)


def test_duplicate_header(shop: Shop) -> None:
    """A column name used twice refuses the file."""
    with pytest.raises(SourceError, match=r"has the column 'name' 2 times"):
        shop.load("customers", file(header="customer_id,name,name,amount"))


def test_names_that_differ_in_case(shop: Shop) -> None:
    """SQL does not tell such names apart, so they are refused."""
    with pytest.raises(SourceError, match=r"'Name' and 'name' differ only in case"):
        shop.load("customers", file(header="customer_id,Name,name,amount"))


def test_cut_last_line(shop: Shop) -> None:
    """A file cut in its last row: fewer fields are refused, a shorter last value is at least said."""
    read = shop.load("customers", file()[:-1])
    assert "customers: 'customers.csv' ends without a line end: its last value may be cut off." in read.findings
    read = shop.load("customers", file()[:-12])
    assert read.rows_quarantined == 1


def test_line_break_inside_quotes(shop: Shop) -> None:
    """A quoted line break belongs to the value, and later rows keep their physical line numbers."""
    read = shop.load("customers", file(edit={10: '010,"Name\n10",Town10,1.5', 20: "020,x"}))
    assert ("Name\n10",) in shop.rows("customers", "name")
    assert (read.rows_quarantined, shop.quarantined()[0][0]) == (1, 22)


def test_comma_and_quote_inside_quotes_come_back_in_quarantine(shop: Shop) -> None:
    """The refused row's text is a line of CSV again."""
    shop.load("customers", file(edit={10: '010,"Na""me, 10",Town10,x'}), types={"amount": "number"})
    assert shop.quarantined() == [(11, "amount", "is no number", '010,"Na""me, 10",Town10,x')]


def test_one_endless_line(shop: Shop) -> None:
    """A line of more than a million characters is refused before it fills the memory."""
    with pytest.raises(SourceError, match=r"line 2: the line is longer than 1,048,576 characters"):
        shop.load("customers", "customer_id,name\n1," + "x" * 3_000_000)


def test_a_million_columns(shop: Shop) -> None:
    """A header of more than 5,000 columns is refused."""
    with pytest.raises(SourceError, match=r"has 6,000 columns, and 5,000 are the most"):
        shop.load("customers", ",".join(f"c{i}" for i in range(6_000)) + "\n")
