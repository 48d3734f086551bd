"""The holdout that pays: the formula is the simulated decision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import InputError
from netlift.experiments import Prospect, best_holdout
from netlift.experiments.holdout_value import worth

ASK = Prospect(customers=100_000, horizon=500_000, mean=0.2, uncertainty=0.3, sd=15)


@pytest.mark.parametrize(("mean", "share"), [(0.2, 0.1), (0.2, 0.01), (-0.1, 0.3)])
def test_the_formula_is_the_simulated_decision(mean: float, share: float) -> None:
    """A million worlds: draw the effect, measure it, decide by the posterior mean; the gain over deciding now is EVSI."""
    rng = np.random.default_rng(3)
    ask = Prospect(ASK.customers, ASK.horizon, mean, ASK.uncertainty, ASK.sd)
    error = ask.sd * np.sqrt((1 / share + 1 / (1 - share)) / ask.customers)
    effect = rng.normal(mean, ask.uncertainty, 1_000_000)
    seen = effect + error * rng.normal(size=len(effect))
    posterior = (mean / ask.uncertainty**2 + seen / error**2) / (1 / ask.uncertainty**2 + 1 / error**2)
    gain = ask.horizon * (np.where(posterior > 0, effect, 0) - max(0.0, mean) * 1)
    found = worth(ask, share)
    assert found.knowing == pytest.approx(gain.mean(), abs=4 * gain.std() / 1000)
    assert found.forgone == pytest.approx(share * ask.customers * mean)
    assert found.net == found.knowing - found.forgone


def test_the_best_share_is_the_top_of_the_curve() -> None:
    """No share of a fine grid has a larger net value."""
    best, curve = best_holdout(ASK)
    fine = max(worth(ASK, h).net for h in np.linspace(0.0005, 0.5, 2000))
    assert best.net >= fine - 1e-6
    assert 0 < best.share < 0.5
    assert max(v.net for v in curve) <= best.net


@given(st.floats(-1, 1), st.floats(1e-3, 1), st.floats(1, 1e6))
def test_knowing_is_never_worth_less_than_nothing(mean: float, uncertainty: float, horizon: float) -> None:
    """Value of knowing is at least 0, and a longer horizon never lowers the best net."""
    ask = Prospect(1000, horizon, mean, uncertainty, 10)
    best, curve = best_holdout(ask)
    assert all(v.knowing >= 0 for v in curve)
    assert best_holdout(Prospect(1000, 2 * horizon, mean, uncertainty, 10))[0].net >= best.net - 1e-9


def test_a_sure_winner_needs_no_holdout() -> None:
    """Where the result can hardly change the decision, nobody is held out."""
    assert best_holdout(Prospect(100_000, 1000, 2, 0.1, 50))[0].share == 0


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (Prospect(3, 10, 1, 1, 1), "3 customers"),
        (Prospect(100, 0, 1, 1, 1), "horizon is 0"),
        (Prospect(100, 10, 1, 0, 1), "uncertainty of the effect is 0"),
        (Prospect(100, 10, 1, 1, -1), "standard deviation is -1"),
        (Prospect(100, 10, float("nan"), 1, 1), "profit per contact is nan"),
    ],
)
def test_what_cannot_be_is_named(ask: Prospect, says: str) -> None:
    """Each impossible figure is told with its value."""
    with pytest.raises(InputError, match=says):
        best_holdout(ask)
