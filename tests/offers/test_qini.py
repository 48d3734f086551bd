"""The Qini coefficient has its textbook values, and noise is not taken for an order."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.offers import qini, uplift
from netlift.offers.uplift import Trial


def test_by_hand() -> None:
    """1,000 pairs, a unit effect in the best half: G rises to 1/2 at phi = 1/2 and stays, so Q = 3/8 - 1/4 = 1/8."""
    n = 2000
    treated = np.tile([1, 0], n // 2)
    y = np.where(np.arange(n) < n // 2, treated, 0).astype(float)
    found = qini.qini(-np.arange(n, dtype=float), treated, y, seed=1)
    assert found.q == pytest.approx(1 / 8, abs=0.004)  # G counts as 0 while an arm has 50 customers or fewer
    assert found.found


def test_turned_round_is_negative() -> None:
    """The worst first gives the opposite sign."""
    n = 2000
    treated = np.tile([1, 0], n // 2)
    y = np.where(np.arange(n) < n // 2, treated, 0).astype(float)
    assert qini.qini(np.arange(n, dtype=float), treated, y, seed=1).q == pytest.approx(-1 / 8, abs=0.004)


def test_noise_is_rarely_an_order() -> None:
    """Random scores: the interval covers 0 in at least 54 of 60 experiments (95 % expected; 53 or fewer in 1 of 100 tries)."""
    rng = np.random.default_rng(11)
    covered = 0
    for seed in range(60):
        treated = rng.integers(0, 2, 1500)
        y = (rng.random(1500) < 0.1 + 0.05 * treated).astype(float)
        found = qini.qini(rng.random(1500), treated, y, seed=seed)
        covered += found.low <= 0 <= found.high
    assert covered >= 54


def test_learnt_noise_is_rarely_an_order() -> None:
    """Scores learnt where a contact moves nobody, by models of folds that share their luck: "found" in at most 5 of 150 experiments."""
    found = 0
    for seed in range(150):
        rng = np.random.default_rng([23, seed])
        x = {f"x{j}": rng.normal(size=2000) for j in range(3)}
        arm = rng.integers(0, 2, 2000)
        y = (rng.random(2000) < 0.15 + 0.05 * np.tanh(x["x0"])).astype(float)
        made = uplift.effects(x, Trial(np.empty((2000, 0)), arm, y, np.bincount(arm) / 2000, 7), ("t_linear",))
        rank = qini.ranks(made.by_learner["t_linear"][:, 0], made.fold, seed=7)
        found += qini.qini(rank, arm, y, seed=7).found
    assert found <= 5


def test_ranks_are_within_folds() -> None:
    """Scores of another model's scale do not matter: both folds have the same ranks."""
    score = np.r_[np.arange(10.0), 1000 + np.arange(10.0)]
    fold = np.repeat([0, 1], 10)
    rank = qini.ranks(score, fold, seed=1)
    np.testing.assert_array_equal(rank[:10], rank[10:])


def test_ties_fall_at_random_but_the_same_each_time() -> None:
    """Equal scores are not ordered by place in the table, and the seed repeats them."""
    fold = np.zeros(100, int)
    one, two = (qini.ranks(np.zeros(100), fold, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert abs(np.corrcoef(one, np.arange(100))[0, 1]) < 0.3
