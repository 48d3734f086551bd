"""Malformed and odd files, each with its stated outcome. Run as a program it loads them all and prints what became of each.

python -m tests.sources.corpus FOLDER
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from netlift import sources
from netlift.engine import Engine
from netlift.errors import NetliftError
from netlift.settings import EngineSettings, parse

GIGABYTE = 1 << 30
WHEN = "2017-01-01"
SALES = "customer_id,timestamp,amount\n"

Rows = list[list[Any]]  # as the engine holds them, sorted; moments as text


@dataclass(frozen=True, slots=True)
class Case:
    """A file and what becomes of it: rows, quarantined lines with their reasons, or the sentence it is refused with."""

    name: str
    content: str | bytes | Callable[[Path], None]  # or what writes it
    rows: Rows | None = None
    quarantined: tuple[tuple[int, str], ...] = ()
    left_out: int = 0
    refused: str = ""  # a part of the sentence
    noted: str = ""  # a part of a finding
    table: str = "customers"
    file: str = "x.csv"
    settings: Mapping[str, Any] = field(default_factory=dict)


def sales(name: str, *lines: str, **expected: Any) -> Case:
    """A file of transactions with these lines after its header."""
    return Case(name, SALES + "".join(f"{line}\n" for line in lines), table="transactions", **expected)


def amounts(name: str, amount: str, *, value: float | None = None, reason: str = "is no number", **expected: Any) -> Case:
    """Two sales, the second with this amount: its value, or the reason why its row is refused."""
    rows = [["1", f"{WHEN} 00:00:00", 5.0]] + ([["2", f"{WHEN} 00:00:00", value]] if value is not None else [])
    refused = ((3, reason),) if value is None else ()
    return sales(name, f"1;{WHEN};5", f"2;{WHEN};{amount}", rows=rows, quarantined=refused, **expected)


def semicolons(case: Case, **style: str) -> Case:
    """The same with ';' in the header too, so that amounts may hold a comma."""
    content = str(case.content).replace(SALES, SALES.replace(",", ";"))
    settings = {**case.settings, "format": {"delimiter": ";", **style}, "max_quarantined": 1}
    return Case(
        case.name,
        content,
        rows=case.rows,
        quarantined=case.quarantined,
        refused=case.refused,
        noted=case.noted,
        table=case.table,
        settings=settings,
    )


def dates(name: str, *days: str, style: str | None = None, **expected: Any) -> Case:
    """Sales on these days, one customer each."""
    settings = {"max_quarantined": 1 if expected.get("quarantined") else 0.05, **({"format": {"date": style}} if style else {})}
    return sales(name, *(f"{i},{day},5" for i, day in enumerate(days, 1)), settings=settings, **expected)


def parquet(name: str, columns: Mapping[str, Any], **expected: Any) -> Case:
    """A Parquet file of these columns."""
    return Case(name, lambda path: pq.write_table(pa.table(dict(columns)), path), file="x.parquet", **expected)


def lines(name: str, *objects: str, **expected: Any) -> Case:
    """A file of JSON lines."""
    return Case(name, "".join(f"{o}\n" for o in objects), file="x.jsonl", settings={"max_quarantined": 1}, **expected)


TWO = "customer_id,name\n1,Ann\n2,Bj\u00f6rn\n"
READ: Rows = [["1", "Ann"], ["2", "Bj\u00f6rn"]]
ANY = {"max_quarantined": 1}

ENCODINGS = (
    Case("utf-8", TWO, READ),
    Case("utf-8 with a mark", TWO.encode("utf-8-sig"), READ),
    Case("utf-16 with a mark", TWO.encode("utf-16"), READ, noted="is read as UTF-16, as the mark at its start says"),
    Case("utf-16, big end first, with a mark", b"\xfe\xff" + TWO.encode("utf-16-be"), READ),
    Case("utf-32 with a mark", TWO.encode("utf-32"), READ, noted="is read as UTF-32"),
    Case("utf-16 without a mark", TWO.encode("utf-16-le"), refused='is it UTF-16? Then write format = { encoding = "utf-16-le" }'),
    Case("utf-16 without a mark, declared", TWO.encode("utf-16-le"), READ, settings={"format": {"encoding": "utf-16-le"}}),
    Case("utf-16 cut in a letter", TWO.encode("utf-16")[:-1], refused="is not UTF-16"),
    Case(
        "cp1252",
        TWO.encode("cp1252"),
        refused="line 3: byte 0xF6 (position 27 of the file) is not UTF-8; save the file as UTF-8, or write format = { encoding",
    ),
    Case("cp1252, declared", TWO.encode("cp1252"), READ, settings={"format": {"encoding": "cp1252"}}),
    Case(
        "cp1252, declared as latin-1",
        "customer_id,name\n1,5 \u20ac\n2,b\n".encode("cp1252"),
        [["2", "b"]],
        ((2, "holds the control character U+0080"),),
        settings={**ANY, "format": {"encoding": "latin-1"}},
    ),
    Case(
        "a mark against the declared encoding",
        TWO.encode("utf-8-sig"),
        refused="begins with the mark of UTF-8, and encoding = 'cp1252' is declared",
        settings={"format": {"encoding": "cp1252"}},
    ),
    Case("an encoding that is none", TWO, refused="encoding = 'utf-9' is no text encoding", settings={"format": {"encoding": "utf-9"}}),
    Case("utf-8 cut in a letter", TWO.encode()[:-4], refused="line 3: byte 0xC3"),
    Case("half of a surrogate pair", b"customer_id,name\n1,\xed\xa0\x80\n", refused="line 2: byte 0xED"),
    Case("utf-8 longer than needed", b"customer_id,name\n1,\xc0\x80\n", refused="line 2: byte 0xC0"),
    Case("a mark inside the file", "customer_id,name\n1,\ufeffAnn\n", [["1", "\ufeffAnn"]]),
    Case("line separators that are none", "customer_id,name\n1,a\u2028b\u2029c\n", [["1", "a\u2028b\u2029c"]]),
)

DELIMITERS = (
    Case("semicolons", TWO.replace(",", ";"), refused="found 1 column 'customer_id;name' with delimiter ','; the header looks like ';'"),
    Case("semicolons, declared", TWO.replace(",", ";"), READ, settings={"format": {"delimiter": ";"}}),
    Case("tabs", TWO.replace(",", "\t"), refused="the header looks like '\\t': write format = { delimiter = \"\\t\" }"),
    Case("bars, declared", TWO.replace(",", "|"), READ, settings={"format": {"delimiter": "|"}}),
    Case("a sign that is no ASCII, declared", TWO.replace(",", "\u00a7"), READ, settings={"format": {"delimiter": "\u00a7"}}),
    Case("a quote as delimiter", TWO, refused="cannot separate columns", settings={"format": {"delimiter": '"'}}),
)

QUOTES = (
    Case("delimiter and quote inside quotes", 'customer_id,name\n1,"a, ""b"""\n', [["1", 'a, "b"']]),
    Case(
        "line breaks inside quotes",
        'customer_id,name\n1,"a\nb\r\nc"\n2,x,y\n',
        [["1", "a\nb\r\nc"]],
        ((5, "has 3 fields, and the header has 2"),),
        settings=ANY,
    ),
    Case("everything in quotes", '"customer_id","name"\n"1","Ann"\n', [["1", "Ann"]]),
    Case("quotes inside a text without them", 'customer_id,name\n1,5" pipe\n', [["1", '5" pipe']]),
    Case(
        "a quote not closed",
        'customer_id,name\n1,"Ann\n2,b\n',
        refused="line 2: a quote in this row is not closed rightly (seen when the file ends)",
    ),
    Case(
        "a quote not closed before another",
        'customer_id,name\n1,"Ann\n2,"b"\n',
        refused="line 2: a quote in this row is not closed rightly (seen when line 3 is reached)",
    ),
    Case(
        "a quote not closed in a large file",
        'customer_id,name\n1,"Ann\n' + "2,b\n" * 50_000,
        refused="line 2: a field is longer than 131,072 characters; probably a quote is opened",
    ),
    Case("text after a closing quote", 'customer_id,name\n1,"Ann"b\n', refused="line 2: a quote in this row is not closed rightly"),
    Case("a quote not closed in the header", '"customer_id,name\n1,2\n', refused="line 1: a quote in this row is not closed rightly"),
)

