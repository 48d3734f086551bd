"""The calendar's days are those that calendars show."""

from datetime import date, timedelta

import numpy as np
import pytest

from netlift.measurement.shopping_days import black_friday, calendar_regressors, easter

# published dates of the Gregorian calendar, among them the earliest and the latest possible Easter
EASTERS = ["1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2017-04-16", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"]
FRIDAYS = ["2017-11-24", "2018-11-23", "2019-11-29", "2023-11-24", "2024-11-29", "2025-11-28"]


@pytest.mark.parametrize("day", EASTERS)
def test_easter_is_the_published_day(day: str) -> None:
    """Nine years' Easter Sundays."""
    assert easter(int(day[:4])).isoformat() == day


@pytest.mark.parametrize("day", FRIDAYS)
def test_black_friday_is_the_published_day(day: str) -> None:
    """Six years' days after Thanksgiving, also where November begins on a Friday."""
    assert black_friday(int(day[:4])).isoformat() == day


def test_a_season_needs_a_year() -> None:
    """Six columns of season come with the 365th day; a constant comes first."""
    spring = date(2023, 5, 1)  # no peak until November
    short, long = calendar_regressors(spring, 150), calendar_regressors(spring, 364)
    assert short.shape == (150, 8)
    assert (long[:, 0] == 1).all()
    assert calendar_regressors(spring, 365).shape[1] - long.shape[1] == 6


def test_every_peak_has_its_days() -> None:
    """Two years hold the peaks of both, and columns of 0 and 1 sum to the number of their days."""
    x = calendar_regressors(date(2021, 1, 1), 730)
    flags = [int(column.sum()) for column in x.T[14:] if set(np.unique(column)) == {0.0, 1.0}]
    assert flags == [8, 2, 2, 2, 14, 2, 2]  # Black Friday's four days; 25, 26 December, 1 January; Easter's week, Sunday, Monday
    assert x[(date(2022, 12, 25) - date(2021, 1, 1)).days, 14:].sum() > 0


@pytest.mark.parametrize("moved", [1, 7, 365])
def test_christmas_is_the_same_curve_each_year(moved: int) -> None:
    """Wherever the data begin, the day's distance from Christmas alone decides the curve."""
    first, other = date(2019, 1, 1), date(2019, 1, 1) + timedelta(days=moved)
    day = date(2020, 12, 17)
    one, two = (calendar_regressors(start, 1_100)[(day - start).days] for start in (first, other))
    assert one[14:23] == pytest.approx(two[14:23])
    assert one[14:23].sum() == pytest.approx(1)  # pieces of a cubic spline add up to one inside
