"""Posteriors of proportions; those of means are in test_published."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from netlift.errors import InputError
from netlift.measurement.arms import Moments, beta_binomial, normal
from netlift.measurement.arms.difference import Difference
from tests.measurement.arms.published import arm


def test_the_chance_to_win_is_the_integral() -> None:
    """33 of 400 against 52 of 450: the draws agree with the integral over both Beta posteriors."""
    control, treated = stats.beta(34, 368), stats.beta(53, 399)
    exact = integrate.quad(lambda p: treated.pdf(p) * control.cdf(p), 0, 1)[0]
    found = beta_binomial(arm(400, 33), arm(450, 52))
    assert found.chance_to_win == pytest.approx(exact, abs=0.005)
    assert found.mean == pytest.approx(53 / 452 - 34 / 402, abs=5e-4)
    assert found.loss_of_control - found.loss_of_treated == pytest.approx(found.mean, abs=1e-12)
    assert beta_binomial(arm(400, 33), arm(450, 52), relative=True).chance_to_win == found.chance_to_win


def test_a_stronger_prior_draws_to_none() -> None:
    """The smaller the prior's spread, the smaller the effect and its interval."""
    found = Difference(0.2, 0.01, 50, 100, 10, relative=True)
    wide, narrow = normal(found, prior_sd=1.0), normal(found, prior_sd=0.05)
    assert 0 < narrow.mean < wide.mean < 0.2
    assert narrow.high - narrow.low < wide.high - wide.low


def test_amounts_are_no_proportion() -> None:
    """Sums that are not the count of those who did are told."""
    with pytest.raises(InputError, match="sums to 7 over 2 customers that are not 0"):
        beta_binomial(Moments.of(np.array([3.0, 4.0, 0.0])), arm(10, 3))
