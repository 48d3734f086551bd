"""Parquet: stored types are trusted where they can be, refused where an id may have been spoiled."""

# ruff: noqa: DTZ001 - the engine holds naive UTC

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift.errors import SourceError
from netlift.sources import parquet
from netlift.sources.text import LONGEST_LINE

from .conftest import Shop

WHEN = datetime(2017, 7, 1, 12, 0)


def transactions(**columns: Any) -> pa.Table:
    size = len(next(iter(columns.values()), [0]))
    base = {"customer_id": ["1"] * size, "timestamp": [WHEN] * size, "amount": [1.0] * size}
    return pa.table({**base, **columns})


def test_whole_number_ids_are_exact(shop: Shop) -> None:
    """Ids stored as whole numbers become text without passing through a float."""
    shop.load("transactions", transactions(customer_id=pa.array([2**53, 2**53 + 1, None], pa.int64())), max_quarantined=0.5)
    assert shop.rows("transactions", "customer_id") == [("9007199254740992",), ("9007199254740993",)]
    assert shop.quarantined()[0][:3] == (3, "customer_id", "is missing")


def test_float_ids_are_refused(shop: Shop) -> None:
    """Ids stored as floating-point numbers may already have merged two customers."""
    with pytest.raises(SourceError, match=r"'customer_id' is stored as double .* two ids may have become one"):
        shop.load("transactions", transactions(customer_id=[1.0, 2.0]))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (pa.array([WHEN], pa.timestamp("ns")), datetime(2017, 7, 1, 10, 0)),
        (pa.array([WHEN], pa.timestamp("s")), datetime(2017, 7, 1, 10, 0)),
        (pa.array([WHEN.replace(tzinfo=UTC)], pa.timestamp("us", "UTC")), datetime(2017, 7, 1, 12, 0)),
        (pa.array([WHEN.replace(tzinfo=timezone(timedelta(hours=9)))], pa.timestamp("ms", "Asia/Tokyo")), datetime(2017, 7, 1, 3, 0)),
        (pa.array([date(2017, 7, 1)], pa.date32()), datetime(2017, 6, 30, 22, 0)),
        (pa.array(["2017-07-01T12:00:00Z"], pa.string()), datetime(2017, 7, 1, 12, 0)),
        (pa.array(["2017-07-01 12:00"]).dictionary_encode(), datetime(2017, 7, 1, 10, 0)),
    ],
)
def test_moments_become_utc(shop: Shop, stored: pa.Array, expected: datetime) -> None:
    """A moment without a zone is local, one with a zone is converted; microseconds, no zone, in the engine."""
    shop.load("transactions", transactions(timestamp=stored), zone="Europe/Berlin")
    assert shop.rows("transactions", "timestamp, typeof(timestamp)") == [(expected, "TIMESTAMP")]


def test_dates_as_whole_numbers(shop: Shop) -> None:
    """20170701 stored as a number is a date only where the format says how it is written."""
    stored = transactions(timestamp=pa.array([20170701], pa.int32()))
    with pytest.raises(SourceError, match=r"'timestamp' is stored as int32 .* cannot be a timestamp"):
        shop.load("transactions", stored)
    shop.load("transactions", stored, format={"date": "%Y%m%d"})
    assert shop.rows("transactions", "timestamp") == [(datetime(2017, 7, 1),)]


@pytest.mark.parametrize("stored", [pa.array([3], pa.int8()), pa.array([Decimal("3.00")]), pa.array([3.0], pa.float32()), pa.array(["3"])])
def test_numbers(shop: Shop, stored: pa.Array) -> None:
    """Every stored number is a DOUBLE in the engine."""
    shop.load("transactions", transactions(amount=stored))
    assert shop.rows("transactions", "amount, typeof(amount)") == [(3.0, "DOUBLE")]


def test_not_a_number_is_missing_and_infinity_is_refused(shop: Shop) -> None:
    """NaN means missing: allowed where a value may be, a fault where it must be there; infinity never is a value."""
    stored = transactions(amount=[1.0, nan, inf, 1.0, 1.0], quantity=[nan, 1.0, 1.0, -inf, 2.0])
    read = shop.load("transactions", stored, max_quarantined=1)
    assert (read.rows_ok, read.rows_quarantined) == (2, 3)
    assert shop.rows("transactions", "quantity") == [(2.0,), (None,)]
    assert [row[:3] for row in shop.quarantined()] == [
        (2, "amount", "is missing"),
        (3, "amount", "is no finite number"),
        (4, "quantity", "is no finite number"),
    ]


def test_attributes_by_their_stored_type(shop: Shop) -> None:
    """Numbers and booleans are numbers, days are moments and not moved, numbers too long for a DOUBLE stay text."""
    table = pa.table({"customer_id": [1], "a": [2], "b": [True], "c": [date(2017, 7, 1)], "d": ["3"], "e": [2**60]})
    read = shop.load("customers", table, zone="Europe/Berlin")
    assert read.columns == {"customer_id": "text", "a": "number", "b": "number", "c": "timestamp", "d": "number", "e": "text"}
    assert shop.rows("customers") == [("1", 2.0, 1.0, datetime(2017, 7, 1), 3.0, str(2**60))]


def test_unusable_types(shop: Shop) -> None:
    """Nested columns are refused where they would be read, and left alone where not."""
    with pytest.raises(SourceError, match=r"Column 'tags' .* is neither text, number nor time"):
        shop.load("customers", pa.table({"customer_id": ["1"], "tags": [["a"]]}))
    assert shop.load("transactions", transactions(tags=[["a"]])).rows_ok == 1