LINE_ENDS = (
    Case("carriage returns only", TWO.replace("\n", "\r"), READ),
    Case("carriage returns and line feeds", TWO.replace("\n", "\r\n"), READ),
    Case("mixed line ends", "customer_id,name\r1,Ann\r\n2,Bj\u00f6rn\n", READ),
    Case("no line end at the end", TWO[:-1], READ, noted="ends without a line end: its last value may be cut off"),
    Case(
        "a cut last line", "customer_id,name,n\n1,a,2\n2,b", [["1", "a", 2.0]], ((3, "has 2 fields, and the header has 3"),), settings=ANY
    ),
    Case(
        "empty lines",
        "customer_id,name\n1,a\n\n\n2,b\n\n\n",
        [["1", "a"], ["2", "b"]],
        ((3, "is an empty line"), (4, "is an empty line")),
        settings=ANY,
    ),
    Case("a line of blanks", "customer_id,name\n1,a\n  \n", [["1", "a"]], ((3, "has 1 fields, and the header has 2"),), settings=ANY),
)

STRUCTURE = (
    Case("nothing", "", refused="'x.csv' is empty; a header line with column names is expected"),
    Case("a mark and nothing", b"\xef\xbb\xbf", refused="'x.csv' is empty"),
    Case("a header only", "customer_id,name\n", refused="'x.csv' has a header and no rows"),
    Case("empty lines only", "\n\n\n", refused="has no name for column 1 of 1"),
    Case("a row too wide", "customer_id,name\n1,a\n2,b,c\n", [["1", "a"]], ((3, "has 3 fields, and the header has 2"),), settings=ANY),
    Case(
        "a row too narrow",
        "customer_id,name,n\n1,a,1\n2,b\n",
        [["1", "a", 1.0]],
        ((3, "has 2 fields, and the header has 3"),),
        settings=ANY,
    ),
    Case("a delimiter at the end of each row", "customer_id,name\n1,a,\n2,b,\n", refused="2 of 2 rows (100.0 %) are refused"),
    Case("a name twice", "customer_id,name,name\n1,a,b\n", refused="has the column 'name' 2 times; rename all but one"),
    Case("names that differ in case", "customer_id,Name,name\n1,a,b\n", refused="'Name' and 'name' differ only in case"),
    Case("a column without a name", "customer_id,,name\n1,a,b\n", refused="has no name for column 2 of 3"),
    Case("another header", "CustomerNo,name\n1,a\n", refused="needs customer_id, and 'x.csv' has the columns CustomerNo, name"),
    Case("no header", "1,ann@example.com\n2,b@example.com\n", refused="line 1 looks like a row of values: write the column names there"),
    Case("a comment before the header", "# export\ncustomer_id,name\n1,a\n", refused="needs customer_id"),
    Case(
        "a comment among the rows",
        "customer_id,name\n1,a\n# page 2\n",
        [["1", "a"]],
        ((3, "has 1 fields, and the header has 2"),),
        settings=ANY,
    ),
    Case(
        "the header once more",
        "customer_id,name\n1,a\ncustomer_id,name\n2,b\n",
        [["1", "a"], ["2", "b"]],
        ((3, "repeats the header"),),
        settings=ANY,
    ),
    sales(
        "a line of totals", f"1,{WHEN},5", "Total,,5", rows=[["1", f"{WHEN} 00:00:00", 5.0]], quarantined=((3, "is missing"),), settings=ANY
    ),
    Case("too many columns", ",".join(f"c{i}" for i in range(6_000)) + "\n", refused="has 6,000 columns, and 5,000 are the most"),
    Case("a name that is reserved", "customer_id,__line\n1,a\n", refused="the column '__line' begins with '__'"),
    Case(
        "an id twice",
        "customer_id,name\n1,a\n1,b\n",
        refused="1 row repeats a customer_id that an earlier row has (first in line 3: the same as in line 2)",
    ),
    Case("rows left out on purpose", "customer_id,n\n1,5\n2,9\n", [["1", 5.0]], left_out=1, settings={"where": "n < 6"}),
)

