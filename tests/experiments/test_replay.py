"""Replaying a plan over the past: false alarms as the level says, heavy tails as the notes say."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import InputError, NotEnoughData
from netlift.experiments import Design, Metric, planned, replay, size
from netlift.records import Floats

HALVES = planned("e", {"b": 0.5}, holdout=0.5)


def sparse(n: int, seed: int = 1) -> Floats:
    """3 % buyers, lognormal(3.5, 1.3), as in experiments.md section 8."""
    rng = np.random.default_rng(seed)
    return np.asarray(np.where(rng.random(n) < 0.03, rng.lognormal(3.5, 1.3, n), 0.0))


def test_a_sound_plan_has_its_level_and_its_size() -> None:
    """Normal values in halves: 5 % false alarms within the interval, and the smallest effect is that of the power calculation."""
    y = np.random.default_rng(2).normal(10, 3, 4000)
    (found,) = replay(y, HALVES, draws=4000)
    assert found.low <= 0.05 <= found.high
    assert found.test == "t"
    assert found.mde == pytest.approx(size(Design(Metric("mean", 10, float(y.std()))), customers=4000).mde, rel=0.05)
    assert found.mde_relative == pytest.approx(found.mde / y.mean())


def test_a_small_holdout_of_rare_buyers_cries_wolf() -> None:
    """1,000 against 9,000: Welch is wrong about twice as often as planned, almost always for good; the permutation test is advised."""
    (found,) = replay(sparse(10_000), planned("e", {"t": 0.9}, holdout=0.1), draws=2000)
    assert found.test == "permutation"
    assert found.low > 0.05
    assert found.seemed_good > 5 * found.seemed_bad
    assert (found.n_control, found.n_arm) == (1000, 9000)


def test_the_permutation_tests_smallest_gain_is_found_in_four_of_five() -> None:
    """In draws of another seed a gain of that size passes the upper quantile in 80 %; at Student's limit it would in far more."""
    from netlift.experiments.replay import _draws, _welch

    y = sparse(10_000)
    (found,) = replay(y, planned("e", {"t": 0.9}, holdout=0.1), draws=3000)
    n = np.array([1000, 9000])
    t, error, _ = _welch(*_draws(y, n, draws=3000, seed=99), n)
    assert np.mean(t + found.mde / error > np.quantile(t, 0.975)) == pytest.approx(0.8, abs=0.03)
    assert np.mean(t + found.mde / error > 1.96) > 0.85


def test_the_draws_are_true_draws() -> None:
    """The shortcut through the buyers has the spread of whole permutations: the mean squared t is that of 2,000 of them."""
    from netlift.experiments.replay import _draws

    y, n = sparse(600, 3), np.array([200, 300])
    mean, variance = _draws(y, n, draws=4000, seed=1)
    rng = np.random.default_rng(4)
    whole = np.array([rng.permutation(y)[:500] for _ in range(4000)])
    for place, part in enumerate((whole[:, :200], whole[:, 200:])):
        assert mean[:, place].mean() == pytest.approx(part.mean(), rel=0.05)
        assert mean[:, place].std() == pytest.approx(part.mean(axis=1).std(), rel=0.05)
        assert variance[:, place].mean() == pytest.approx(part.var(axis=1, ddof=1).mean(), rel=0.1)


def test_the_time_before_makes_smaller_effects_visible() -> None:
    """With a correlation of .8 the smallest effect falls to .6 of it."""
    rng = np.random.default_rng(5)
    x = rng.normal(50, 10, 3000)
    y = 0.8 * x + 6 * rng.normal(size=3000)
    (plain,), (corrected,) = replay(y, HALVES), replay(y, HALVES, before=x)
    assert corrected.mde / plain.mde == pytest.approx(0.6, abs=0.05)
    assert corrected.mde_relative == pytest.approx(corrected.mde / y.mean())


def test_the_same_seed_gives_the_same_replay() -> None:
    """Figures repeat, and another seed gives others; several arms have Dunnett's level."""
    plan = planned("e", {"b": 0.3, "c": 0.3}, holdout=0.3)
    first = replay(sparse(2000), plan, draws=500)
    assert first == replay(sparse(2000), plan, draws=500)
    assert first != replay(sparse(2000), plan, draws=500, seed=8)
    assert [r.arm for r in first] == ["b", "c"]
    assert 0.025 < first[0].level < 0.03


def test_what_cannot_be_replayed_is_said() -> None:
    """Too few draws, arms too small, customers all alike."""
    with pytest.raises(InputError, match="100 draws are asked for"):
        replay(sparse(1000), HALVES, draws=100)
    with pytest.raises(NotEnoughData, match=r"'holdout' would have 1 of 100 customers"):
        replay(sparse(100), planned("e", {"b": 0.5}, holdout=0.01))
    with pytest.raises(NotEnoughData, match="All 50 customers have the same"):
        replay(np.zeros(50), HALVES)
