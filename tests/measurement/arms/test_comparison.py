"""One comparison through all gates."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.measurement.arms import Metric, Moments, Plan, Values, compare
from netlift.measurement.arms.comparison import Comparison
from netlift.records import Floats

SPEND = Metric("spend")


def gamma(seed: int, n: int, shift: float = 0.0) -> Floats:
    return np.random.default_rng(seed).gamma(2, 10, n) + shift


def made(control: Floats, treated: Floats, plan: Plan | None = None, metric: Metric = SPEND) -> Comparison:
    values = Values(control[control != 0], treated[treated != 0], len(control), len(treated))
    d = [np.ones(len(side)) for side in (control, treated)]
    arms = Moments.of(control, d=d[0]), Moments.of(treated, d=d[1])
    return compare(metric, arms, plan or Plan(), values=lambda: values)


def test_p_and_interval_are_of_the_declared_effect() -> None:
    """Between the thresholds of both effects, the declared one alone decides on significance."""
    control, treated = gamma(1, 300), gamma(2, 300, 1.5)
    absolute, relative = made(control, treated), made(control, treated, Plan(primary="relative"))
    assert absolute.relative_low == relative.relative_low
    assert absolute.p_value != relative.p_value
    assert absolute.significant == ((absolute.low or 0) > 0)
    assert relative.significant == ((relative.relative_low or 0) > 0)


def test_a_control_value_near_zero_has_no_relative_effect() -> None:
    """Profit that may be negative: the absolute effect stands, the relative one is not shown, and the reason is."""
    rng = np.random.default_rng(3)
    found = made(rng.normal(0.1, 5, 200), rng.normal(2, 5, 200))
    assert found.significant
    assert found.relative_lift is None
    assert "is not clearly above 0" in found.warnings[0]
    assert made(rng.normal(0.1, 5, 200), rng.normal(2, 5, 200), Plan(primary="relative")).p_value is None


def test_a_skewed_small_holdout_goes_to_the_permutation_test() -> None:
    """Rare big baskets in arms of 200 and 2,000: method, reason and buyers are told; both intervals agree with p."""
    rng = np.random.default_rng(4)
    control, treated = (np.where(rng.random(n) < 0.2, rng.lognormal(3, 1.5, n), 0.0) for n in (200, 2000))
    found = made(control, treated)
    assert found.method == "permutation"
    assert "too unequal" in found.warnings[0]
    assert (found.low or 0) < 0 < (found.high or 0)
    assert (found.relative_low or 0) < 0 < (found.relative_high or 0)
    assert found.significant is False
    assert found.standard_error is None


@pytest.mark.parametrize("plan", [Plan(always_valid=True), Plan(planned=100_000)])
def test_a_result_read_early_is_always_valid(plan: Plan) -> None:
    """Asked for, or before the planned size, the interval is the confidence sequence: wider than Welch's."""
    control, treated = gamma(5, 300), gamma(6, 300)
    early, late = made(control, treated, plan), made(control, treated, Plan(planned=600))
    assert early.method == "welch, confidence_sequence"
    assert late.method == "welch"
    assert (early.high or 0) - (early.low or 0) > 1.3 * ((late.high or 0) - (late.low or 0))


def test_what_is_skewed_cannot_be_read_early() -> None:
    """No always valid interval holds for rare big baskets in unequal arms, and that is said."""
    rng = np.random.default_rng(7)
    control, treated = (np.where(rng.random(n) < 0.2, rng.lognormal(3, 1.5, n), 0.0) for n in (200, 2000))
    assert "it can be read only once, at the planned end" in (made(control, treated, Plan(always_valid=True)).reason or "")


def test_one_huge_basket_is_capped_beside_the_raw_figure() -> None:
    """The capped difference has a narrower interval, and the one customer is told."""
    control, treated = gamma(8, 3000), gamma(9, 3000)
    treated[0] = 20_000
    found = compare(SPEND, (Moments.of(control, cap=100.0), Moments.of(treated, cap=100.0)), Plan())
    assert found.capped is not None
    assert found.capped.cap == 100
    assert found.capped.high - found.capped.low < 0.5 * ((found.high or 0) - (found.low or 0))
    assert "One customer makes up 25% of the treated arm's 'spend'" in found.warnings[0]


@pytest.mark.parametrize(
    ("control", "treated", "metric", "says"),
    [
        (np.ones(1), gamma(1, 30), SPEND, "the control arm has 1 customer and needs 2 or more"),
        (np.zeros(50), gamma(1, 30), SPEND, "none of the 50 customers of the control arm has a value of 'spend'"),
        (np.full(9, 3.0), np.full(9, 3.0), SPEND, "all customers of both arms have the same value"),
        (np.full(9, 1.0), np.full(9, 1.0), Metric("p", "proportion"), "all customers of both arms have the same value"),
    ],
)
def test_what_cannot_be_estimated_says_why(control: Floats, treated: Floats, metric: Metric, says: str) -> None:
    """Each reason with its figures; no effect, no p value."""
    found = made(control, treated, metric=metric)
    assert (found.difference, found.p_value, found.significant) == (None, None, None)
    assert found.reason is not None
    assert found.reason.startswith("cannot be estimated, because")
    assert says in found.reason
