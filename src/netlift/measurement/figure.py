"""The figure of an estimator, and the intervals all of them use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from netlift.errors import NotEnoughData
from netlift.measurement.past import Campaign
from netlift.records import Evidence, Floats

CONFIDENCE = 0.95
NO_SPREAD = 1e-12  # standard errors of a relative lift below this are rounding
ALL_ALIKE = "all bought exactly alike, so there is nothing to judge chance by"
FEW = 30  # below this number of customers a figure cannot tell anything


def not_known(lift: float) -> float | None:
    """The money of an estimator that speaks of rates only."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A relative lift (0.05 = 5 % more sales) with its 95 % interval; `incremental` gives the money of each of the three."""

    lift: float
    low: float
    high: float
    customers: int
    incremental: Callable[[float], float | None] = not_known  # of the lift: the sales that it brought, rising with it; money
    warnings: tuple[str, ...] = ()
    campaigns: tuple[Campaign, ...] | None = None  # whose sales `incremental` speaks of; default: all of the scope
    evidence: Evidence | None = None  # where it depends on the data; default: the estimator's


def t_quantile(clusters: int) -> float:
    """Two-sided 95 % quantile of Student's t with one degree of freedom fewer than clusters."""
    return float(stdtrit(clusters - 1, (1 + CONFIDENCE) / 2))


def around_ratio(ratio: float, influence: Floats, *, clusters: int) -> tuple[float, float]:
    """Interval of ratio − 1 from each cluster's influence on ln(ratio): ratio·exp(± t·√Σφ²) − 1.

    Delta method with independent clusters (Liang and Zeger 1986); on the log scale no bound is below −100 %.

    Raises:
        NotEnoughData: the clusters do not differ, so there is nothing to judge chance by.
    """
    error = float(np.sqrt(np.sum(influence**2)))
    if error < NO_SPREAD:
        raise NotEnoughData(ALL_ALIKE)
    half = t_quantile(clusters) * error
    return ratio * float(np.exp(-half)) - 1, ratio * float(np.exp(half)) - 1


def ratio_of_rates(top: tuple[Floats, Floats], bottom: tuple[Floats, Floats]) -> tuple[float, float, float]:
    """Lift, low, high of (Σa/Σb)/(Σc/Σd) − 1, for (sales, size) of the same clusters above and below.

    Influence of cluster i on the logarithm: (aᵢ − R·bᵢ)/Σa − (cᵢ − r·dᵢ)/Σc with R = Σa/Σb, r = Σc/Σd.

    Raises:
        NotEnoughData: fewer than two clusters, or sales above or below are not above 0.
    """
    (a, b), (c, d) = top, bottom
    n = len(a)
    if n < 2:
        raise NotEnoughData(f"there {'is' if n == 1 else 'are'} {n} to compare and two are needed")
    if a.sum() <= 0 or c.sum() <= 0:
        raise NotEnoughData("there are no sales on one side of the comparison")
    upper, lower = a.sum() / b.sum(), c.sum() / d.sum()
    influence = (a - upper * b) / a.sum() - (c - lower * d) / c.sum()
    low, high = around_ratio(upper / lower, influence * np.sqrt(n / (n - 1)), clusters=n)
    return float(upper / lower - 1), low, high


def money(sales: float, lift: float) -> float | None:
    """The part of `sales` that would be missing without a relative lift: sales·lift/(1 + lift)."""
    return None if lift <= -1 else sales * lift / (1 + lift)
