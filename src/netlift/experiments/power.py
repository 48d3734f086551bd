"""How small a difference in response rate two arms can show."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

POWER = 0.8
ALPHA = 0.05  # two-sided


def detectable_difference(base: float, *, held_out: int, treated: int) -> float | None:
    """Smallest rise above the held-out customers' response rate `base` that is found with 80 % probability.

    Two-proportion z test at 5 %, two-sided, null variance from the pooled rate, arms of any sizes: the rise d at which
    Φ((d − z·s) / √(p₁(1−p₁)/n₁ + p₀(1−p₀)/n₀)) and the same at −d add up to 0.8; p₁ = p₀ + d, s = √(p̄(1−p̄)(1/n₁ + 1/n₀)).
    Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd edition, chapter 4.

    Returns:
        A share (0.05 = 5 percentage points), or None where not even a response of everybody would be found.
    """
    if min(held_out, treated) < 1 or not 0 <= base < 1:
        return None
    low, high = 0.0, 1.0 - base
    if power_of(high, base=base, held_out=held_out, treated=treated) < POWER:
        return None
    while high - low > 1e-9:  # the power rises with the difference
        middle = (low + high) / 2
        if power_of(middle, base=base, held_out=held_out, treated=treated) < POWER:
            low = middle
        else:
            high = middle
    return high


def sample_size(base: float, rise: float) -> int:
    """Fewest customers in each of two equal arms that find a rise above the rate `base` with 80 % probability, by `power_of`.

    Both are shares, 0 < base < base + rise < 1.
    """
    high = 2
    while power_of(rise, base=base, held_out=high, treated=high) < POWER:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(rise, base=base, held_out=middle, treated=middle) < POWER:
            low = middle
        else:
            high = middle
    return high


def power_of(difference: float, *, base: float, held_out: float, treated: float, alpha: float = ALPHA) -> float:
    """Probability that the test finds a change of the rate from `base` by `difference`, with both rates in 0..1; arms in customers."""
    rate = base + difference
    pooled = (treated * rate + held_out * base) / (treated + held_out)
    null = np.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / held_out))
    spread = np.sqrt(rate * (1 - rate) / treated + base * (1 - base) / held_out)
    limit = ndtri(1 - alpha / 2) * null
    if spread == 0:  # nobody responds in one arm and everybody in the other
        return float(abs(difference) > limit)
    return float(ndtr((difference - limit) / spread) + ndtr((-difference - limit) / spread))
