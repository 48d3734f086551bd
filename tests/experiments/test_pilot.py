"""What past values say of a metric."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import InputError, NotEnoughData
from netlift.experiments import capped, metric_of
from netlift.experiments.design import skewness_of_t


def test_figures_by_hand() -> None:
    """Mean, sample deviation and third moment of 0, 0, 0, 4."""
    found = metric_of(np.array([0.0, 0, 0, 4]), "revenue")
    assert (found.baseline, found.sd) == (1, 2)
    assert found.skewness == pytest.approx((27 - 3) / 4 / 8)


def test_a_ratio_is_linearised() -> None:
    """The deviation is that of (y − R·d)/d̄, so that n·variance of the ratio agrees with 4,000 resamples."""
    rng = np.random.default_rng(1)
    d = np.asarray(rng.poisson(3, 2000) + 1, dtype=np.float64)
    y = np.asarray(d * rng.gamma(2, 1, 2000), dtype=np.float64)
    found = metric_of(y, "ratio", of=d)
    assert found.baseline == pytest.approx(y.sum() / d.sum())
    picks = rng.integers(0, 2000, (4000, 2000))
    assert found.sd / 2000**0.5 == pytest.approx((y[picks].sum(axis=1) / d[picks].sum(axis=1)).std(), rel=0.05)


def test_the_cap_is_a_quantile_of_what_was_bought() -> None:
    """Zeros do not move the cap, and nothing lies above it."""
    values = np.concatenate([np.zeros(10_000), np.arange(1.0, 1001)])
    cut, cap = capped(values)
    assert cap == pytest.approx(999.001)
    assert cut.max() == cap
    assert capped(np.zeros(3))[1] == 0


def test_the_skewness_is_that_of_the_notes() -> None:
    """With one arm's skewness of 73 the values of experiments.md section 8 come out: 3.02, 1.95, 1.38."""
    from netlift.experiments import Metric

    for small, large, g in ((500, 9500, 3.02), (1000, 9000, 1.95), (2000, 18000, 1.38)):
        assert skewness_of_t(Metric("revenue", 2, 31, 73), small, large) == pytest.approx(g, abs=0.1)
        assert skewness_of_t(Metric("revenue", 2, 31, 73), large, small) == pytest.approx(g, abs=0.1)
    assert skewness_of_t(Metric("revenue", 2, 31, 73), 500, 500) == 0


@pytest.mark.parametrize(
    ("values", "kind", "of", "says"),
    [
        ([1, float("nan")], "mean", None, "1 of 2 customers have no number"),
        ([0, 1, 2], "proportion", None, "holds 2, and a proportion needs 0 and 1"),
        ([1, 2], "ratio", None, "name that column too"),
        ([1, 2], "ratio", [0, 0], "sums to 0"),
        ([1, 2], "ratio", [1, float("nan")], "the column below"),
    ],
)
def test_what_cannot_be_used_is_named(values: list[float], kind: str, of: list[float] | None, says: str) -> None:
    """Missing values, values that fit no proportion, and ratios over nothing."""
    with pytest.raises(InputError, match=says):
        metric_of(np.array(values, dtype=float), kind, of=None if of is None else np.array(of, dtype=float))  # type: ignore[arg-type]


@pytest.mark.parametrize(("values", "says"), [([3.0], "There are 1 customers"), ([3.0, 3.0], "All 2 customers have the same")])
def test_too_little_has_no_spread(values: list[float], says: str) -> None:
    """One customer, or customers all alike, give a sentence."""
    with pytest.raises(NotEnoughData, match=says):
        metric_of(np.array(values), "mean")
