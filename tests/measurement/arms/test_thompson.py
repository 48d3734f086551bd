"""Shares of the next customers, and what changing them costs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from netlift.errors import InputError, NotEnoughData
from netlift.measurement.arms import Metric, Moments, next_shares, over_periods
from tests.measurement.arms.published import arm

SHARE, SPEND = Metric("bought", "proportion"), Metric("spend")


def test_shares_are_the_chances_to_be_best() -> None:
    """Two normal arms: the better gets Φ(difference/its standard error), less what the floor takes."""
    rng = np.random.default_rng(1)
    y = rng.normal(10, 2, 1000)
    one, other = Moments.of(y), Moments.of(y + 0.1)
    win = ndtr(0.1 / np.sqrt(2 * y.var(ddof=1) / 1000))
    assert next_shares(SPEND, [one, other], floor=0.1) == pytest.approx([0.9 - 0.8 * win, 0.1 + 0.8 * win], abs=0.005)


def test_no_arm_falls_below_the_floor() -> None:
    """A hopeless arm keeps the floor; without any data on successes all are alike."""
    shares = next_shares(SHARE, [arm(1000, 10), arm(1000, 200), arm(1000, 11)], floor=0.05)
    assert shares == pytest.approx([0.05, 0.9, 0.05])
    assert next_shares(SHARE, [arm(100, 5), arm(100, 5)], floor=0.1) == pytest.approx([0.5, 0.5], abs=0.01)


def test_floors_that_cannot_be() -> None:
    """No exploration, and more than everybody, are refused; an arm of one customer cannot be judged."""
    for floor in (0.0, 0.6):
        with pytest.raises(InputError, match=r"it must be above 0 and at most 0\.5"):
            next_shares(SHARE, [arm(10, 1), arm(10, 2)], floor=floor)
    with pytest.raises(NotEnoughData, match="an arm has 1 customers"):
        next_shares(SHARE, [arm(1, 1), arm(10, 2)], floor=0.1)


def test_days_that_differ_do_not_mislead() -> None:
    """Sales double in the second period, in which most are treated: added up it looks like an effect, by period there is none."""
    rng = np.random.default_rng(2)
    sizes = ((500, 500, 1.0), (100, 900, 2.0))
    periods = [(Moments.of(k * rng.gamma(2, 5, n)), Moments.of(k * rng.gamma(2, 5, m))) for n, m, k in sizes]
    found, cost = over_periods(SPEND, periods)
    assert abs(found.effect) < 2 * found.variance**0.5
    naive = (periods[0][1] + periods[1][1]).means[0] - (periods[0][0] + periods[1][0]).means[0]
    assert naive > 4 * found.variance**0.5
    assert cost == pytest.approx(2.4, abs=0.4)
    assert over_periods(SPEND, periods[:1])[1] == pytest.approx(1)