CONTROLS = (
    Case("a NUL in a text", "customer_id,name\n1,a\0b\n2,c\n", [["2", "c"]], ((2, "holds the control character U+0000"),), settings=ANY),
    Case("NULs after the last row", TWO + "\0" * 5_000, READ, ((4, "has 1 fields, and the header has 2"),), settings=ANY),
    Case(
        "an escape sign", "customer_id,name\n1,\x1b[31mred\n2,c\n", [["2", "c"]], ((2, "holds the control character U+001B"),), settings=ANY
    ),
    Case("a control character in the header", "customer_id,na\x07me\n1,a\n", refused="holds the control character U+0007; save it as text"),
    Case(
        "a bell in quotes", 'customer_id,name\n1,"a\x07"\n2,c\n', [["2", "c"]], ((2, "holds the control character U+0007"),), settings=ANY
    ),
)

NUMBERS = (
    semicolons(amounts("a decimal comma, not declared", "1,5")),
    semicolons(amounts("a decimal comma", "1,5", value=1.5), decimal=","),
    semicolons(amounts("thousands, not declared", "1,234.5")),
    semicolons(amounts("thousands", "1,234.5", value=1234.5), thousands=","),
    semicolons(amounts("thousands by points", "1.234.567,5", value=1234567.5), thousands=".", decimal=","),
    semicolons(amounts("thousands in the wrong places", "12,34", reason="is no number of the form 1,234.5"), thousands=","),
    semicolons(amounts("a currency sign", "$12.50")),
    semicolons(amounts("a currency's name", "12.50 EUR")),
    semicolons(amounts("a percent sign", "5%")),
    semicolons(amounts("brackets for a negative", "(5)")),
    semicolons(amounts("a minus that is no hyphen", "\u22125")),
    semicolons(amounts("a blank that does not break", "1\u00a0234")),
    semicolons(amounts("digits of another script", "\u0661\u0662")),
    semicolons(amounts("blanks around a number", " 7 ", value=7.0)),
    semicolons(amounts("inf", "inf")),
    semicolons(amounts("nan", "nan")),
    semicolons(amounts("a number too large", "1e400", reason="is no finite number")),
    semicolons(amounts("a number very small", "4.9e-324", value=5e-324)),
    semicolons(amounts("a formula", "=1+1")),
    semicolons(amounts("hexadecimal", "0x10")),
    sales("a negative amount", f"1,{WHEN},-5", refused="1 row has a negative quantity or amount, first amount -5 in line 2"),
    sales(
        "a negative amount kept",
        f"1,{WHEN},-5",
        rows=[["1", f"{WHEN} 00:00:00", -5.0]],
        noted="1 row with a negative quantity or amount kept as returns",
        settings={"returns": "keep"},
    ),
    Case("a formula as a name", "customer_id,name\n1,=cmd|'/c calc'!A1\n", [["1", "=cmd|'/c calc'!A1"]]),
)

