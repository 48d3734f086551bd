"""The effect on those who were reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Metric, Moments, complier_effect, difference, pair, welch


def arms(seed: int, effect: float, reached: float, n: int = 400) -> tuple[Moments, Moments]:
    rng = np.random.default_rng(seed)
    d = (rng.random(n) < reached).astype(float)
    # who can be reached buys more anyway, so that comparing the reached with the rest would mislead
    return Moments.of(rng.gamma(2, 5, n) + 4 * (rng.random(n) < reached), d=np.zeros(n)), Moments.of(
        rng.gamma(2, 5, n) + (4 + effect) * d, d=d
    )


def test_it_is_the_difference_over_the_share_reached() -> None:
    """Wald's ratio; with everybody reached it is the difference itself, with its very interval."""
    control, treated = arms(1, 3.0, 0.5)
    found, assigned = complier_effect(control, treated), difference(pair(Metric("y"), control, treated))
    assert found.effect == pytest.approx(assigned.effect / found.reached)
    assert found.low < 3 < found.high
    y = np.random.default_rng(2).gamma(2, 5, 100)
    all_reached = complier_effect(Moments.of(y[:50], d=np.zeros(50)), Moments.of(y[50:], d=np.ones(50)))
    of = welch(difference(pair(Metric("y"), Moments.of(y[:50]), Moments.of(y[50:]))))
    assert (all_reached.low, all_reached.high, all_reached.p) == pytest.approx((of.low, of.high, of.p), rel=1e-9)


@given(seed=st.integers(0, 2**32 - 1), effect=st.floats(-4, 4), reached=st.floats(0.2, 1))
def test_p_and_interval_agree(seed: int, effect: float, reached: float) -> None:
    """p < .05 exactly where the interval excludes 0, and the interval holds the estimate."""
    found = complier_effect(*arms(seed, effect, reached))
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
    assert found.low <= found.effect <= found.high


def test_the_ends_are_just_not_rejected() -> None:
    """At both ends w the difference of y − w·d lies t standard errors from 0: Anderson and Rubin's definition, from the customers."""
    rng = np.random.default_rng(8)
    d = [(rng.random(300) < share).astype(float) for share in (0.1, 0.7)]
    y = [rng.gamma(2, 5, 300) + 6 * of for of in d]
    found = complier_effect(*(Moments.of(a, d=b) for a, b in zip(y, d, strict=True)))
    t = stats.t.ppf(0.975, difference(pair(Metric("y"), Moments.of(y[0]), Moments.of(y[1]))).freedom)
    for end in (found.low, found.high):
        left = [a - end * b for a, b in zip(y, d, strict=True)]
        error = np.sqrt(sum(of.var(ddof=1) / 300 for of in left))
        assert abs(left[1].mean() - left[0].mean()) == pytest.approx(t * error, rel=1e-9)


def test_a_draw_that_reached_hardly_anybody_says_so() -> None:
    """With 2 of 400 reached the interval is the whole line; with none there is no estimate."""
    control, treated = arms(3, 0.0, 0.0)
    with pytest.raises(NotEnoughData, match="the share reached is 0 in the treated arm"):
        complier_effect(control, treated)
    rng = np.random.default_rng(4)
    few = Moments.of(rng.gamma(2, 5, 400), d=(np.arange(400) < 2).astype(float))
    found = complier_effect(Moments.of(rng.gamma(2, 5, 400), d=np.zeros(400)), few)
    assert (found.low, found.high) == (-np.inf, np.inf)
