"""Whitening and effects: invariances, and what cannot be told apart. Against other libraries: test_oracles.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.measurement.regression import Whiten, ar1, effects, independent, local_level
from netlift.records import Floats

MODELS = {"ar1": ar1, "local_level": local_level}


def world(seed: int, n: int = 120) -> tuple[Floats, Floats, Floats]:
    """A series, two regressors without a constant, and a window as a column."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 2))
    d = np.zeros((n, 1))
    d[70:85] = 1.0
    return x @ [1.0, -2.0] + np.cumsum(random.normal(0, 0.1, n)) + random.normal(0, 0.3, n), x, d


def fitted(y: Floats, x: Floats, d: Floats, model: str) -> tuple[float, float]:
    effect, error = effects(y, x, d, MODELS[model](y, np.column_stack([x, d])))
    return float(effect[0]), float(error[0])


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.1, 100), added=st.floats(-3, 3))
@settings(max_examples=15, deadline=None)
def test_effects_follow_the_series(model: str, seed: int, scale: float, added: float) -> None:
    """A multiple of the series has that multiple of effect and error; what is added on the days is added to the effect alone."""
    y, x, d = world(seed)
    effect, error = fitted(y, x, d, model)
    assert fitted(scale * y, x, d, model) == pytest.approx((scale * effect, scale * error), rel=1e-5)
    assert fitted(y + added * d[:, 0], x, d, model) == pytest.approx((effect + added, error), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_what_regressors_explain_does_not_matter(model: str) -> None:
    """Any mixture of the regressors may be added to the series, and a regressor may come twice."""
    y, x, d = world(1)
    expected = fitted(y, x, d, model)[0]
    assert fitted(y + x @ [5.0, 3.0], x, d, model)[0] == pytest.approx(expected, rel=1e-5)
    whiten: Whiten = MODELS[model](y, np.column_stack([x, d]))
    assert effects(y, np.column_stack([x, x[:, 0]]), d, whiten)[0] == pytest.approx(effects(y, x, d, whiten)[0])


def test_a_column_the_others_explain_has_no_effect() -> None:
    """NaN, not a number of rounding."""
    y, x, d = world(2)
    effect, error = effects(y, np.column_stack([x, d]), 2 * d + x[:, :1], ar1(y, x))
    assert np.isnan(effect).all()
    assert np.isnan(error).all()


def test_several_columns_are_asked_one_at_a_time() -> None:
    """The answer for a column is the same alone and beside others."""
    y, x, d = world(3)
    other = np.roll(d, -30)
    whiten = ar1(y, x)
    together = np.array(effects(y, x, np.column_stack([d, other]), whiten))
    assert together[:, 0] == pytest.approx(np.array(effects(y, x, d, whiten))[:, 0])
    assert together[:, 1] == pytest.approx(np.array(effects(y, x, other, whiten))[:, 0])


def test_a_drifting_level_widens_the_error() -> None:
    """The same noise on a level that moves leaves more doubt than on one that stands."""
    random = np.random.default_rng(4)
    noise, x, d = random.normal(0, 0.3, 120), world(4)[1], world(4)[2]
    still = fitted(noise, x, d, "local_level")[1]
    assert fitted(noise + np.cumsum(random.normal(0, 0.3, 120)), x, d, "local_level")[1] > 2 * still


def test_windows_that_say_the_same_are_worth_one() -> None:
    """Columns apart are worth their number, equal ones are worth one, and what the regressors explain whole is worth nothing."""
    apart = np.kron(np.eye(12), np.ones((10, 1))).astype(np.float64)
    none = np.zeros((120, 0))
    assert independent(none, apart, np.asarray) == pytest.approx(12)
    assert independent(none, apart[:, [3, 3, 3]], np.asarray) == pytest.approx(1)
    assert independent(apart[:, :2], apart[:, :2], np.asarray) == 0
    assert 10 < independent(np.ones((120, 1)), apart, np.asarray) < 12