IDS = (
    Case("ids beyond 2^53", f"customer_id\n{2**53}\n{2**53 + 1}\n", [[str(2**53)], [str(2**53 + 1)]]),
    Case("ids with leading zeros", "customer_id,zip\n007,01067\n7,80331\n", [["007", "01067"], ["7", "80331"]], noted="zip stays text"),
    Case("blanks around ids", "customer_id,n\n 1,2\n1,3\n", [[" 1", 2.0], ["1", 3.0]], noted="begins or ends with a blank in 1 row"),
    Case(
        "ids that a spreadsheet spoiled",
        "customer_id,n\n1.0,2\n1.2E+10,3\n",
        [["1.0", 2.0], ["1.2E+10", 3.0]],
        noted="looks like a spreadsheet's number in 2 rows",
    ),
    Case("no id", "customer_id,n\n1,2\n,3\n", [["1", 2.0]], ((3, "is missing"),), settings=ANY),
    Case("words for missing", "customer_id,name\n1,NA\n2,null\n3,\n", [["1", "NA"], ["2", "null"], ["3", None]]),
    Case(
        "words for missing, declared",
        "customer_id,name\n1,NA\n2,null\n",
        [["1", None], ["2", "null"]],
        settings={"format": {"missing": ["NA"]}},
    ),
    Case(
        "a number among words",
        "customer_id,n\n1,5\n2,6\n3,?\n",
        [["1", "5"], ["2", "6"], ["3", "?"]],
        noted="n stays text, because 1 of its 3 values are no numbers, first '?' in line 4",
    ),
)

