"""What a day of the calendar explains of a shop's sales: trend, weekday, season, and stated shopping peaks.

The peaks are those of Western shops, stated here and not looked up by country: Black Friday to Cyber Monday, the weeks around
Christmas (a smooth curve, the same every year), 25 and 26 December, 1 January, the week before Easter, Easter Sunday and Monday.
Other holidays are not known; what they add to sales on campaign days counts as the campaigns'.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from netlift.records import Floats

YEAR = 365.25  # days
WEEK = 7
PAIRS = 3  # sines and cosines of the yearly season
SEASON_FROM = 365  # days of history below which a season cannot be told from a trend
CHRISTMAS = range(-35, 22, WEEK)  # centres of the curve's pieces, in days from 25 December


def calendar_regressors(start: date, days: int) -> Floats:
    """Columns that explain the logarithm of sales of `days` days from `start`, shape (days, p): a constant first.

    Columns of peaks that do not fall into the period are left out, and the season below a year of history.
    """
    index = np.arange(days, dtype=np.float64)
    weekday = (start.weekday() + np.arange(days)) % WEEK
    columns = [np.ones(days), index / days, *(np.where(weekday == j, 1.0, 0.0) for j in range(1, WEEK))]
    if days >= SEASON_FROM:
        angle = 2 * np.pi * (index + start.timetuple().tm_yday) / YEAR
        columns += [wave(j * angle) for j in range(1, PAIRS + 1) for wave in (np.sin, np.cos)]
    columns += [column for column in _peaks(start, days) if column.any()]
    return np.column_stack(columns)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    g = (8 * b + 13) // 25
    h = (19 * a + b - b // 4 - g + 15) % 30
    m = (a + 11 * h) // 319
    r = (2 * (b % 4) + 2 * (c // 4) - c % 4 - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % WEEK + 3 * WEEK + 1)


def _peaks(start: date, days: int) -> list[Floats]:
    years = range(start.year - 1, (start + timedelta(days=days)).year + 2)
    index = np.arange(days, dtype=np.float64)
    from_christmas = np.stack([index - (date(year, 12, 25) - start).days for year in years])
    curve = [_cubic((from_christmas - centre) / WEEK).sum(axis=0) for centre in CHRISTMAS]
    easters, fridays = [easter(year) for year in years], [black_friday(year) for year in years]
    stretches = [  # first day of each year's, number of days
        (fridays, 4),
        ([date(year, 12, 25) for year in years], 1),
        ([date(year, 12, 26) for year in years], 1),
        ([date(year, 1, 1) for year in years], 1),
        ([day - timedelta(days=WEEK) for day in easters], WEEK),
        (easters, 1),
        ([day + timedelta(days=1) for day in easters], 1),
    ]
    return curve + [_days(firsts, length, start=start, days=days) for firsts, length in stretches]


def _days(firsts: list[date], length: int, *, start: date, days: int) -> Floats:
    column = np.zeros(days)
    for first in firsts:
        begin = (first - start).days
        column[max(begin, 0) : max(begin + length, 0)] = 1.0
    return column


def _cubic(u: Floats) -> Floats:
    """The cubic B-spline of unit spacing: 2/3 − u² + abs(u)³/2 up to 1, (2 − abs(u))³/6 up to 2, 0 beyond (de Boor 1978)."""
    size = np.abs(u)
    return np.where(size < 1, 2 / 3 - size**2 + size**3 / 2, np.maximum(2 - size, 0.0) ** 3 / 6)
