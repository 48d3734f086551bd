"""The skew gate: equal arms pass however skewed, small holdouts do not."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.measurement.arms import Metric, Moments, pair
from netlift.measurement.arms.skew import LIMIT, skewness, why_not_welch
from netlift.records import Floats

SPEND = Metric("spend")


def spend(rng: np.random.Generator, n: int, rate: float = 0.03) -> Floats:
    return np.where(rng.random(n) < rate, rng.lognormal(3.5, 1.3, n), 0.0)


def why(n: int, m: int, seed: int) -> str | None:
    rng = np.random.default_rng(seed)
    return why_not_welch(pair(SPEND, Moments.of(spend(rng, n)), Moments.of(spend(rng, m))))


def test_a_small_holdout_never_passes_and_equal_arms_always_do() -> None:
    """1,000 against 9,000 and 5,000 against 20,000 are refused in 20 of 20 draws, 5,000 against 5,000 in none."""
    assert all("too unequal" in (why(1000, 9000, seed) or "") for seed in range(20))
    assert all(why(5000, 20_000, seed) for seed in range(20))
    assert not any(why(5000, 5000, seed) for seed in range(20))


def test_it_is_the_skewness_of_the_difference() -> None:
    """g of known skewness is the textbook's: exponential values, m₃ = 2, v = 1."""
    rng = np.random.default_rng(1)
    small, large = rng.exponential(1, 200_000), rng.exponential(1, 800_000)
    g = 2 * (1 / 200_000**2 - 1 / 800_000**2) / (1 / 200_000 + 1 / 800_000) ** 1.5
    assert skewness(pair(SPEND, Moments.of(small), Moments.of(large))) == pytest.approx(g, rel=0.05)
    assert g < LIMIT


def test_few_buyers_are_refused_and_few_customers_are_not() -> None:
    """29 buyers among 1,000 are too few; 20 customers who all bought are compared."""
    y = np.zeros(1000)
    y[:29] = np.linspace(1, 2, 29)
    assert "only 29 of 1,000" in (why_not_welch(pair(SPEND, Moments.of(y), Moments.of(y))) or "")
    full = np.linspace(1, 2, 20)
    assert why_not_welch(pair(SPEND, Moments.of(full), Moments.of(full))) is None


def test_few_successes_or_failures_are_refused() -> None:
    """9 of 100 who did, or who did not, are too few for a proportion; 10 are enough."""
    for share, refused in ((0.09, True), (0.91, True), (0.10, False), (0.5, False)):
        arm = Moments.of((np.arange(100) < 100 * share).astype(float))
        assert (why_not_welch(pair(Metric("bought", "proportion"), arm, arm)) is not None) == refused
