"""Intervals and p values of one difference read once: Welch, two-sided and one-sided. p < .05 ⇔ the interval excludes 0."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from scipy.special import stdtr, stdtrit

from netlift.measurement.arms.difference import Difference

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Interval:
    """95 % interval of an effect and its p value, from one and the same inference."""

    low: float
    high: float
    p: float


def welch(found: Difference) -> Interval:
    """Interval d ± t·√V, p = 2·P(t < −|z|): Welch, Biometrika 34, 1947."""
    error = sqrt(found.variance)
    half = float(stdtrit(found.freedom, 1 - ALPHA / 2)) * error
    return Interval(found.effect - half, found.effect + half, 2 * float(stdtr(found.freedom, -abs(found.effect) / error)))


def greater(found: Difference) -> Interval:
    """Is it above 0? One-sided: p = P(t < −z), low = d − t·√V with all of α on this side, no upper end."""
    error = sqrt(found.variance)
    low = found.effect - float(stdtrit(found.freedom, 1 - ALPHA)) * error
    return Interval(low, inf, float(stdtr(found.freedom, -found.effect / error)))
