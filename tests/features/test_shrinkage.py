"""Shrinkage: the figures of section 10 of the notes, invariants, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import NotEnoughData
from netlift.features.shrinkage import reliability, shrink_rate, shrink_share, tiers


def test_shares_lose_half_of_their_error_and_c_is_found() -> None:
    """Shrunk shares have at most .55 of the raw L1 error, and c = 8 is found within 25 %."""
    random = np.random.default_rng(1)
    truth = random.dirichlet(8 * np.array([0.3, 0.25, 0.2, 0.12, 0.08, 0.05]), 20_000)
    counts = random.multinomial(random.geometric(0.35, 20_000), truth)
    shares = shrink_share(counts)
    raw = np.abs(counts / counts.sum(axis=1, keepdims=True) - truth).sum(axis=1).mean()
    assert np.abs(shares.share - truth).sum(axis=1).mean() <= 0.55 * raw
    assert shares.concentration == pytest.approx(8, rel=0.25)
    assert shares.share.sum(axis=1) == pytest.approx(1)


def test_a_customer_without_facts_gets_the_mean_of_all() -> None:
    """No fact means the pooled shares and the tier prior-only."""
    shares = shrink_share(np.array([[3, 1], [0, 0], [1, 3]]))
    assert shares.share[1] == pytest.approx(shares.pooled)
    assert shares.tier[1] == "prior-only"


def test_rates_find_their_parameters_and_cover_the_truth() -> None:
    """Gamma(2, 4) is found within 5 %, the error falls, and 95 % intervals hold 95 % of true rates."""
    random = np.random.default_rng(2)
    truth, exposure = random.gamma(2, 1 / 4, 20_000), random.integers(1, 9, 20_000).astype(float)
    events = random.poisson(truth * exposure)
    rates = shrink_rate(events, exposure)
    assert (rates.r, rates.alpha) == pytest.approx((2, 4), rel=0.05)
    assert np.abs(rates.rate - truth).mean() < np.abs(events / exposure - truth).mean()
    assert ((rates.low <= truth) & (truth <= rates.high)).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("t", [0.25, 0.5, 1, 2, 4])
def test_reliability_is_what_theory_says(t: float) -> None:
    """Halves Poisson(lambda t), lambda ~ Gamma(2, 1), correlate at t / (1 + t)."""
    random = np.random.default_rng(3)
    rate = random.gamma(2, 1, (40_000, 1))
    first, second = (random.poisson(rate * t).astype(float) for _ in range(2))
    assert reliability(first, second)[0] == pytest.approx(t / (1 + t), abs=0.03)


def test_a_constant_feature_is_not_reliable() -> None:
    """No variation gives 0, never NaN."""
    assert reliability(np.ones((5, 1)), np.ones((5, 1)))[0] == 0


def test_tiers_follow_the_weight_of_own_facts() -> None:
    """None, as much as the prior, more than it."""
    assert list(tiers(np.array([0.0, 4.0, 5.0]), 4.0)) == ["prior-only", "shrunk", "enough"]


def test_nothing_to_learn_from_is_refused() -> None:
    """No fact at all and nobody's event are sentences."""
    with pytest.raises(NotEnoughData, match="3 customers have 0 facts"):
        shrink_share(np.zeros((3, 2), dtype=np.int64))
    with pytest.raises(NotEnoughData, match="0 events were found"):
        shrink_rate(np.array([0, 0]), np.array([0.0, 1.0]))
    with pytest.raises(NotEnoughData, match="1 customers with events but without exposure"):
        shrink_rate(np.array([1, 1]), np.array([0.0, 1.0]))


def test_a_customer_never_exposed_has_the_widest_interval() -> None:
    """Without exposure the rate is that of the prior, prior-only, with an interval and no blank."""
    rates = shrink_rate(np.array([0, 1, 5, 0, 2]), np.array([0.0, 2, 4, 3, 1]))
    assert rates.rate[0] == pytest.approx(rates.r / rates.alpha)
    assert rates.tier[0] == "prior-only"
    assert rates.high[0] - rates.low[0] > rates.high[3] - rates.low[3] > 0