DATES = (
    dates(
        "the first and last day", "1900-01-01", "2100-12-31", rows=[["1", "1900-01-01 00:00:00", 5.0], ["2", "2100-12-31 00:00:00", 5.0]]
    ),
    dates(
        "days too early and too late",
        "2017-01-01",
        "1899-12-31",
        "2101-01-01",
        rows=[["1", "2017-01-01 00:00:00", 5.0]],
        quarantined=((3, "lies outside the years 1900 to 2100"), (4, "lies outside the years 1900 to 2100")),
    ),
    dates(
        "30 February",
        "2017-03-01",
        "2017-02-30",
        rows=[["1", "2017-03-01 00:00:00", 5.0]],
        quarantined=((3, "is no date of the form ISO 8601 (2017-03-31 or 2017-03-31 14:05:00)"),),
    ),
    dates("day or month first", "03/04/2017", refused="these fit '%d/%m/%Y' and '%m/%d/%Y' alike: write the right one as date"),
    dates("03/04 beside 13/04", "03/04/2017", "13/04/2017", refused="all of these fit '%d/%m/%Y': write date = \"%d/%m/%Y\""),
    dates(
        "03/04 beside 13/04, declared",
        "03/04/2017",
        "13/04/2017",
        style="%d/%m/%Y",
        rows=[["1", "2017-04-03 00:00:00", 5.0], ["2", "2017-04-13 00:00:00", 5.0]],
    ),
    dates("13/04 beside 04/13", "03/04/2017", "13/04/2017", "04/13/2017", refused="no usual form fits all of these values"),
    dates(
        "13/04 beside 04/13, one declared",
        "13/04/2017",
        "04/13/2017",
        style="%d/%m/%Y",
        rows=[["1", "2017-04-13 00:00:00", 5.0]],
        quarantined=((3, "is no date of the form '%d/%m/%Y'"),),
    ),
    dates("a spreadsheet's day numbers", "43101", refused="timestamp '43101' is no date of the form ISO 8601"),
    dates("seconds since 1970", "1490918400", refused="timestamp '1490918400' is no date"),
    dates(
        "a 25th hour",
        "2017-01-01",
        "2017-01-01 25:00",
        rows=[["1", "2017-01-01 00:00:00", 5.0]],
        quarantined=((3, "is no date of the form ISO 8601 (2017-03-31 or 2017-03-31 14:05:00)"),),
    ),
    dates(
        "offsets and nanoseconds",
        "2017-01-01T01:30:00+02:00",
        "2017-01-01 00:00:00.123456789",
        rows=[["1", "2016-12-31 23:30:00", 5.0], ["2", "2017-01-01 00:00:00.123456", 5.0]],
    ),
    dates("no day", "2017-01-01", "", rows=[["1", "2017-01-01 00:00:00", 5.0]], quarantined=((3, "is missing"),)),
)
PACKED = gzip.compress(("customer_id,n\n" + "".join(f"{i},{i * i}\n" for i in range(3_000))).encode(), mtime=0)
SMALL = gzip.compress(TWO.encode(), mtime=0)


