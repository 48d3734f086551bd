"""The noncentral t stays a probability however large the effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.experiments.two_means import error_and_freedom, power_of_means


@given(st.floats(0, 1e6), st.floats(1, 1e9))
def test_power_is_a_probability_that_rises(effect: float, freedom: float) -> None:
    """From the level upwards, never NaN, also where SciPy's series gives up; so on both sides of nothing."""
    power = power_of_means(effect, error=1, freedom=freedom, alpha=0.05)
    assert 0.05 - 1e-9 <= power <= 1
    assert power <= power_of_means(effect * 1.1, error=1, freedom=freedom, alpha=0.05) + 1e-9
    assert power == power_of_means(-effect, error=1, freedom=freedom, alpha=0.05)


def test_errors_of_equal_and_unequal_spread() -> None:
    """Pooled degrees of freedom where both spread alike, Welch's where not, fewer where customers are drawn together."""
    assert error_and_freedom((2, 100), (2, 100)) == pytest.approx((0.08**0.5, 198))
    assert error_and_freedom((2, 100), (2, 100), together=10)[1] == 18
    error, freedom = error_and_freedom((2, 100), (4, 50))
    assert error == pytest.approx(0.6)
    assert freedom == pytest.approx(0.36**2 / (0.04**2 / 99 + 0.32**2 / 49))
