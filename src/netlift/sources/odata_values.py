"""Values of OData: from JSON to Arrow without loss, and back into the text of a filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from netlift.errors import SourceError
from netlift.sources.odata_metadata import Property, Version

WHOLE = ("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64")
TEXT = ("Edm.String", "Edm.Guid", "Edm.Time", "Edm.TimeOfDay", "Edm.Duration")
DIGITS = 18  # after the point where a service does not say how many there are
OVERLAP = timedelta(minutes=10)  # read again at each increment: rows whose change was committed late
_TICKS = re.compile(r"/Date\((-?\d+)([+-]\d+)?\)/")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - V2's Edm.DateTime has no zone


def arrow_type(p: Property) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The Arrow type that holds every value of a property; None where it is no single value (a structure, a file, a place)."""
    if p.type in TEXT:
        return pa.string()
    if p.type in WHOLE:
        return pa.int64()
    if p.type == "Edm.Decimal":
        return pa.decimal128(38, DIGITS if p.scale is None else p.scale)
    if p.type == "Edm.DateTime":
        return pa.date32() if p.day else pa.timestamp("us")
    return {
        "Edm.Boolean": pa.bool_(),
        "Edm.Double": pa.float64(),
        "Edm.Single": pa.float64(),
        "Edm.Date": pa.date32(),
        "Edm.DateTimeOffset": pa.timestamp("us", "UTC"),
    }.get(p.type)


def table(rows: Sequence[Mapping[str, Any]], properties: Sequence[Property], *, named: str, before: int) -> pa.Table:
    """Rows of a page as Arrow; `before` is the number of rows on the pages before it.

    Raises:
        SourceError: a row lacks a property, or holds a value that is not of the type `$metadata` gives.
    """
    return pa.table({p.name: _column(rows, p, named=named, before=before) for p in properties})


def _column(rows: Sequence[Mapping[str, Any]], p: Property, *, named: str, before: int) -> Any:  # noqa: ANN401 - pyarrow has no types
    convert = _converter(p)
    values = []
    for number, row in enumerate(rows, before + 1):
        if p.name not in row:
            raise SourceError(f"Row {number:,} of {named} comes without '{p.name}', which was asked for; ask the service's owner.")
        value = row[p.name]
        try:
            values.append(None if value is None else convert(value))
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            raise SourceError(
                f"Row {number:,} of {named} has {_shown(value)} in '{p.name}', which is no {p.type}{_of_scale(p)} as $metadata says; "
                "ask the service's owner.",
            ) from None
    try:
        return pa.array(values, arrow_type(p))
    except (pa.ArrowException, OverflowError) as error:
        raise SourceError(f"'{p.name}' of {named} holds a value that is too large for {p.type}: {error}.") from error


def _shown(value: object) -> str:
    text = str(value)
    return "a text" if "@" in text else f"'{text[:40]}'"


def _of_scale(p: Property) -> str:
    return "" if p.scale is None or p.type != "Edm.Decimal" else f" with {p.scale} digits after the point"


def _converter(p: Property) -> Callable[[Any], Any]:
    if p.type in TEXT:
        return _text
    if p.type in WHOLE:
        return _whole
    if p.type == "Edm.Decimal":
        return lambda value: _decimal(value, DIGITS if p.scale is None else p.scale)
    if p.type == "Edm.DateTime":
        return (lambda value: _ticks(value).date()) if p.day else _ticks
    return {"Edm.Boolean": _boolean, "Edm.Double": _float, "Edm.Single": _float, "Edm.Date": date.fromisoformat}.get(p.type, _moment)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: object) -> int:
    """A JSON number, or the text of one: V2 writes Int64 so, and V4 where IEEE754Compatible is asked for."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _decimal(value: object, scale: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    exact = Decimal(value)
    exponent = exact.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > scale:
        raise ValueError
    return exact


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    return float(value)  # takes "INF", "-INF" and "NaN" too


def _ticks(value: object) -> datetime:
    found = _TICKS.fullmatch(_text(value))
    if not found:
        raise ValueError
    return _EPOCH + timedelta(milliseconds=int(found[1]))  # an offset, where given, is only for display


def _moment(value: object) -> datetime:
    text = _text(value)
    if text.startswith("/Date("):
        return _ticks(text).replace(tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def remembered(value: object) -> str:
    """A watermark as text that `since` reads again."""
    return value.isoformat() if isinstance(value, date) else str(value)


def since(p: Property, watermark: str, version: Version) -> str:
    """The filter for rows that changed at the watermark or later, or up to OVERLAP before it."""
    return f"{p.name} ge {_literal(p, watermark, version)}"


def _literal(p: Property, watermark: str, version: Version) -> str:
    kind = arrow_type(p)
    if pa.types.is_date(kind):
        day = date.fromisoformat(watermark) - timedelta(days=1)
        return f"datetime'{day}T00:00:00'" if version == "v2" else str(day)
    if pa.types.is_timestamp(kind):
        moment = (datetime.fromisoformat(watermark) - OVERLAP).replace(tzinfo=None).isoformat()
        if version == "v4":
            return f"{moment}Z"
        return f"datetimeoffset'{moment}Z'" if p.type == "Edm.DateTimeOffset" else f"datetime'{moment}'"
    if pa.types.is_string(kind):
        return "'" + watermark.replace("'", "''") + "'"
    return watermark + ({"Edm.Int64": "L", "Edm.Decimal": "M"}.get(p.type, "") if version == "v2" else "")