def _workbook() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return held.getvalue()


def _endless_line(path: Path) -> None:
    """A line of a gigabyte: NULs that take no room on the disk."""
    with path.open("wb") as file:
        file.write(b"customer_id,name\n1,")
        file.truncate(GIGABYTE)


def _packed_line(path: Path) -> None:
    """A line of a gigabyte in an archive of members of 64 MiB."""
    part = gzip.compress(b"x" * (1 << 26), 1, mtime=0)
    path.write_bytes(gzip.compress(b"customer_id,name\n1,", mtime=0) + part * 16)


def _bomb(path: Path) -> None:
    """Rows of 100 kB, a gigabyte of them, in an archive of some megabytes."""
    part = gzip.compress(b"".join(b"%d,%s\n" % (i, b"x" * 100_000) for i in range(500)), mtime=0)
    path.write_bytes(gzip.compress(b"customer_id,name\n", mtime=0) + part * 21)


ARCHIVES = (
    Case("an archive", SMALL, READ, file="x.csv.gz"),
    Case(
        "an archive of two parts",
        gzip.compress(b"customer_id,n\n1,2\n") + gzip.compress(b"2,3\n"),
        [["1", 2.0], ["2", 3.0]],
        file="x.csv.gz",
    ),
    Case("a cut archive", PACKED[:-2_000], refused="'x.csv.gz' is a damaged or cut-off archive", file="x.csv.gz"),
    Case("an archive without its end", PACKED[:-8], refused="'x.csv.gz' is a damaged or cut-off archive", file="x.csv.gz"),
    Case(
        "an archive with a changed byte",
        PACKED[:5_000] + b"\xff\xff" + PACKED[5_002:],
        refused="'x.csv.gz' is a damaged or cut-off archive",
        file="x.csv.gz",
    ),
    Case("an archive with something after it", PACKED + b"garbage", refused="'x.csv.gz' is a damaged or cut-off archive", file="x.csv.gz"),
    Case("an archive with NULs after it", SMALL + b"\0" * 512, READ, file="x.csv.gz"),
    Case("no archive by that name", TWO, refused="'x.csv.gz' is a damaged or cut-off archive", file="x.csv.gz"),
    Case("an archive without its name", SMALL, refused="'x.csv' is a gzip archive, and a CSV file is expected; name it x.csv.gz"),
    Case("an archive bomb", _bomb, refused="unpacks to more than 100 times its size", file="x.csv.gz"),
    Case("a line of a gigabyte", _endless_line, refused="line 2: the line is longer than 1,048,576 characters"),
    Case(
        "a line of a gigabyte in an archive", _packed_line, refused="line 2: the line is longer than 1,048,576 characters", file="x.csv.gz"
    ),
)

OTHERS = (
    Case(
        "a workbook named .csv",
        _workbook(),
        refused="'x.csv' is an Excel workbook or another ZIP archive, and a CSV file is expected; save the sheet as CSV",
    ),
    Case(
        "an old workbook named .csv",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
        refused="'x.csv' is an old Excel workbook, and a CSV file is expected; save the sheet as CSV",
    ),
    Case(
        "a web page named .csv",
        "\n<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n",
        refused="'x.csv' is a web page, perhaps an error's, and a CSV file is expected; fetch it again",
    ),
    Case("a PDF named .csv", b"%PDF-1.7\n%\xe2\xe3\n", refused="'x.csv' is a PDF, and a CSV file is expected"),
    Case(
        "Parquet named .csv",
        lambda path: pq.write_table(pa.table({"customer_id": ["1"]}), path),
        refused="'x.csv' is a Parquet file, and a CSV file is expected; name it x.parquet",
    ),
    Case("CSV named .parquet", TWO, refused="'x.parquet' is no readable Parquet file", file="x.parquet"),
    Case("JSON named .csv", '{"customer_id": "1"}\n', refused="needs customer_id"),
    Case("noise", bytes(range(128, 256)) * 40, refused="line 1: byte 0x80 (position 0 of the file) is not UTF-8"),
)

