"""The effect on those whom the message reached (complier average causal effect), the draw as instrument.

Assumes that being drawn changes nothing for customers who are not reached, and that nobody is reached only because he was
not drawn: Angrist, Imbens, Rubin 1996. Estimate: Wald = Δy/Δd, d = 1 for who was reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from scipy.special import stdtr, stdtrit

from netlift.errors import NotEnoughData
from netlift.measurement.arms.difference import difference, pair
from netlift.measurement.arms.intervals import ALPHA
from netlift.measurement.arms.metric import Metric
from netlift.measurement.arms.moments import D, Moments, Y


@dataclass(frozen=True, slots=True)
class Complier:
    """Effect per customer reached, with the interval of Anderson and Rubin 1949 (infinite ends where d tells too little)."""

    effect: float
    low: float
    high: float
    p: float  # of no effect: that of the difference between the arms as assigned
    reached: float  # Δd, share of customers whom the draw made reached


def complier_effect(control: Moments, treated: Moments) -> Complier:
    """Effect among those whom the draw made reached; the moments' d is 1 for who was reached, else 0.

    Interval: all w with (Δy − w·Δd)² ≤ t²·(V_y − 2w·V_yd + w²·V_d), t with Welch's freedom of Δy, so that 0 is in it
    exactly where the difference as assigned is not significant.

    Raises:
        NotEnoughData: arms below 2 customers or all alike; the draw reached nobody more; what is not rejected is no interval.
    """
    assigned = difference(pair(Metric("y"), control, treated))
    shift = treated.means - control.means
    if shift[D] <= 0:
        raise NotEnoughData(f"the share reached is {treated.means[D]:.3g} in the treated arm and {control.means[D]:.3g} in the control arm")
    v = treated.covariance() / treated.n + control.covariance() / control.n
    t2 = float(stdtrit(assigned.freedom, 1 - ALPHA / 2)) ** 2
    a = shift[D] ** 2 - t2 * v[D, D]
    b = shift[Y] * shift[D] - t2 * v[Y, D]
    c = shift[Y] ** 2 - t2 * assigned.variance
    low, high, inside = -inf, inf, b * b - a * c
    if a > 0:
        root = sqrt(max(inside, 0.0))
        low, high = (b - root) / a, (b + root) / a
    elif inside > 0:
        raise NotEnoughData(f"the draw moved the share reached by only {shift[D]:.3g}, so that the effect has no interval")
    p = 2 * float(stdtr(assigned.freedom, -abs(assigned.effect) / sqrt(assigned.variance)))
    return Complier(float(shift[Y] / shift[D]), float(low), float(high), p, float(shift[D]))
