"""The level of one comparison: several arms against one control, and results that may be read at any time."""

from __future__ import annotations

import functools
from math import log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

GRID = np.linspace(-9, 9, 4001)  # standard deviations of the control's mean; the trapezoid rule is exact to rounding there


def bonferroni(alpha: float, comparisons: int) -> float:
    """The two-sided level of each comparison so that all together are at most at `alpha`."""
    return alpha / comparisons


@functools.lru_cache(maxsize=256)
def dunnett(alpha: float, comparisons: int, *, correlation: float) -> float:
    """The two-sided level of each of k comparisons with one control so that all together are at `alpha`.

    With z the control's mean, P(no false alarm) = ∫φ(z)[Φ((c + √ρ·z)/√(1−ρ)) − Φ((−c + √ρ·z)/√(1−ρ))]^k dz is solved for c.
    Source: Dunnett, A multiple comparison procedure for comparing several treatments with a control, JASA 50 (1955), equation 4,
    for many degrees of freedom.

    Args:
        alpha: of all comparisons together.
        comparisons: k, arms beside the control.
        correlation: ρ of two differences = customers of one arm / (customers of that arm + customers of the control).
    """
    if comparisons == 1:
        return alpha
    weight = np.exp(-(GRID**2) / 2) / sqrt(2 * np.pi) * (GRID[1] - GRID[0])
    spread, shared = sqrt(1 - correlation), sqrt(correlation)

    def missed(limit: float) -> float:
        inside = ndtr((limit + shared * GRID) / spread) - ndtr((-limit + shared * GRID) / spread)
        return float(np.sum(weight * inside**comparisons)) - (1 - alpha)

    limit = brentq(missed, float(ndtri(1 - alpha / 2)), float(ndtri(1 - alpha / 2 / comparisons)) + 1e-6, xtol=1e-12)
    return float(2 * ndtr(-limit))


def always_valid(alpha: float) -> float:
    """The level that an asymptotic confidence sequence of level `alpha` leaves to its planned last look.

    At N = n* its half width is z·√V with z = √(2(c + 1)/c · ln(√(c + 1)/α)), c = −2 ln α + ln(−2 ln α + 1); earlier looks only add
    power. Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Time-uniform central limit theory and asymptotic confidence
    sequences (2021), tuned to n* as in gbstats; experiments.md section 5.
    """
    c = -2 * log(alpha) + log(-2 * log(alpha) + 1)
    return float(2 * ndtr(-sqrt(2 * (c + 1) / c * log(sqrt(c + 1) / alpha))))
