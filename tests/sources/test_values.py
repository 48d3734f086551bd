"""Text becomes numbers and moments by a strict grammar, never by guessing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.errors import SettingsError
from netlift.settings import EngineSettings, Format
from netlift.sources.values import Reader, reader


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(EngineSettings(threads=1)) as engine:
        yield engine


def make(engine: Engine, zone: str = "UTC", **style: Any) -> Reader:
    return reader(Format(**style), project_zone=zone, table="transactions", engine=engine)


def value(engine: Engine, sql: str, text: str) -> Any:
    return engine.rows(f"SELECT {sql} FROM (SELECT ? AS t)", [text])[0][0]


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ({}, "12", 12.0),
        ({}, "-1.5", -1.5),
        ({}, "+.5", 0.5),
        ({}, "5.", 5.0),
        ({}, "1e3", 1000.0),
        ({}, "007", 7.0),
        ({}, " 7 ", 7.0),
        ({}, "1e400", float("inf")),  # too large: not finite, and so refused later
        *(
            ({}, text, None)
            for text in ("1,000", "1 000", "1_000", "0x10", "inf", "nan", "$5", "--1", ".", "1.2.3", "１２", "5%", "(5)", "1e")
        ),
        ({"decimal": ",", "thousands": "."}, "1.234,5", 1234.5),
        ({"decimal": ",", "thousands": "."}, "1234,5", 1234.5),
        ({"decimal": ",", "thousands": "."}, "12.345.678", 12345678.0),
        ({"decimal": ",", "thousands": "."}, "1.23,4", None),
        ({"decimal": ",", "thousands": "."}, "1.5", None),
        ({"decimal": ","}, "1.5", None),
        ({"thousands": " "}, "1 234.5", 1234.5),
        ({"thousands": "'"}, "1'234", 1234.0),
        ({"thousands": ","}, "12,34", None),
    ],
)
def test_numbers(engine: Engine, style: dict[str, str], text: str, expected: float | None) -> None:
    """A number in the declared form is that number, anything else is none."""
    assert value(engine, make(engine, **style).number("t"), text) == expected


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_survives(engine: Engine, number: float) -> None:
    """What Python writes for a float is read as the same float."""
    assert value(engine, make(engine).number("t"), repr(number)) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-03-31", "2017-03-31 00:00:00"),
        ("2017-03-31T05:06", "2017-03-31 05:06:00"),
        ("2017-03-31 05:06:07", "2017-03-31 05:06:07"),
        ("2017-03-31 05:06:07.250", "2017-03-31 05:06:07.250000"),
        ("2017-03-31T05:06:07.123456789", "2017-03-31 05:06:07.123456"),
        ("2017-03-31T05:06:07Z", "2017-03-31 05:06:07"),
        ("2017-03-31T05:06+02:00", "2017-03-31 03:06:00"),
        ("2017-03-31 05:06:07 -0330", "2017-03-31 08:36:07"),
        ("2017-03-31 05:06:07.5+02", "2017-03-31 03:06:07.500000"),
        *(
            (text, None)
            for text in ("2017-3-31", "31.03.2017", "03/04/2017", "2017-02-29", "2017-03-31 05", "2017-03-31 25:00", "20170331", "infinity")
        ),
        *(
            (text, None)
            for text in ("2017-03-31 05:06:60", "2017-03-31T05:06:07 UTC", "epoch", "2017-W13-5", "1490918400", "2017-03-31 05:06 PM")
        ),
    ],
)
def test_iso_moments(engine: Engine, text: str, expected: str | None) -> None:
    """Without a declared format only ISO 8601 is a date; an offset is honoured."""
    found = value(engine, make(engine).moment("t"), text)
    assert (None if found is None else str(found)) == expected


@settings(deadline=None)
@given(st.datetimes(datetime(1900, 1, 2), datetime(2100, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_any_iso_moment_survives(engine: Engine, moment: datetime, offset: int) -> None:
    """What Python writes in ISO form, with any offset, is that moment in UTC."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert value(engine, make(engine).moment("t"), aware.isoformat()) == moment - timedelta(minutes=offset)


@pytest.mark.parametrize(
    ("date", "text", "expected"),
    [
        ("%d-%m-%Y", "04-09-2012", "2012-09-04 00:00:00"),
        ("%d-%m-%Y", "4-9-2012", "2012-09-04 00:00:00"),
        ("%d-%m-%Y", "2012-09-04", None),
        ("%d-%m-%Y", "31-04-2012", None),
        ("%d-%m-%Y", "04-09-2012 10:00", None),
        ("%Y%m%d", "19970131", "1997-01-31 00:00:00"),
        ("%Y%m%d", "1997111", None),  # 11 January or 1 November?
        ("%d.%m.%Y %H:%M", "04.09.2012 15:30", "2012-09-04 15:30:00"),
        ("%d.%m.%Y %H:%M %z", "04.09.2012 15:30 +0200", "2012-09-04 13:30:00"),
        ("%d-%b-%Y", "04-Sep-2012", "2012-09-04 00:00:00"),
        ("%m/%d/%y", "09/04/12", "2012-09-04 00:00:00"),
    ],
)
def test_declared_form(engine: Engine, date: str, text: str, expected: str | None) -> None:
    """With a declared format exactly that form is a date."""
    found = value(engine, make(engine, date=date).moment("t"), text)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ({"date": "%d-%m"}, "does not hold year, month and day"),
        ({"date": "dd.mm.yyyy"}, "does not hold year, month and day"),
        ({"date": "%Q%Y%m%d"}, "is no date format"),
        ({"time_zone": "Berlin"}, "is no IANA time zone"),
    ],
)
def test_impossible_format(engine: Engine, style: dict[str, str], said: str) -> None:
    """A format that cannot be is refused before a row is read."""
    with pytest.raises(SettingsError, match=said):
        make(engine, **style)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2017-07-01 12:00:00", "2017-07-01 16:00:00"),
        ("2017-01-01 12:00:00", "2017-01-01 17:00:00"),
        ("2017-03-12 02:30:00", "2017-03-12 07:30:00"),  # skipped: clocks jumped from 02:00 to 03:00, so 03:30 summer time
        ("2017-11-05 01:30:00", "2017-11-05 06:30:00"),  # twice: the later one, standard time
    ],
)
def test_local_clock(engine: Engine, local: str, utc: str) -> None:
    """Local times become UTC, by a stated rule where clocks change."""
    style = make(engine, "America/New_York")
    assert str(value(engine, style.utc(style.moment("t")), local)) == utc


@pytest.mark.parametrize("word", ["NA", "it's", "a'; DROP TABLE x; --"])
def test_words_for_missing(engine: Engine, word: str) -> None:
    """The empty field and the declared words are missing, whatever they hold; nothing else is."""
    style = make(engine, missing=[word])
    assert [value(engine, style.present("t"), text) for text in ("", word, word + " ", "x")] == [None, None, word + " ", "x"]


def test_offsets_no_clock_has_are_no_date(engine: Engine) -> None:
    """An offset beyond 14 hours or with 60 minutes is a slip, not a moment."""
    for text in ("2024-01-01 10:00:00+99:00", "2024-01-01 10:00:00-15:00", "2024-01-01 10:00:00+01:75"):
        assert value(engine, make(engine).moment("t"), text) is None
