"""Quiet hours: when a call or a marketing text may reach somebody, in every zone he may be in.

Computed on UTC instants: each local window becomes an interval of instants, and intervals are cut with each other. Where a clock is
set back or forward, an opening counts from the later and a closing from the earlier of its two readings.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from netlift.errors import InputError

AHEAD = 35  # days in which an open hour is looked for: longer than any pause of a rule, and than any row of holidays
DAY = 24 * 60

Minutes = tuple[tuple[int, int], ...]  # from and to, in minutes since local midnight
Instants = list[tuple[datetime, datetime]]  # from and to, sorted, disjoint
Holidays = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Windows:
    """When somebody may be reached, local time."""

    weekdays: Minutes
    saturday: Minutes
    sunday: Minutes
    holidays: Minutes

    def on(self, day: date, *, holiday: bool) -> Minutes:
        """The windows of a day; of a public holiday what both it and its weekday allow."""
        usual = (self.weekdays, self.weekdays, self.weekdays, self.weekdays, self.weekdays, self.saturday, self.sunday)[day.weekday()]
        return _both(usual, self.holidays) if holiday else usual


def windows(given: Mapping[str, Sequence[str]], where: str) -> Windows:
    """The windows in lists of texts such as "10:00-20:00".

    Raises:
        InputError: a text is no such thing.
    """
    return Windows(**{name: _minutes(given[name], f"{where}, {name},") for name in ("weekdays", "saturday", "sunday", "holidays")})


def _minutes(texts: Sequence[Any], where: str) -> Minutes:
    found = []
    for text in texts:
        parts = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", str(text))
        first, last = (int(parts[1]) * 60 + int(parts[2]), int(parts[3]) * 60 + int(parts[4])) if parts else (0, 0)
        if not parts or not first < last <= DAY or int(parts[2]) > 59 or int(parts[4]) > 59:
            raise InputError(f"{where} has the hours '{text}'; write them like 10:00-20:00.")
        found.append((first, last))
    return tuple(sorted(found))


def _both(a: Minutes, b: Minutes) -> Minutes:
    return tuple((max(f, g), min(t, u)) for f, t in a for g, u in b if max(f, g) < min(t, u))


@functools.lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a year; of every subdivision where his is not known, of none where the country is not."""
    import holidays  # noqa: PLC0415 - reads many files

    known = holidays.list_supported_countries()
    if country not in known:
        return frozenset()
    parts = [subdivision] if subdivision in known[country] else [None, *known[country]]
    return frozenset(day for part in parts for day in holidays.country_holidays(country, subdiv=part, years=year))


def is_holiday(day: date, places: Holidays) -> bool:
    """Whether it is a public holiday in any of these places."""
    return any(day in public_holidays(country, subdivision, day.year) for country, subdivision in places)


def next_open(
    start: datetime, zones: Iterable[str], rules: Iterable[Windows], *, holidays: Holidays = frozenset(), until: datetime | None = None
) -> datetime | None:
    """The first instant from `start` on that is inside every window in every zone; None = there is none in the next weeks.

    Args:
        start: an aware moment.
        zones: IANA names; with none of them nobody knows the hour, so there is none.
        rules: windows, all of which must be open.
        holidays: where the person's public holidays are looked up.
        until: not looked for at or after this moment.
    """
    all_windows = frozenset(rules)
    if not all_windows:
        return start
    zone_names = tuple(sorted(set(zones)))
    if not zone_names:
        return None
    end = min(filter(None, (until, start + timedelta(days=AHEAD))))
    day = start.astimezone(UTC).date()
    while datetime.combine(day, time(), UTC) < end:
        for first, last in _open_on(day, zone_names, all_windows, holidays):
            at = max(first, start)
            if at < min(last, end):
                return at
        day += timedelta(days=1)
    return None


@functools.lru_cache(maxsize=8192)
def _open_on(day: date, zones: tuple[str, ...], rules: frozenset[Windows], holidays: Holidays) -> tuple[tuple[datetime, datetime], ...]:
    """The open intervals that a UTC day touches, cut to that day."""
    midnight = datetime.combine(day, time(), UTC)
    found: Instants = [(midnight, midnight + timedelta(days=1))]
    for zone in zones:
        for one in rules:
            found = _cut(found, _instants(day, zone, one, holidays))
    return tuple(found)


def _instants(day: date, zone: str, rule: Windows, holidays: Holidays) -> Instants:
    found = []
    for local in (day - timedelta(days=1), day, day + timedelta(days=1)):
        for first, last in rule.on(local, holiday=is_holiday(local, holidays)):
            opens, closes = max(_readings(local, first, zone)), min(_readings(local, last, zone))
            if opens < closes:
                found.append((opens, closes))
    return sorted(found)


def _readings(day: date, minute: int, zone: str) -> tuple[datetime, datetime]:
    """The instants that a local clock can mean: two where it is set back or forward."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    tz = ZoneInfo(zone)
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC), local.replace(tzinfo=tz, fold=1).astimezone(UTC)


def _cut(a: Instants, b: Instants) -> Instants:
    return sorted((max(f, g), min(t, u)) for f, t in a for g, u in b if max(f, g) < min(t, u))
