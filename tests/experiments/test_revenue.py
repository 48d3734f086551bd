"""Tests of revenue are sized by what the pilot's own tail does to them."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.experiments import Design, metric_of, size, size_of_revenue
from netlift.records import Floats


def pilot(sigma: float, n: int = 50_000) -> Floats:
    rng = np.random.default_rng(6)
    return np.asarray(np.where(rng.random(n) < 0.03, rng.lognormal(3.5, sigma, n), 0.0))


def design(values: Floats, share: float | None = None) -> Design:
    return Design(metric_of(values, "revenue"), control_share=share)


def test_a_tail_makes_gains_harder_and_losses_easier_to_find() -> None:
    """With 10 % in the control and +50 %, more customers than mean and spread say are needed; with −40 %, far fewer."""
    y = pilot(1.3)
    plan = design(y, 0.1)
    base = plan.metric.baseline
    gain, loss = size_of_revenue(y, plan, effect=0.5 * base), size_of_revenue(y, plan, effect=-0.4 * base)
    assert gain.simulated
    assert gain.test == "permutation"
    assert gain.total > 1.1 * size(plan, effect=0.5 * base).total
    assert loss.total < 0.8 * size(plan, effect=-0.4 * base).total
    assert gain.power == pytest.approx(0.8, abs=0.02)
    assert loss.power == pytest.approx(0.8, abs=0.02)
    assert loss.mde == pytest.approx(0.4 * base, rel=0.05)


def test_without_a_tail_the_formula_is_right() -> None:
    """Amounts nearly alike: simulated size and formula agree, and so does the smallest effect."""
    y = pilot(0.3)
    plan = design(y)
    told = size_of_revenue(y, plan, effect=0.2 * plan.metric.baseline, weekly=1000)
    expected = size(plan, effect=0.2 * plan.metric.baseline)
    assert told.total == pytest.approx(expected.total, rel=0.08)
    assert told.mde == pytest.approx(expected.mde, rel=0.06)
    assert told.weeks == -(-told.total // 1000)


def test_customers_that_are_given_stay() -> None:
    """With customers given, power or smallest effect is simulated for just these."""
    y = pilot(1.3)
    plan = design(y, 0.1)
    asked = size_of_revenue(y, plan, customers=40_000)
    assert asked.total == 40_000
    assert asked.power == pytest.approx(0.8, abs=0.01)
    assert size_of_revenue(y, plan, customers=40_000, effect=asked.mde).power == pytest.approx(asked.power, abs=0.001)


def test_the_largest_tests_are_not_simulated() -> None:
    """Beyond 200,000 buyers the formula stands alone."""
    y = pilot(1.3)
    plan = design(y)
    assert not size_of_revenue(y, plan, effect=0.01 * plan.metric.baseline).simulated
