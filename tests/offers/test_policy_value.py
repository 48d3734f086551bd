"""What deciding one by one is worth, against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.offers import policy_value
from netlift.offers.uplift import Trial


def trial(y: np.ndarray, arm: np.ndarray) -> Trial:
    return Trial(np.empty((len(y), 0)), arm, y, np.bincount(arm) / len(arm), 1)


def test_by_hand() -> None:
    """Without a model (mu = 0) the value is that of inverse propensity weighting: two arms of two, y 1 0 1 0, cost 0.25."""
    found = policy_value.money(trial(np.array([1.0, 0, 1, 0]), np.array([1, 1, 0, 0])), np.zeros((4, 2)), contact_cost=0.25, revenue=1)
    np.testing.assert_allclose(found, [[0, 1.75], [0, -0.25], [2, -0.25], [0, -0.25]])
    assert policy_value.value(found, np.ones(4, int)).value == pytest.approx(0.25)


def test_contact_only_where_it_pays() -> None:
    """The arm with the largest gain above its cost, nobody where there is none."""
    effect = np.array([[0.01, 0.2], [0.3, 0.1], [0.05, 0.05]])
    assert policy_value.decide(effect, contact_cost=1, revenue=10).tolist() == [2, 1, 0]


def test_the_interval_covers_the_true_value() -> None:
    """200 experiments with a known best policy: its value lies in the interval in 93 % or more, and its gain is found."""
    rng = np.random.default_rng(17)
    covered = 0
    for _ in range(200):
        x = rng.normal(size=800)
        arm = rng.integers(0, 2, 800)
        y = 1.0 + arm * x + rng.normal(size=800)
        mu = np.column_stack([np.ones(800), 1 + x])
        gamma = policy_value.money(trial(y, arm), mu, contact_cost=0.0, revenue=1)
        found = policy_value.value(gamma, (x > 0).astype(int))
        covered += found.low <= 1 + 1 / np.sqrt(2 * np.pi) <= found.high
    assert covered >= 186
    assert found.personalise


def test_no_gain_over_the_best_constant() -> None:
    """Where everybody gains alike, choosing some of them is not better than contacting all."""
    rng = np.random.default_rng(19)
    arm = rng.integers(0, 2, 2000)
    y = arm + rng.normal(size=2000)
    gamma = policy_value.money(trial(y, arm), np.column_stack([np.zeros(2000), np.ones(2000)]), contact_cost=0.1, revenue=1)
    found = policy_value.value(gamma, (rng.random(2000) < 0.8).astype(int))
    assert not found.personalise
    assert found.best_constant == 1
    assert found.gain < 0
