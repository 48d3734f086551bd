"""Every learner of effects finds a plain effect, repeats itself, and does not see the customers it scores."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import InputError
from netlift.offers import uplift
from netlift.offers.uplift import LEARNERS, Trial

N = 4000


def world(*, binary: bool, seed: int = 3) -> tuple[dict[str, np.ndarray], Trial, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=N), rng.normal(size=N)
    arm = rng.integers(0, 2, N)
    effect = 0.25 * (x > 0)
    y = (rng.random(N) < 0.15 + arm * effect).astype(float) if binary else 1.0 + 8 * arm * effect + rng.normal(size=N)
    return {"x": x, "noise": noise}, Trial(np.empty((N, 0)), arm, y, np.bincount(arm) / N, seed), effect


@pytest.mark.parametrize("name", LEARNERS)
def test_a_plain_effect_is_found(name: str) -> None:
    """Those whom the contact moves are scored above the others: correlation with the true effect above 0.5."""
    columns, trial, effect = world(binary=True)
    found = uplift.effects(columns, trial, (name,)).by_learner[name]
    assert found.shape == (N, 1)
    assert np.corrcoef(found[:, 0], effect)[0, 1] > 0.5
    again = uplift.effects(columns, trial, (name,)).by_learner[name]
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("name", [n for n in LEARNERS if n != "class_transformation"])
def test_money_is_an_outcome_too(name: str) -> None:
    """An outcome of any numbers works, and effects come in its units: 2 for half of the customers."""
    columns, trial, effect = world(binary=False)
    found = uplift.effects(columns, trial, (name,)).by_learner[name][:, 0]
    assert found[effect > 0].mean() - found[effect == 0].mean() == pytest.approx(2, abs=0.8)


def test_no_customer_is_scored_by_a_model_that_saw_him() -> None:
    """Changing one customer's outcome changes the effects of other folds only."""
    columns, trial, _ = world(binary=False)
    before = uplift.effects(columns, trial, ("t_linear",))
    y = trial.y.copy()
    y[0] += 1000
    after = uplift.effects(columns, Trial(trial.X, trial.arm, y, trial.shares, trial.seed), ("t_linear",))
    same = before.by_learner["t_linear"][:, 0] == after.by_learner["t_linear"][:, 0]
    assert same[before.fold == before.fold[0]].all()
    assert not same[before.fold != before.fold[0]].any()


def test_doubly_robust_outcomes_by_hand() -> None:
    """mu + 1[A=a](y - mu) / e: the given arm is corrected, the other is the model's."""
    trial = Trial(np.empty((2, 0)), np.array([1, 0]), np.array([3.0, 5.0]), np.array([0.25, 0.75]), 1)
    np.testing.assert_allclose(uplift.robust_outcomes(trial, np.array([[1.0, 2.0], [4.0, 4.0]])), [[1, 2 + 1 / 0.75], [4 + 1 / 0.25, 4]])


def test_wrong_learners_are_named() -> None:
    """An unknown name lists the known ones; class transformation says what it needs."""
    columns, trial, _ = world(binary=False)
    with pytest.raises(InputError, match="no learner 'magic'; choose from t_linear, dr_linear"):
        uplift.effects(columns, trial, ("magic",))
    with pytest.raises(InputError, match="needs a 0/1 outcome"):
        uplift.effects(columns, trial, ("class_transformation",))
