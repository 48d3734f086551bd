"""Moments add up, wherever the customers are split, and do not cancel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Metric, Moments, pair
from netlift.measurement.arms.moments import D, X, Y, terms
from netlift.records import Floats

MONEY = st.floats(-1e6, 1e6).map(lambda value: round(value, 2))
ROWS = arrays.arrays(np.float64, st.tuples(st.integers(2, 40), st.just(4)), elements=MONEY)


def of(rows: Floats) -> Moments:
    y, d, x, e = rows.T
    return Moments.of(y, d=d, x=x, e=e, cap=100.0)


@given(rows=ROWS, share=st.floats(0, 1))
def test_moments_of_parts_add_up_to_those_of_the_whole(rows: Floats, share: float) -> None:
    """However customers are split into two cells, the added cells hold what all customers together hold."""
    cut = round(share * len(rows))
    whole, added = of(rows), of(rows[:cut]) + of(rows[cut:])
    assert (added.n, added.nonzero, added.largest) == (whole.n, whole.nonzero, whole.largest)
    for name in ("sums", "products", "cubes", "capped"):
        scale = 1 + np.abs(rows).max() ** 3 * len(rows)
        assert getattr(added, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-12 * scale)


@given(rows=ROWS)
def test_variance_and_third_moment_are_those_of_the_customers(rows: Floats) -> None:
    """Covariances are numpy's, and the third central moment of any linear form is that of its values."""
    moments, weights = of(rows), np.array([1.0, -2.0, 0.5, 3.0])
    expected = np.cov(rows.T)
    scale = 1 + np.abs(rows).max()
    assert moments.covariance() == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale**2)
    values = rows @ weights
    assert moments.third(weights) == pytest.approx(((values - values.mean()) ** 3).mean(), rel=1e-6, abs=1e-8 * scale**3)


def test_sums_about_zero_that_cancel_are_noticed() -> None:
    """A spread of 1 about a mean of 10,000 is far; a spread of 1 about 3, and no spread at all about 0, are not."""
    values = np.arange(10.0)
    assert Moments.of(values + 10_000).far()
    assert not Moments.of(values + 3).far()
    assert not Moments.of(np.zeros(10)).far()
    assert Moments.of(np.full(10, 0.1)).far()  # read again about 0.1, its variance is exactly 0


def test_no_spread_is_exactly_none() -> None:
    """Rounding leaves no variance where all values are equal."""
    for value in (0.1, 1e9 / 3, -7.77):
        assert Moments.of(np.full(1001, value)).covariance()[Y, Y] == 0


def test_too_few_customers_are_named() -> None:
    """A variance needs two customers, a mean one."""
    with pytest.raises(NotEnoughData, match="there is 1 customer and 2 are needed"):
        Moments.of(np.array([1.0])).covariance()
    with pytest.raises(NotEnoughData, match="there is no customer"):
        _ = Moments.of(np.zeros(0)).means


def test_cells_about_different_points_do_not_add_up() -> None:
    """Adding sums about two reference points, or capped at two caps, is a fault of the program."""
    with pytest.raises(AssertionError, match="do not add up"):
        Moments.of(np.ones(2), cap=1.0) + Moments.of(np.ones(2), cap=2.0)


def test_capped_values_have_moments_of_their_own() -> None:
    """Mean and variance of min(y, cap)."""
    y = np.array([0.0, 5.0, 300.0, 7.0])
    capped = Moments.of(y, cap=6.0).winsorised()
    assert capped.means[Y] == np.minimum(y, 6).mean()
    assert capped.covariance()[Y, Y] == pytest.approx(np.minimum(y, 6).var(ddof=1))
    assert capped.largest == 6


def test_the_sums_of_two_variables_are_nine() -> None:
    """y, d; three products; four cubes: each unordered once."""
    assert terms((Y, D)) == [(0,), (1,), (0, 0), (0, 1), (1, 1), (0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)]
    assert len(terms((Y, D, X))) == 19


def test_one_customer_is_no_arm() -> None:
    """The message says which arm is too small."""
    with pytest.raises(NotEnoughData, match="the treated arm has 1 customer and needs 2 or more"):
        pair(Metric("spend"), Moments.of(np.ones(3)), Moments.of(np.ones(1)))
