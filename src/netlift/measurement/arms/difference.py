"""The difference between two arms with its variance, absolute or relative, of every kind of metric. experiments.md section 5.

C = control, T = treated, A = the value adjusted by CUPED (without covariate A = B), B = the plain value, v = variance of a
customer's linear form. Absolute: d = A_T − A_C, V = v_T/n_T + v_C/n_C. Relative: d = (A_T − A_C)/|B_C|,
V = v_T/(n_T·B_C²) + v(r·L − θL')_C/(n_C·B_C²) with r = B_T/B_C: delta method, as in gbstats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.arms.metric import Form, Metric, before, plain, slope
from netlift.measurement.arms.moments import Moments
from netlift.records import Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """An effect, its sampling variance, and Welch's degrees of freedom (of the absolute difference)."""

    effect: float
    variance: float
    freedom: float
    n: int  # customers of both arms
    base: float  # the control arm's plain value
    relative: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms of one metric, with their forms before and after CUPED."""

    metric: Metric
    control: Moments
    treated: Moments
    forms: tuple[Form, Form]  # plain
    adjusted: tuple[Form, Form]

    def variances(self) -> tuple[float, float]:
        """Variance of one customer's adjusted form, control and treated."""
        return (
            variance(self.metric, self.control, self.adjusted[0].weights),
            variance(self.metric, self.treated, self.adjusted[1].weights),
        )


def pair(metric: Metric, control: Moments, treated: Moments) -> Pair:
    """The arms made ready for comparison.

    Raises:
        NotEnoughData: an arm has fewer than 2 customers, a denominator is not above 0, or nobody differs in the time before.
    """
    for arm, name in ((control, "control"), (treated, "treated")):
        if arm.n < 2:
            raise NotEnoughData(f"the {name} arm has {arm.n} customer{'' if arm.n == 1 else 's'} and needs 2 or more")
    forms = (plain(metric, control), plain(metric, treated))
    if not metric.covariate:
        return Pair(metric, control, treated, forms, forms)
    theta = slope(metric, control + treated)
    adjusted = tuple(_less(form, before(metric, arm), theta) for form, arm in zip(forms, (control, treated), strict=True))
    return Pair(metric, control, treated, forms, (adjusted[0], adjusted[1]))


def variance(metric: Metric, arm: Moments, weights: Floats) -> float:
    """Variance of one customer's form w·z; of a proportion without covariate ȳ(1 − ȳ), without n − 1."""
    if metric.kind == "proportion" and not metric.covariate:
        share = arm.means[0]
        return max(float(weights[0] ** 2 * share * (1 - share)), 0.0)
    return max(float(weights @ arm.covariance() @ weights), 0.0)


def difference(arms: Pair, *, relative: bool = False) -> Difference:
    """Treated less control.

    Raises:
        NotEnoughData: all customers are alike, or the control value is 0 and the difference is to be relative.
    """
    v_c, v_t = (v / arm.n for v, arm in zip(arms.variances(), (arms.control, arms.treated), strict=True))
    if v_c + v_t <= 0:
        raise NotEnoughData("all customers of both arms have the same value, so there is nothing to judge chance by")
    freedom = (v_c + v_t) ** 2 / (v_c**2 / (arms.control.n - 1) + v_t**2 / (arms.treated.n - 1))
    effect, n = arms.adjusted[1].value - arms.adjusted[0].value, arms.control.n + arms.treated.n
    base = arms.forms[0].value
    if not relative:
        return Difference(effect, v_c + v_t, freedom, n, base, relative)
    if base == 0:
        raise NotEnoughData("the control arm's value is 0, of which nothing can be a share")
    moved = arms.forms[0].weights * (arms.forms[1].value / base - 1) + arms.adjusted[0].weights
    scaled = variance(arms.metric, arms.control, moved) / arms.control.n
    return Difference(effect / abs(base), (v_t + scaled) / base**2, freedom, n, base, relative)


def _less(form: Form, earlier: Form, theta: float) -> Form:
    return Form(form.value - theta * earlier.value, np.asarray(form.weights - theta * earlier.weights))