_NANOS = pa.array([1_483_228_800_123_456_789], pa.timestamp("ns"))
_TAGS = {"customer_id": ["1"], "tags": [["a"]]}


def _cut_parquet(path: Path) -> None:
    pq.write_table(pa.table({"customer_id": [str(i) for i in range(5_000)]}), path)
    path.write_bytes(path.read_bytes()[:-200])


def _spoiled_parquet(path: Path) -> None:
    pq.write_table(pa.table({"customer_id": [str(i) for i in range(10_000)]}), path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 2_000 + content[2_100:])


def _two_names(path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["customer_id", "customer_id"]), path)


PARQUET = (
    parquet(
        "nanoseconds",
        {"customer_id": ["1"], "timestamp": _NANOS, "amount": [5.0]},
        rows=[["1", "2017-01-01 00:00:00.123456", 5.0]],
        table="transactions",
    ),
    parquet(
        "ids stored as floats",
        {"customer_id": [1.0, 2.0]},
        refused="'customer_id' is stored as double in 'x.parquet', which cannot be an id: two ids may have become one",
    ),
    parquet(
        "ids beyond 2^53 with one missing",
        {"customer_id": pa.array([2**53, 2**53 + 1, None])},
        rows=[[str(2**53)], [str(2**53 + 1)]],
        quarantined=((3, "is missing"),),
        settings=ANY,
    ),
    parquet("nested columns", _TAGS, refused="Column 'tags' of 'x.parquet' is stored as list"),
    parquet("bytes", {"customer_id": ["1"], "photo": pa.array([b"\xff"])}, refused="Column 'photo' of 'x.parquet' is stored as binary"),
    parquet(
        "infinite and missing numbers",
        {"customer_id": list("abc"), "timestamp": [WHEN] * 3, "amount": [float("inf"), float("nan"), 2.0]},
        rows=[["c", f"{WHEN} 00:00:00", 2.0]],
        quarantined=((1, "is no finite number"), (2, "is missing")),
        table="transactions",
        settings=ANY,
    ),
    parquet(
        "exact decimals",
        {"customer_id": ["1"], "timestamp": [WHEN], "amount": [Decimal("1.10")]},
        rows=[["1", f"{WHEN} 00:00:00", 1.1]],
        table="transactions",
    ),
    parquet(
        "a NUL in Parquet",
        {"customer_id": ["a", "b\0"]},
        rows=[["a"]],
        quarantined=((2, "holds the control character U+0000"),),
        settings=ANY,
    ),
    parquet("no rows in Parquet", {"customer_id": pa.array([], pa.string())}, refused="'x.parquet' has a header and no rows"),
    Case("cut Parquet", _cut_parquet, refused="'x.parquet' is no readable Parquet file", file="x.parquet"),
    Case("spoiled Parquet", _spoiled_parquet, refused="'x.parquet' is damaged after row 0", file="x.parquet"),
    Case("empty Parquet", b"", refused="'x.parquet' is no readable Parquet file", file="x.parquet"),
    Case("a name twice in Parquet", _two_names, refused="has the column 'customer_id' 2 times", file="x.parquet"),
)

