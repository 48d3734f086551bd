"""Any table written by Python, pandas, Polars or a spreadsheet in a declared format comes back cell by cell."""

from __future__ import annotations

import csv
import io
from datetime import datetime, time
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from .conftest import Shop

# ruff: noqa: DTZ001 - the engine holds naive UTC

Cell = str | float | datetime | None
Table = dict[str, list[Any]]  # column -> cells; customer_id is distinct

several = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
letters = st.characters(exclude_categories=["Cs", "Cc"])
ids = st.text(letters, min_size=1, max_size=6) | st.integers(0, 2**64).map(str) | st.sampled_from(["007", " 7", "1e5", "NA", "#1", "'1"])
texts = st.text(letters, max_size=8) | st.sampled_from(
    ['"', 'a"b', ",;\t", "a\nb", "a\r\nb", "a\rb", "nan", "NULL", "0x1", "=1+1", " ", "01.02.2017"]
)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([5e-324, 1.7976931348623157e308, -0.0, 0.1, 1e22, 2.0**53])
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31, 23, 59, 59))
FORMATS = (None, "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f")


@st.composite
def tables(draw: st.DrawFn, *, form: str | None = None, number: st.SearchStrategy[float] = numbers) -> Table:
    """A table of 1 to 6 customers with a text, a number and a moment as exact as the date format writes it; any may be missing."""
    people = draw(st.lists(ids, min_size=1, max_size=6, unique=True))

    def column(cells: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(st.none() | cells, min_size=len(people), max_size=len(people)))

    when = moments
    if form is not None and "%f" not in form:
        when = moments.map(lambda t: t.replace(microsecond=0)) if "%S" in form else moments.map(lambda t: datetime.combine(t, time()))
    return {"customer_id": people, "word": column(texts), "number": column(number), "seen": column(when)}


def written(table: Table, *, form: str | None) -> Table:
    """The table with its moments as text: what a tool that writes them itself is given."""
    return {**table, "seen": [None if t is None else (t.strftime(form) if form else t.isoformat(" ")) for t in table["seen"]]}


def expected(table: Table, *, missing: tuple[str, ...] = ()) -> dict[str, tuple[Cell, ...]]:
    """The cells by customer; an empty text and a word for missing are missing in CSV."""
    words = [None if word in ("", *missing) else word for word in table["word"]]
    return dict(zip(table["customer_id"], zip(words, table["number"], table["seen"], strict=True), strict=True))


def read(shop: Shop, content: str | bytes | pa.Table, **style: Any) -> dict[str, tuple[Cell, ...]]:
    kinds = {} if isinstance(content, pa.Table) else {"word": "text", "number": "number", "seen": "timestamp"}
    made = shop.load("customers", content, types=kinds, format=style)
    assert made.rows_in == made.rows_ok
    return {row[0]: row[1:] for row in shop.rows("customers", "customer_id, word, number, seen")}


