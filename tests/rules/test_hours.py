"""Quiet hours on UTC instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.rules import rules_for
from netlift.rules.hours import Windows, is_holiday, next_open, windows

DEFAULT = next(rule.hours for rule in rules_for(frozenset(), "sms") if rule.hours)
ALWAYS = windows({key: ["00:00-24:00"] for key in ("weekdays", "saturday", "sunday", "holidays")}, "test")
NONE: frozenset[tuple[str, str]] = frozenset()


def every_day(hours: str) -> Windows:
    """A window that is the same on every day."""
    return windows({key: [hours] for key in ("weekdays", "saturday", "sunday", "holidays")}, "test")


def own(pack: str) -> Windows:
    """The window of one pack."""
    return next(rule.hours for rule in rules_for(frozenset({pack}), "sms") if rule.hours and rule.pack == pack)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str) -> datetime:
    """A moment on a zone's clock, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("pack", "zone", "opens", "closed"),
    [
        ("US", "America/New_York", ["2026-11-30T08:00", "2026-11-29T20:59"], ["2026-11-30T07:59", "2026-11-30T21:00"]),
        ("US-FL", "America/New_York", ["2026-11-29T08:00", "2026-11-30T19:59"], ["2026-11-30T07:59", "2026-11-30T20:00"]),
        ("US-MD", "America/New_York", ["2026-11-30T19:59"], ["2026-11-30T20:00"]),
        ("US-MS", "America/Chicago", ["2026-11-30T19:59"], ["2026-11-30T20:00"]),
        ("US-NJ", "America/New_York", ["2026-11-30T19:59"], ["2026-11-30T20:00"]),
        ("US-OK", "America/Chicago", ["2026-11-30T19:59"], ["2026-11-30T20:00"]),
        ("US-CT", "America/New_York", ["2026-11-30T09:00"], ["2026-11-30T08:59", "2026-11-30T20:00"]),
        ("US-TX", "America/Chicago", ["2026-11-30T09:00", "2026-11-29T12:00"], ["2026-11-30T08:59", "2026-11-29T11:59"]),
        ("US-RI", "America/New_York", ["2026-11-30T17:59", "2026-11-28T10:00"], ["2026-11-30T18:00", "2026-11-28T17:00"]),
        ("IN", "Asia/Kolkata", ["2026-11-30T10:00", "2026-11-29T20:59"], ["2026-11-30T09:59", "2026-11-30T21:00"]),
        ("FR", "Europe/Paris", ["2026-11-30T10:00", "2026-11-30T14:00"], ["2026-11-30T13:00", "2026-11-28T11:00", "2026-11-30T20:00"]),
        ("DE", "Europe/Berlin", ["2026-11-30T10:00"], ["2026-11-30T18:00", "2026-11-28T11:00"]),
    ],
)
def test_the_window_of_each_pack(pack: str, zone: str, opens: list[str], closed: list[str]) -> None:
    """The rows of the table of quiet hours, at their edges; 28 November 2026 is a Saturday."""
    for text in opens:
        assert next_open(local(text, zone), [zone], [own(pack)]) == local(text, zone)
    for text in closed:
        assert next_open(local(text, zone), [zone], [own(pack)]) != local(text, zone)


def test_the_default_window() -> None:
    """10 to 20 from Monday to Saturday, none on Sunday or holiday."""
    friday, berlin = local("2026-11-27T20:00", "Europe/Berlin"), ["Europe/Berlin"]
    assert next_open(friday, berlin, [DEFAULT]) == local("2026-11-28T10:00", "Europe/Berlin")
    assert next_open(local("2026-11-28T20:00", "Europe/Berlin"), berlin, [DEFAULT]) == local("2026-11-30T10:00", "Europe/Berlin")
    christmas = local("2026-12-25T11:00", "Europe/Berlin")  # a Friday; the 26th is a holiday, the 27th a Sunday
    assert next_open(christmas, berlin, [DEFAULT], holidays=frozenset({("DE", "")})) == local("2026-12-28T10:00", "Europe/Berlin")
    assert next_open(christmas, berlin, [DEFAULT]) == christmas


def test_a_holiday_of_one_subdivision() -> None:
    """Epiphany is one in Bavaria and none in Berlin; where the subdivision is not known it counts."""
    epiphany = date(2026, 1, 6)
    assert is_holiday(epiphany, frozenset({("DE", "BY")}))
    assert not is_holiday(epiphany, frozenset({("DE", "BE")}))
    assert is_holiday(epiphany, frozenset({("DE", "")}))
    assert not is_holiday(epiphany, frozenset({("??", "")}))


