"""The detectable difference agrees with statsmodels' power of two proportions."""

import numpy as np
import pytest

from netlift.experiments.power import detectable_difference, power_of

# statsmodels 0.15.0, power_proportions_2indep with null variance from the pooled share, 20,000 an arm (shared/oracles)
PUBLISHED = [
    (0.01, 0.0005, 0.07867515547166973),
    (0.01, 0.002, 0.483116606767615),
    (0.05, 0.005, 0.6109930643284963),
    (0.05, 0.01, 0.9923871252891384),
    (0.15, 0.0075, 0.5475005075127222),
    (0.15, 0.03, 0.9999999995532581),
]


@pytest.mark.parametrize(("base", "difference", "power"), PUBLISHED)
def test_power_is_the_published_one(base: float, difference: float, power: float) -> None:
    """Six figures of statsmodels come out to 1e-12."""
    assert power_of(difference, base=base, held_out=20_000, treated=20_000) == pytest.approx(power, abs=1e-12)


def test_the_detectable_difference_is_found_four_times_in_five() -> None:
    """With unequal arms a simulated test finds the difference in 80 % of 20,000 campaigns, within three standard errors."""
    held, treated, base = 400, 3600, 0.10
    d = detectable_difference(base, held_out=held, treated=treated)
    assert d is not None
    random = np.random.default_rng(11)
    y1, y0 = random.binomial(treated, base + d, 20_000) / treated, random.binomial(held, base, 20_000) / held
    pooled = (treated * y1 + held * y0) / (treated + held)
    found = np.abs(y1 - y0) > 1.959964 * np.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / held))
    assert found.mean() == pytest.approx(0.80, abs=0.02)


def test_more_people_find_smaller_differences() -> None:
    """A larger holdout lowers the detectable difference, up to half of the customers."""
    found = [detectable_difference(0.1, held_out=h, treated=2000 - h) for h in (50, 200, 500, 1000)]
    assert found == sorted(found, key=lambda d: -(d or 9))
    assert None not in found


@pytest.mark.parametrize(("base", "held_out", "treated"), [(0.1, 0, 100), (0.1, 100, 0), (1.0, 50, 50), (0.9, 2, 2)])
def test_what_cannot_be_found_has_no_number(base: float, held_out: int, treated: int) -> None:
    """An empty arm, a base rate of 100 % or two people an arm give None, never a number."""
    assert detectable_difference(base, held_out=held_out, treated=treated) is None
