"""Values arrive as exactly what the service holds, or are refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import SourceError
from netlift.sources.odata_metadata import Property, Version
from netlift.sources.odata_values import arrow_type, remembered, since, table


def read(value: Any, p: Property) -> Any:
    return table([{p.name: value}], [p], named="Orders", before=0)[p.name].to_pylist()[0]


def of(kind: str, scale: int | None = None, *, day: bool = False) -> Property:
    return Property("c", f"Edm.{kind}", scale, day)


@pytest.mark.parametrize(
    ("value", "p", "expected"),
    [
        ("9007199254740993", of("Int64"), 9007199254740993),
        (9007199254740993, of("Int64"), 9007199254740993),
        ("12345678901234567890.12", of("Decimal", 2), Decimal("12345678901234567890.12")),
        (Decimal("0.10"), of("Decimal", 2), Decimal("0.10")),
        ("1E2", of("Decimal", 0), Decimal(100)),
        ("0.000000000000000001", of("Decimal"), Decimal("1E-18")),
        ("INF", of("Double"), float("inf")),
        (Decimal("1.5"), of("Double"), 1.5),
        (True, of("Boolean"), True),
        ("2026-02-28", of("Date"), date(2026, 2, 28)),
        ("2026-01-01T00:00:00.1234567+02:00", of("DateTimeOffset"), datetime(2025, 12, 31, 22, 0, 0, 123_456, tzinfo=UTC)),
        ("/Date(1767225600123+0120)/", of("DateTimeOffset"), datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)),
        ("/Date(-62135596800000)/", of("DateTime"), datetime(1, 1, 1)),  # noqa: DTZ001 - V2's Edm.DateTime has no zone
        ("/Date(1582934400000)/", of("DateTime", day=True), date(2020, 2, 29)),
        ("PT11H30M", of("Time"), "PT11H30M"),
        ("007", of("String"), "007"),
        (None, of("Decimal", 2), None),
    ],
)
def test_a_value_is_read_exactly(value: Any, p: Property, expected: Any) -> None:
    """Each type of V4 and V2, as number and as text."""
    assert read(value, p) == expected


@pytest.mark.parametrize(
    ("value", "p"),
    [
        ("1.005", of("Decimal", 2)),
        ("NaN", of("Decimal", 2)),
        ("abc", of("Decimal", 2)),
        (1.5, of("Decimal", 2)),
        (True, of("Int32")),
        ("1.5", of("Int64")),
        (1, of("Boolean")),
        (7, of("String")),
        ("2026-02-30", of("Date")),
        ("2026-01-01T00:00:00", of("DateTimeOffset")),
        ("/Date(1/", of("DateTime")),
        ("/Date(99999999999999999)/", of("DateTime")),
        ({"a": 1}, of("Double")),
        ([], of("DateTimeOffset")),
    ],
)
def test_a_value_of_another_type_is_refused(value: Any, p: Property) -> None:
    """The row, the property and its type are named."""
    with pytest.raises(SourceError, match=f"Row 1 of Orders has '.*' in 'c', which is no {p.type}"):
        read(value, p)


def test_too_large_and_missing_values_are_refused() -> None:
    """A number beyond its type, and a property that was asked for and is not there."""
    with pytest.raises(SourceError, match=r"'c' of Orders holds a value that is too large for Edm.Int64"):
        read(2**63, of("Int64"))
    with pytest.raises(SourceError, match=r"'c' of Orders holds a value that is too large for Edm.Decimal"):
        read("1" + "0" * 38, of("Decimal", 2))
    with pytest.raises(SourceError, match="Row 101 of Orders comes without 'c'"):
        table([{}], [of("String")], named="Orders", before=100)


def test_an_address_is_not_shown() -> None:
    """What may be contact data does not get into a message."""
    with pytest.raises(SourceError, match="has a text in 'c'"):
        read("ann@example.com", of("Int32"))


@pytest.mark.parametrize("kind", ["Binary", "Stream", "GeographyPoint"])
def test_what_is_no_single_value_has_no_type(kind: str) -> None:
    """Pictures and places cannot be columns."""
    assert arrow_type(of(kind)) is None
    assert arrow_type(Property("c", "Collection(Edm.String)")) is None


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2) | st.none())
def test_money_comes_back_to_the_cent(value: Decimal | None) -> None:
    """Any sum with two digits after the point survives as text and as number."""
    assert read(None if value is None else str(value), of("Decimal", 2)) == value
    assert read(value, of("Decimal", 2)) == value


@pytest.mark.parametrize(
    ("p", "value", "version", "expected"),
    [
        (of("DateTimeOffset"), datetime(2026, 1, 1, 0, 5, tzinfo=UTC), "v4", "c ge 2025-12-31T23:55:00Z"),
        (of("DateTimeOffset"), datetime(2026, 1, 1, 0, 5, tzinfo=UTC), "v2", "c ge datetimeoffset'2025-12-31T23:55:00Z'"),
        (of("DateTime"), datetime(2026, 1, 1, 0, 5), "v2", "c ge datetime'2025-12-31T23:55:00'"),  # noqa: DTZ001 - has no zone
        (of("DateTime", day=True), date(2026, 1, 1), "v2", "c ge datetime'2025-12-31T00:00:00'"),
        (of("Date"), date(2026, 3, 1), "v4", "c ge 2026-02-28"),
        (of("Int64"), 5, "v4", "c ge 5"),
        (of("Int64"), 5, "v2", "c ge 5L"),
        (of("Decimal", 2), Decimal("1.50"), "v2", "c ge 1.50M"),
        (of("String"), "20260101'x", "v4", "c ge '20260101''x'"),
    ],
)
def test_a_watermark_becomes_a_filter(p: Property, value: Any, version: Version, expected: str) -> None:
    """Times go back a little, so that late commits are seen; counters and text start at themselves."""
    assert since(p, remembered(value), version) == expected


def test_the_smallest_and_largest_moments_fit() -> None:
    """What SAP writes for 'never' is a moment like any other."""
    assert read("9999-12-31T23:59:59Z", of("DateTimeOffset")).year == 9999
    assert pa.types.is_timestamp(arrow_type(of("DateTimeOffset")))
