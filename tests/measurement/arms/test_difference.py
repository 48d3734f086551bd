"""Differences against scipy, statsmodels' stored answers, and what cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Metric, Moments, confidence_sequence, difference, greater, mixture_test, pair, welch
from netlift.measurement.arms.intervals import ALPHA, Interval
from tests.conftest import ROOT

STORED = json.loads((ROOT / "benchmarks/oracles/statsmodels.json").read_text(encoding="utf-8"))
RATIO, CUPED = Metric("basket", "ratio"), Metric("spend", covariate=True)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 60), m=st.integers(2, 60), scale=st.floats(0.01, 1000))
def test_welch_is_scipys(seed: int, n: int, m: int, scale: float) -> None:
    """p and both ends of scipy.stats.ttest_ind(equal_var=False) to 1e-9 relative, for arms of any size and scale."""
    rng = np.random.default_rng(seed)
    control, treated = scale * rng.gamma(2, 1, n), rng.gamma(3, 2, m)
    expected = stats.ttest_ind(treated, control, equal_var=False)
    of = welch(difference(pair(Metric("y"), Moments.of(control), Moments.of(treated))))
    assert of.p == pytest.approx(expected.pvalue, rel=1e-9)
    ends = expected.confidence_interval()
    assert (of.low, of.high) == pytest.approx((ends.low, ends.high), rel=1e-9, abs=1e-9 * scale)


def test_one_sided_is_scipys() -> None:
    """p and the lower end of scipy's alternative 'greater'."""
    rng = np.random.default_rng(5)
    control, treated = rng.normal(0, 1, 50), rng.normal(0.3, 2, 30)
    expected = stats.ttest_ind(treated, control, equal_var=False, alternative="greater")
    of = greater(difference(pair(Metric("y"), Moments.of(control), Moments.of(treated))))
    assert (of.low, of.p) == pytest.approx((expected.confidence_interval().low, expected.pvalue), rel=1e-9)


def test_statsmodels_answers() -> None:
    """statsmodels' unequal-variance interval and regression-adjusted slope of stored data, to 1e-9 relative."""
    control, treated = (Moments.of(np.array(STORED["y"][arm]), x=np.array(STORED["x"][arm])) for arm in ("control", "treated"))
    of = welch(difference(pair(Metric("y"), control, treated)))
    told = STORED["compare_means_unequal"]
    assert (of.low, of.high, of.p) == pytest.approx((*told["interval"], told["p"]), rel=1e-9)
    weights = pair(CUPED, control, treated).adjusted[0].weights
    assert -weights[2] == pytest.approx(STORED["slope_of_y_on_x"], rel=1e-9)


@given(seed=st.integers(0, 2**32 - 1), effect=st.floats(-2, 2))
def test_p_and_interval_agree(seed: int, effect: float) -> None:
    """For every estimator of moments p < .05 exactly where the interval excludes 0."""
    rng = np.random.default_rng(seed)
    sides = []
    for shift in (0.0, effect):
        x = rng.gamma(2, 5, 80)
        d = (1 + rng.poisson(2, 80)).astype(np.float64)
        sides.append(Moments.of(x / 2 + rng.gamma(2, 5, 80) + shift, d=d, x=x, e=d))
    bits = [Moments.of((rng.random(80) < 0.5 + shift / 8).astype(float)) for shift in (0.0, effect)]
    whole = Metric("basket", "ratio", covariate=True, denominators_before=True)
    for metric, arms in ((Metric("y"), sides), (CUPED, sides), (RATIO, sides), (whole, sides), (Metric("p", "proportion"), bits)):
        for relative in (False, True):
            found = difference(pair(metric, *arms), relative=relative)
            for of in (welch(found), greater(found), confidence_sequence(found), mixture_test(found, tau=0.5)):
                assert agree(of), (metric, relative, of)


def agree(of: Interval) -> bool:
    return (of.p < ALPHA) == (of.low > 0 or of.high < 0)


def test_cuped_is_narrower_and_unbiased_by_the_covariate() -> None:
    """With a covariate that explains most, the interval shrinks, and an imbalance of the covariate is taken out."""
    rng = np.random.default_rng(2)
    x = rng.gamma(2, 20, 2000)
    y = x + rng.normal(0, 1, 2000)
    first = np.argsort(x) % 2 == 0
    control, treated = Moments.of(y[first], x=x[first]), Moments.of(y[~first], x=x[~first])
    plain, sharp = (difference(pair(metric, control, treated)) for metric in (Metric("y"), CUPED))
    assert sharp.variance < 0.01 * plain.variance
    shifted = Moments.of(y[~first] + 10, x=x[~first] + 10)
    assert difference(pair(CUPED, control, shifted)).effect == pytest.approx(0, abs=0.2)


def test_ratio_cuped_of_the_same_ratio_leaves_nothing() -> None:
    """Where the ratio before is the ratio after, customer by customer, θ = 1 and the difference is exactly known."""
    rng = np.random.default_rng(3)
    d, y = (1 + rng.poisson(3, 200)).astype(np.float64), rng.gamma(2, 10, 200)
    metric = Metric("basket", "ratio", covariate=True, denominators_before=True)
    arms = pair(metric, *(Moments.of(y[half], d=d[half], x=y[half], e=d[half]) for half in (slice(0, 100), slice(100, 200))))
    assert sum(arms.variances()) < 0.02 * sum(pair(RATIO, arms.control, arms.treated).variances())


def test_a_ratio_of_ones_is_a_mean() -> None:
    """With every denominator 1 the ratio is the mean, with the same interval."""
    rng = np.random.default_rng(4)
    sides = [rng.gamma(2, 10, 50) for _ in range(2)]
    mean = welch(difference(pair(Metric("y"), *(Moments.of(y) for y in sides))))
    ratio = welch(difference(pair(RATIO, *(Moments.of(y, d=np.ones(50)) for y in sides))))
    assert (ratio.low, ratio.high, ratio.p) == pytest.approx((mean.low, mean.high, mean.p), rel=1e-9)


@pytest.mark.parametrize(
    ("metric", "control", "says"),
    [
        (Metric("y"), Moments.of(np.full(9, 3.0)), "all customers of both arms have the same value"),
        (RATIO, Moments.of(np.ones(9), d=np.zeros(9)), "the denominator's mean is 0 and must be above 0"),
        (CUPED, Moments.of(np.arange(9.0), x=np.full(9, 3.0)), "do not differ in what they did before"),
    ],
)
def test_what_cannot_be_compared(metric: Metric, control: Moments, says: str) -> None:
    """No spread, no denominator and no covariate are reasons, never an effect of 0 with p = 1."""
    with pytest.raises(NotEnoughData, match=says):
        difference(pair(metric, control, control))


def test_a_control_value_of_zero_has_no_relative_effect() -> None:
    """Nothing is a share of 0."""
    arms = pair(Metric("y"), Moments.of(np.array([-1.0, 1.0])), Moments.of(np.array([0.0, 1.0])))
    with pytest.raises(NotEnoughData, match="value is 0"):
        difference(arms, relative=True)
