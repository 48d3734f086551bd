"""Intervals that stay valid however often they are read.

Confidence sequence: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Annals of Statistics 52, 2024, theorem 2.2; as in gbstats.
Mixture sequential probability ratio test: Johari, Koomen, Pekelis, Walsh, Operations Research 70, 2022, equation 11.
"""

from __future__ import annotations

from math import exp, log, sqrt

from netlift.measurement.arms.difference import Difference
from netlift.measurement.arms.intervals import ALPHA, Interval

PLANNED = 5000  # customers at which the sequence is narrowest, unless a plan says otherwise
LARGEST = 700.0  # exponent beyond which exp() is no number


def confidence_sequence(found: Difference, *, planned: int = PLANNED) -> Interval:
    """Asymptotic confidence sequence, narrowest at `planned` customers of both arms; fix it before the first look.

    ρ² = (−2 ln α + ln(1 − 2 ln α))/n*, k = Nρ² + 1: half width √(V·N)·√(2k/(Nρ)²·ln(√k/α)), p = min(1, √k·exp(−ρ²N·z²/(2k))).
    """
    n = found.n
    rho2 = (-2 * log(ALPHA) + log(1 - 2 * log(ALPHA))) / planned
    k = n * rho2 + 1
    half = sqrt(found.variance * n) * sqrt(2 * k / (n * n * rho2) * log(sqrt(k) / ALPHA))
    p = min(1.0, sqrt(k) * exp(-rho2 * n * found.effect**2 / found.variance / (2 * k)))
    return Interval(found.effect - half, found.effect + half, p)


def mixture_test(found: Difference, *, tau: float) -> Interval:
    """Mixture of effects N(0, τ²); τ in the effect's unit, fixed before the first look. One reading's p: report the least so far.

    Λ = √(V/(V + τ²))·exp(d²τ²/(2V(V + τ²))), p = min(1, 1/Λ); the interval is of the effects with Λ < 1/α.
    """
    v, t = found.variance, tau**2
    exponent = found.effect**2 * t / (2 * v * (v + t)) + log(v / (v + t)) / 2
    half = sqrt(2 * v * (v + t) / t * (log((v + t) / v) / 2 - log(ALPHA)))
    return Interval(found.effect - half, found.effect + half, min(1.0, exp(-min(exponent, LARGEST))))
