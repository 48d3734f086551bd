"""The levels of several arms and of many looks are the published ones."""

from __future__ import annotations

import pytest
from scipy.special import ndtri

from netlift.experiments.levels import always_valid, bonferroni, dunnett

# Dunnett, New tables for multiple comparisons with a control, Biometrics 20 (1964), two-sided 5 %, many degrees of freedom
TABLE = {1: 1.96, 2: 2.21, 3: 2.35, 4: 2.44, 5: 2.51, 6: 2.57, 7: 2.61, 8: 2.65, 9: 2.69}


@pytest.mark.parametrize(("arms", "limit"), TABLE.items())
def test_dunnetts_limits_are_the_published_ones(arms: int, limit: float) -> None:
    """Nine limits of equal arms (correlation one half) come out to the two printed digits."""
    assert -ndtri(dunnett(0.05, arms, correlation=0.5) / 2) == pytest.approx(limit, abs=0.005)


@pytest.mark.parametrize("correlation", [0.01, 0.3, 0.9, 0.999])
def test_dunnett_lies_between_bonferroni_and_one_comparison(correlation: float) -> None:
    """The more the comparisons share, the less must be paid for them."""
    assert bonferroni(0.05, 4) < dunnett(0.05, 4, correlation=correlation) < 0.05
    assert dunnett(0.05, 4, correlation=correlation) > dunnett(0.05, 4, correlation=correlation / 2)


def test_reading_at_any_time_widens_as_measured() -> None:
    """At the planned end the interval is 1.55 times as wide as a fixed one (1.56 was measured, experiments.md section 9)."""
    assert -ndtri(always_valid(0.05) / 2) / 1.959964 == pytest.approx(1.5486, abs=1e-3)
