"""Metrics: what of a customer is compared, and as which linear form of the variables (y, d, x, e)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.arms.moments import D, E, Moments, X, Y
from netlift.records import Floats

Kind = Literal["mean", "proportion", "ratio"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is compared. Ratio: Σy/Σd, whose unit is the customer, never the order."""

    name: str
    kind: Kind = "mean"
    covariate: bool = False  # x is known, and with `denominators_before` also e: CUPED
    denominators_before: bool = False

    @property
    def places(self) -> tuple[int, ...]:
        """The variables that are read."""
        ratio = (D,) if self.kind == "ratio" else ()
        return (Y, *ratio, *((X,) if self.covariate else ()), *((E,) if self.denominators_before else ()))


@dataclass(frozen=True, slots=True)
class Form:
    """A value of an arm, and the weights (4,) by which a customer's variables move it (delta method)."""

    value: float
    weights: Floats


def plain(metric: Metric, arm: Moments) -> Form:
    """ȳ, or R = Σy/Σd with L = (y − R·d)/d̄. Raises NotEnoughData where d̄ is not above 0."""
    return _form(arm, Y, D if metric.kind == "ratio" else None)


def before(metric: Metric, arm: Moments) -> Form:
    """The same of the time before: x̄, or Σx/Σe."""
    return _form(arm, X, E if metric.denominators_before else None)


def slope(metric: Metric, both: Moments) -> float:
    """θ = cov(L, L')/var(L') of both arms' added sums, L' = the same of the time before: Deng, Xu, Kohavi, Walker 2013.

    Raises:
        NotEnoughData: nobody differs in the time before.
    """
    covariance, after, earlier = both.covariance(), plain(metric, both).weights, before(metric, both).weights
    spread = float(earlier @ covariance @ earlier)
    if spread <= 0:
        raise NotEnoughData("the customers do not differ in what they did before")
    return float(after @ covariance @ earlier) / spread


def _form(arm: Moments, above: int, below: int | None) -> Form:
    means, weights = arm.means, np.zeros(4)
    if below is None:
        weights[above] = 1.0
        return Form(float(means[above]), weights)
    if means[below] <= 0:
        raise NotEnoughData(f"the denominator's mean is {means[below]:,.4g} and must be above 0")
    value = float(means[above] / means[below])
    weights[above], weights[below] = 1 / means[below], -value / means[below]
    return Form(value, weights)