def test_damaged_file(shop: Shop) -> None:
    """A file that is no Parquet, or is cut, is refused by name."""
    with pytest.raises(SourceError, match=r"'x.parquet' is no readable Parquet file"):
        shop.load("customers", path=shop.write("x.parquet", b"PAR1 not really"))
    path = shop.folder / shop.write("y.parquet", pa.table({"customer_id": [str(i) for i in range(10_000)]}))
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 2000 + content[2100:])
    with pytest.raises(SourceError, match=r"'y.parquet' is damaged after row 0"):
        shop.load("customers", path="y.parquet")


def test_same_column_twice_and_types_that_differ(shop: Shop) -> None:
    """Two columns of one name, or one column of two types in two files, are refused."""
    twice = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], names=["customer_id", "customer_id"])
    with pytest.raises(SourceError, match=r"has the column 'customer_id' 2 times"):
        shop.load("customers", twice)
    (shop.folder / "in").mkdir()
    pq.write_table(pa.table({"customer_id": ["1"], "n": [1]}), shop.folder / "in" / "a.parquet")
    pq.write_table(pa.table({"customer_id": ["2"], "n": ["x"]}), shop.folder / "in" / "b.parquet")
    with pytest.raises(SourceError, match=r"Column 'n' is int64 in 'a.parquet' and string in 'b.parquet'"):
        shop.load("customers", path="in")


def test_all_rows_arrive_once(shop: Shop) -> None:
    """More rows than a batch holds: each arrives once, with its number."""
    count = 300_000
    read = shop.load("customers", pa.table({"customer_id": pa.array(range(count))}), where="length(customer_id) < 6")
    assert (read.rows_in, read.rows_ok, read.rows_left_out) == (count, 100_000, 200_000)


def test_column_without_any_value(shop: Shop) -> None:
    """A column that is empty from top to bottom has no type of its own; its values are missing like any others."""
    shop.load("transactions", transactions(customer_id=["1", "2"], channel=pa.nulls(2)))
    assert shop.rows("transactions", "channel") == [(None,), (None,)]
    with pytest.raises(SourceError, match="customer_id is missing"):
        shop.load("transactions", transactions(customer_id=pa.nulls(2), amount=[1.0, 2.0]))


def test_text_that_is_not_utf8(shop: Shop) -> None:
    """Parquet promises UTF-8 and does not hold its writer to it."""
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.array([b"ab"]).buffers()[1], pa.py_buffer(b"\xff\xfe")])
    with pytest.raises(SourceError, match=r"is damaged after row 0: .*UTF8"):
        shop.load("transactions", transactions(customer_id=broken))


def test_decimals_wider_than_the_engine(shop: Shop) -> None:
    """More digits than 38 cannot be read, whatever they are used for."""
    with pytest.raises(SourceError, match=r"'amount' .* is stored as decimal256\(60, 2\), which is neither"):
        shop.load("transactions", transactions(amount=pa.array([Decimal("1.10")], pa.decimal256(60, 2))))


def test_control_characters_are_quarantined(shop: Shop) -> None:
    """A text with a NUL is refused row by row, as in CSV; the counts add up."""
    read = shop.load("transactions", transactions(customer_id=["a", "b\0", "c"]), max_quarantined=0.5)
    assert (read.rows_ok, read.rows_quarantined) == (2, 1)
    assert shop.quarantined()[0][:3] == (2, "customer_id", "holds the control character U+0000")


def test_a_text_too_long_is_refused(shop: Shop) -> None:
    """As in CSV: a cell of more than a megabyte is no value; columns that are not read do not matter."""
    long = transactions(customer_id=["a" * (LONGEST_LINE + 1)])
    with pytest.raises(SourceError, match=r"holds a text of more than 1,048,576 bytes in column 'customer_id'"):
        shop.load("transactions", long)
    assert shop.load("transactions", transactions(note=["a" * (LONGEST_LINE + 1)])).rows_ok == 1


def test_a_dictionary_that_stands_for_much_text_is_read_in_small_batches(tmp_path: Path) -> None:
    """A file of some kilobytes with 40,000 texts of 100 kB (4 GB): no batch is larger than it may be, and none is lost."""
    table = pa.table({"t": pa.DictionaryArray.from_arrays(pa.array([0] * 40_000, pa.int32()), pa.array(["x" * 100_000]))})
    pq.write_table(table, tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 100_000
    batches = parquet.read_batches(tmp_path / "t.parquet", ["t"], number=0)
    assert [next(batches).rows.num_rows for _ in range(3)] == [parquet.TEXT // 100_000] * 3


def test_a_file_that_unpacks_to_far_more_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with archives: the sizes that the file itself states."""
    monkeypatch.setattr(parquet, "BOMB_SIZE", 1 << 20)
    table = transactions(customer_id=[str(i % 10) * 400 for i in range(50_000)])
    pq.write_table(table, shop.folder / "b.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(SourceError, match=r"'b.parquet' unpacks to more than 100 times its size"):
        shop.load("transactions", path="b.parquet")


def test_too_many_columns_are_refused(shop: Shop) -> None:
    """As in CSV."""
    with pytest.raises(SourceError, match=r"has 5,001 columns, and 5,000 are the most"):
        shop.load("customers", pa.table({f"c{i}": [1] for i in range(5001)}))