JSON_LINES = (
    lines(
        "broken JSON lines",
        '{"customer_id": "1", "n": 5}',
        '{"customer_id": "2", "n":',
        '{"customer_id": "3", "n": 6}',
        rows=[["1", 5.0], ["3", 6.0]],
        quarantined=((2, "is no JSON: expecting value at character 27"),),
    ),
    lines("JSON lines that are no objects", '{"customer_id": "1"}', "[1, 2]", rows=[["1"]], quarantined=((2, "is no JSON object"),)),
    lines(
        "NaN in JSON",
        '{"customer_id": "1"}',
        '{"customer_id": NaN}',
        rows=[["1"]],
        quarantined=((2, "holds NaN, which JSON does not know"),),
    ),
    lines(
        "a key twice",
        '{"customer_id": "1"}',
        '{"customer_id": "2", "customer_id": "3"}',
        rows=[["1"]],
        quarantined=((2, "holds a key twice"),),
    ),
    lines(
        "half of a surrogate pair in JSON",
        '{"customer_id": "1"}',
        '{"customer_id": "\\ud800"}',
        rows=[["1"]],
        quarantined=((2, "holds half of a pair of characters (a lone surrogate)"),),
    ),
    lines(
        "objects within objects",
        '{"customer_id": "1"}',
        '{"a":' * 20 + "1" + "}" * 20,
        rows=[["1"]],
        quarantined=((2, "holds objects within objects, more than 8 deep"),),
    ),
    lines("large numbers in JSON", f'{{"customer_id": {2**53 + 1}}}', rows=[[str(2**53 + 1)]]),
    lines(
        "a JSON document over several lines",
        "[",
        '{"customer_id": "1"},',
        '{"customer_id": "2"}',
        "]",
        rows=[["2"]],
        quarantined=(
            (1, "is no JSON: expecting value at character 3"),
            (2, "is no JSON: extra data at character 21"),
            (4, "is no JSON: expecting value at character 1"),
        ),
    ),
    lines("no JSON at all", "hello", refused="'x.jsonl' holds no JSON object"),
    Case("no JSON line", "", refused="'x.jsonl' holds no JSON object", file="x.jsonl"),
)

CASES = (
    *ENCODINGS,
    *DELIMITERS,
    *QUOTES,
    *LINE_ENDS,
    *STRUCTURE,
    *CONTROLS,
    *NUMBERS,
    *IDS,
    *DATES,
    *ARCHIVES,
    *OTHERS,
    *PARQUET,
    *JSON_LINES,
)


def outcome(case: Case, folder: Path, engine: Engine) -> dict[str, Any]:
    """Write a case's file, load it, and say what became of it."""
    folder.mkdir()
    path = folder / case.file
    if callable(case.content):
        case.content(path)
    else:
        path.write_bytes(case.content.encode() if isinstance(case.content, str) else case.content)
    tables = {case.table: {"path": case.file, **case.settings}}
    config = {"project": {"name": "Shop", "currency": "EUR"}, "tables": tables}
    try:
        read = sources.load(parse(config, folder=folder, sha256=""), engine).inputs[0]
    except NetliftError as error:
        return {"refused": str(error)}
    finally:
        path.unlink()
    columns = [c for c in read.columns if c != "local_timestamp"]
    selected = ", ".join(f'"{c}"' for c in columns)
    return {
        "rows": engine.rows(f"SELECT {selected} FROM {case.table} ORDER BY ALL"),
        "quarantined": engine.rows("SELECT line, reason FROM quarantine ORDER BY line"),
        "counts": [read.rows_in, read.rows_ok, read.rows_quarantined, read.rows_left_out],
        "findings": read.findings,
    }


def main(folder: Path) -> None:
    """Load every case in this process; print the outcomes by name, and the most memory it had, in bytes."""
    with Engine(EngineSettings(threads=2)) as engine:
        found = {case.name: outcome(case, folder / str(i), engine) for i, case in enumerate(CASES)}
    # of this program alone: ru_maxrss would begin with that of the process which started it
    peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"peak": peak * 1024, "outcomes": found}, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