def test_every_zone_of_a_number_must_be_open() -> None:
    """New York and Los Angeles: three hours less of the day."""
    both = ["America/New_York", "America/Los_Angeles"]
    assert next_open(at("2026-11-30T00:00"), both, [DEFAULT]) == at("2026-11-30T18:00")  # 10 in Los Angeles, 13 in New York
    assert next_open(at("2026-12-01T01:00"), both, [DEFAULT]) == at("2026-12-01T18:00")  # 20 in New York


def test_zones_that_never_agree_have_no_hour() -> None:
    """From Samoa to Guam there is none; without any zone nobody knows."""
    assert next_open(at("2026-11-30T00:00"), ["Pacific/Pago_Pago", "Pacific/Guam", "Europe/Berlin"], [DEFAULT]) is None
    assert next_open(at("2026-11-30T00:00"), [], [DEFAULT]) is None
    assert next_open(at("2026-11-30T00:00"), [], []) == at("2026-11-30T00:00")


def test_a_clock_set_forward() -> None:
    """New York, 8 March 2026: 02:30 does not exist; a window from then on opens when the clock shows 03:30, the later reading."""
    zone = ["America/New_York"]
    assert next_open(at("2026-03-08T05:00"), zone, [every_day("02:30-10:00")]) == at("2026-03-08T07:30")
    assert next_open(at("2026-03-08T05:00"), zone, [every_day("02:00-02:30")]) == at("2026-03-09T06:00")  # not on that day


def test_a_clock_set_back() -> None:
    """New York, 1 November 2026: 01:30 exists twice; opening counts from the second, closing from the first."""
    zone = ["America/New_York"]
    assert next_open(at("2026-11-01T04:00"), zone, [every_day("01:30-10:00")]) == at("2026-11-01T06:30")
    assert next_open(at("2026-11-01T05:30"), zone, [every_day("00:00-01:30")]) == at("2026-11-02T05:00")


def test_half_hours_leap_day_and_date_line() -> None:
    """Zones off the full hour, 29 February, a day that never was (Apia, 30 December 2011)."""
    assert next_open(at("2026-11-30T00:00"), ["Asia/Kolkata"], [DEFAULT]) == at("2026-11-30T04:30")
    assert next_open(at("2026-11-30T00:00"), ["Asia/Kathmandu"], [DEFAULT]) == at("2026-11-30T04:15")
    assert next_open(local("2028-02-29T09:00", "Europe/Berlin"), ["Europe/Berlin"], [DEFAULT]) == local("2028-02-29T10:00", "Europe/Berlin")
    assert next_open(at("2011-12-30T06:00"), ["Pacific/Apia"], [every_day("10:00-20:00")]) == at("2011-12-30T20:00")  # 31 December there


def test_an_hour_after_the_end_is_none() -> None:
    """What would open at or after the end of the campaign is not told."""
    start, opens = local("2026-11-30T08:00", "Europe/Berlin"), local("2026-11-30T10:00", "Europe/Berlin")
    assert next_open(start, ["Europe/Berlin"], [DEFAULT], until=opens) is None
    assert next_open(start, ["Europe/Berlin"], [DEFAULT], until=opens + timedelta(seconds=1)) == opens


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001 - the zone is put on below
    st.lists(st.sampled_from(sorted(available_timezones())), min_size=1, max_size=3),
    st.sampled_from([DEFAULT, own("FR"), own("US-RI"), own("US-TX")]),
)
def test_whatever_is_told_is_inside_the_window_everywhere(start: datetime, zones: list[str], rule: Windows) -> None:
    """The clock on each wall shows a time inside the window; adding a zone or a holiday never opens earlier."""
    start = start.replace(tzinfo=UTC)
    opens = next_open(start, zones, [rule])
    for zone in zones:
        alone = next_open(start, [zone], [rule])
        assert opens is None or (alone is not None and alone <= opens)
        if opens is not None:
            wall = opens.astimezone(ZoneInfo(zone))
            assert any(first <= wall.hour * 60 + wall.minute < last for first, last in rule.on(wall.date(), holiday=False))
    later = next_open(start, zones, [rule], holidays=frozenset({("US", "")}))
    assert later is None or (opens is not None and opens <= later)