@several
@given(
    st.data(), st.sampled_from([",", ";", "\t", "|", "\u00a7"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(FORMATS)
)
def test_python(shop: Shop, data: st.DataObject, delimiter: str, encoding: str, form: str | None) -> None:
    """Python's csv module: any delimiter, encoding, way of quoting and date format."""
    table = data.draw(tables(form=form))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerow(table)
    writer.writerows(zip(*written(table, form=form).values(), strict=True))
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read(shop, buffer.getvalue().encode(encoding), delimiter=delimiter, encoding=declared, date=form) == expected(table)


@several
@given(st.data(), st.sampled_from([",", "."]), st.sampled_from(["", "NA", "?"]), st.sampled_from(["\n", "\r\n"]), st.sampled_from(FORMATS))
def test_pandas(shop: Shop, data: st.DataObject, decimal: Any, missing: str, end: str, form: str | None) -> None:
    """pandas: its own writing of numbers and dates, decimal comma, word for missing, line ends."""
    table = data.draw(tables(form=form))
    assume(missing not in table["customer_id"])  # such a customer would have no id
    assume(end == "\r\n" or "a\rb" not in table["word"])  # pandas leaves it without quotes there: it is a line end for all who read it
    frame = pd.DataFrame({**table, "seen": pd.array(table["seen"], dtype="datetime64[us]")})
    frame["number"] = frame["number"].astype("float64")
    style = {"sep": ";", "decimal": decimal, "na_rep": missing, "lineterminator": end, "date_format": form}
    content = frame.to_csv(index=False, quoting=csv.QUOTE_MINIMAL, **style)
    words = (missing,) if missing else ()
    assert read(shop, content, delimiter=";", decimal=decimal, missing=words, date=form) == expected(table, missing=words)


@several
@given(st.data(), st.sampled_from([",", "."]), st.sampled_from(["necessary", "always", "non_numeric"]), st.sampled_from(["\n", "\r\n"]))
def test_polars(shop: Shop, data: st.DataObject, decimal: str, quotes: Any, end: str) -> None:
    """Polars: its own writing of numbers and dates, decimal comma, ways of quoting."""
    table = data.draw(tables())
    schema: dict[str, Any] = {"customer_id": pl.String, "word": pl.String, "number": pl.Float64, "seen": pl.Datetime("us")}
    content = pl.DataFrame(table, schema=schema).write_csv(
        separator=";", decimal_comma=decimal == ",", quote_style=quotes, line_terminator=end, datetime_format="%Y-%m-%d %H:%M:%S%.f"
    )
    assert read(shop, content, delimiter=";", decimal=decimal) == expected(table)


def german(number: float | None) -> str:
    """A number as a spreadsheet shows it in German."""
    return "" if number is None else f"{number:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


@several
@given(st.data(), st.sampled_from(["utf-8-sig", "cp1252"]), st.sampled_from(["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"]))
def test_spreadsheet(shop: Shop, data: st.DataObject, encoding: str, form: str) -> None:
    """A spreadsheet's "CSV" in German: semicolons, decimal comma, points between thousands, its own word for missing."""
    cents = st.integers(-(10**14), 10**14).map(lambda n: n / 100)
    table = data.draw(tables(form=form, number=cents))
    table = {name: [_fits(cell, encoding) for cell in cells] for name, cells in table.items()}
    assume(len({*table["customer_id"]} - {"", "#NV"}) == len(table["customer_id"]))
    rows = zip(table["customer_id"], table["word"], map(german, table["number"]), written(table, form=form)["seen"], strict=True)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow(table)
    writer.writerows([["#NV" if cell is None else cell for cell in row] for row in rows])
    style = {"delimiter": ";", "decimal": ",", "thousands": ".", "date": form, "missing": ["#NV"]}
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read(shop, buffer.getvalue().encode(encoding), encoding=declared, **style) == expected(table)


def _fits(cell: Any, encoding: str) -> Any:
    """A text without the letters that the encoding lacks."""
    return cell.encode(encoding, "ignore").decode(encoding) if isinstance(cell, str) else cell


@pytest.mark.parametrize("tool", ["pandas", "polars"])
@several
@given(table=tables())
def test_parquet(shop: Shop, tool: str, table: Table) -> None:
    """Parquet of pandas and Polars: categories, numbers and moments as they were stored; an empty text is missing, as in CSV."""
    path = shop.folder / "customers.parquet"
    if tool == "pandas":
        frame = pd.DataFrame({**table, "seen": pd.array(table["seen"], dtype="datetime64[us]")})
        frame["number"] = frame["number"].astype("float64")
        frame["word"] = pd.Categorical(table["word"])
        frame.to_parquet(path, index=False)
    else:
        schema: dict[str, Any] = {"customer_id": pl.String, "word": pl.Categorical, "number": pl.Float64, "seen": pl.Datetime("us")}
        pl.DataFrame(table, schema=schema).write_parquet(path)
    made = shop.load("customers", path="customers.parquet", types={"word": "text"})
    assert made.rows_in == made.rows_ok
    assert {row[0]: row[1:] for row in shop.rows("customers", "customer_id, word, number, seen")} == expected(table)


@several
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, unique=True), st.sampled_from(["pandas", "polars", "parquet"]))
def test_whole_number_ids(shop: Shop, numbers: list[int], tool: str) -> None:
    """Ids that a tool holds as whole numbers of 64 bits come back digit by digit, from CSV and from Parquet."""
    if tool == "parquet":
        pl.DataFrame({"customer_id": numbers}, schema={"customer_id": pl.Int64}).write_parquet(shop.folder / "n.parquet")
        shop.load("customers", path="n.parquet")
    else:
        frame = pd.DataFrame({"customer_id": numbers}) if tool == "pandas" else pl.DataFrame({"customer_id": numbers})
        content = frame.to_csv(index=False) if isinstance(frame, pd.DataFrame) else frame.write_csv()
        shop.load("customers", content)
    assert {row[0] for row in shop.rows("customers")} == {str(n) for n in numbers}
