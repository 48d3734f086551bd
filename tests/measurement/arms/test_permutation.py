"""The permutation test over buyers and its interval."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Metric, Moments, Values, difference, pair
from netlift.measurement.arms.permutation import Draws, absolute, draw, relative
from netlift.records import Floats


def baskets(rng: np.random.Generator, n: int, rate: float = 0.1) -> Floats:
    return rng.lognormal(3.5, 1.3, max(1, rng.binomial(n, rate)))


def test_it_is_the_exact_test_of_all_splits() -> None:
    """For 9 customers p comes close to the p over all 84 splits, computed one by one."""
    control, treated = np.array([3.0, 9, 0, 0, 4, 0]), np.array([8.0, 21, 13])
    both = np.concatenate([control, treated])

    def z(some: Floats, rest: Floats) -> float:
        return float((some.mean() - rest.mean()) / np.sqrt(some.var(ddof=1) / len(some) + rest.var(ddof=1) / len(rest)))

    seen = z(treated, control)
    all_z = [z(both[list(places)], np.delete(both, places)) for places in combinations(range(9), 3)]
    exact = 2 * min(np.mean(np.array(all_z) >= seen - 1e-9), np.mean(np.array(all_z) <= seen + 1e-9))
    found = draw(Values(control[control != 0], treated, 6, 3), draws=20_000)
    assert found.p() == pytest.approx(exact, abs=0.01)


def test_the_statistic_is_welchs() -> None:
    """What was seen has Welch's z, whichever arm is the smaller."""
    rng = np.random.default_rng(1)
    for n, m in ((50, 200), (200, 50)):
        control, treated = baskets(rng, n), baskets(rng, m)
        arms = [Moments.of(np.concatenate([v, np.zeros(size - len(v))])) for v, size in ((control, n), (treated, m))]
        expected = difference(pair(Metric("y"), *arms))
        made = draw(Values(control, treated, n, m), draws=10)
        assert float(made._z(made._seen(), 0.0)) == pytest.approx(expected.effect / expected.variance**0.5, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lift=st.floats(-0.9, 6), sizes=st.sampled_from([(100, 900), (900, 100), (300, 300)]))
def test_p_and_interval_agree(seed: int, lift: float, sizes: tuple[int, int]) -> None:
    """p < .05 exactly where both intervals exclude 0; they hold the estimate, and lie on the same side."""
    rng = np.random.default_rng(seed)
    control, treated = baskets(rng, sizes[0]), (1 + lift) * baskets(rng, sizes[1])
    made = draw(Values(control, treated, *sizes), draws=499)
    share, money = relative(made), absolute(made)
    best = treated.sum() / sizes[1] / (control.sum() / sizes[0]) - 1
    assert share.low <= best <= share.high
    assert (share.p < 0.05) == (share.low > 0 or share.high < 0) == (money.low > 0 or money.high < 0)
    assert money.p == share.p


def test_the_same_data_give_the_same_answer() -> None:
    """The seed is fixed, so p and interval do not change between runs."""
    rng = np.random.default_rng(3)
    values = Values(baskets(rng, 100), baskets(rng, 900), 100, 900)
    assert relative(draw(values)) == relative(draw(values))


def test_a_stricter_look_finds_fewer() -> None:
    """A treble sale is found in arms of 300 and 2,700, a sale of 3 % more is not."""
    rng = np.random.default_rng(4)
    control, treated = baskets(rng, 300), baskets(rng, 2700)
    assert draw(Values(control, 3 * treated, 300, 2700)).p() < 0.05
    assert draw(Values(control, 1.03 * treated, 300, 2700)).p() > 0.05


def test_no_p_is_below_what_the_draws_can_tell() -> None:
    """What was seen counts as a draw: of 99 draws the least p is 2/100."""
    rng = np.random.default_rng(6)
    values = Values(np.full(100, 1.0), np.full(500, 50.0) + rng.random(500), 500, 500)
    assert draw(values, draws=99).p() == 0.02


def test_no_buyer_is_no_test() -> None:
    """An arm without a buyer has nothing to permute; a mean below 0 has no relative change."""
    with pytest.raises(NotEnoughData, match="the control arm has 90 customers, of whom 0"):
        draw(Values(np.zeros(0), np.ones(3), 90, 10))
    with pytest.raises(NotEnoughData, match="a relative change needs both above 0"):
        relative(draw(Values(np.array([-5.0, 1.0]), np.ones(3), 90, 10), draws=99))


def test_very_many_buyers_get_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost stays bounded, and there are always enough draws for a p of .05."""
    monkeypatch.setattr("netlift.measurement.arms.permutation.MOST", 1000)
    rng = np.random.default_rng(5)
    made: Draws = draw(Values(baskets(rng, 500), baskets(rng, 500), 500, 500))
    assert len(made.sums) == 999


def ratio_values(rng: np.random.Generator, sizes: tuple[int, int], lift: float = 0.0) -> Values:
    """Baskets of customers with one order or more, and how many orders they had."""
    sides = [baskets(rng, n) for n in sizes]
    d = [(1 + rng.poisson(0.5, len(side))).astype(float) for side in sides]
    return Values(sides[0] * d[0], (1 + lift) * sides[1] * d[1], *sizes, (d[0], d[1]))


def test_the_statistic_of_a_ratio_is_the_delta_methods() -> None:
    """z of what was seen is that of the moments, and an arm's customers without an order change nothing."""
    values = ratio_values(np.random.default_rng(7), (200, 900))
    assert values.denominators is not None
    sides = zip((values.control, values.treated), values.denominators, (200, 900), strict=True)
    arms = [Moments.of(np.r_[y, np.zeros(n - len(y))], d=np.r_[d, np.zeros(n - len(y))]) for y, d, n in sides]
    expected = difference(pair(Metric("basket", "ratio"), *arms))
    made = draw(values, draws=10)
    assert float(made._z(made._seen(), 0.0)) == pytest.approx(expected.effect / expected.variance**0.5, rel=1e-9)


def test_with_denominators_of_one_a_ratio_is_a_mean() -> None:
    """If everybody has one order, p and the relative interval are those of the mean."""
    rng = np.random.default_rng(8)
    control, treated = rng.lognormal(3, 1, 40), 1.2 * rng.lognormal(3, 1, 90)
    plain = relative(draw(Values(control, treated, 40, 90), draws=999))
    ones = Values(control, treated, 40, 90, (np.ones(40), np.ones(90)))
    ratio = relative(draw(ones, draws=999))
    assert (ratio.low, ratio.high, ratio.p) == pytest.approx((plain.low, plain.high, plain.p), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lift=st.floats(-0.9, 6))
def test_p_and_interval_of_a_ratio_agree(seed: int, lift: float) -> None:
    """p < .05 exactly where both intervals of a ratio exclude 0."""
    made = draw(ratio_values(np.random.default_rng(seed), (100, 900), lift), draws=299)
    share, money = relative(made), absolute(made)
    assert (share.p < 0.05) == (share.low > 0 or share.high < 0) == (money.low > 0 or money.high < 0)
