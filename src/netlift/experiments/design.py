"""A planned test: its metric, its arms, and what makes it need more or fewer customers."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

from netlift.errors import InputError
from netlift.experiments.levels import always_valid, bonferroni, dunnett

SKEWED = 0.12  # |g| up to which Welch's interval may be used; experiments.md section 8, as in measurement

Kind = Literal["mean", "proportion", "ratio", "revenue"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is compared, as it is today: figures of one customer, in the metric's own unit."""

    kind: Kind
    baseline: float  # mean, rate, or ratio Σy/Σd
    sd: float  # of a ratio: of (y − R·d)/d̄; of a proportion √(p(1 − p))
    skewness: float = 0.0  # third central moment over sd³; looked at for revenue only


@dataclass(frozen=True, slots=True)
class Design:
    """How the metric is going to be compared. Every arm beside the control gets an equal part of what the control leaves."""

    metric: Metric
    arms: int = 2  # with the control
    control_share: float | None = None  # of everybody in the test; None = all arms equal
    alpha: float = 0.05  # two-sided, of all comparisons with the control together
    correction: Literal["dunnett", "bonferroni"] = "dunnett"  # where there are several
    cluster_size: float = 1.0  # mean customers that are drawn together, e.g. of a shop
    cluster_cv: float = 0.0  # standard deviation of these sizes over their mean
    icc: float = 0.0  # intraclass correlation of the metric, 0..1
    covariate_correlation: float = 0.0  # of the metric and its value before the test (CUPED)
    always_valid: bool = False  # the result may be read at any time

    @property
    def comparisons(self) -> int:
        """Arms beside the control."""
        return self.arms - 1

    @property
    def share(self) -> float:
        """The control's share of everybody in the test."""
        return 1 / self.arms if self.control_share is None else self.control_share

    @property
    def best_share(self) -> float:
        """The control's share that needs the fewest customers: √k times an arm's, so 1/(1 + √k). Dunnett 1955, section 5."""
        return 1 / (1 + sqrt(self.comparisons))

    @property
    def design_effect(self) -> float:
        """Variance with clusters over variance without: 1 + ((1 + cv²)·m − 1)·ρ.

        Source: Eldridge, Ashby, Kerry, Sample size for cluster randomized trials, Int. J. Epidemiology 35 (2006), equation 2.
        """
        return 1 + ((1 + self.cluster_cv**2) * self.cluster_size - 1) * self.icc

    @property
    def variance_factor(self) -> float:
        """Design effect × (1 − ρ²) of CUPED (Deng, Xu, Kohavi, Walker 2013, equation 3)."""
        return self.design_effect * (1 - self.covariate_correlation**2)

    @property
    def level(self) -> float:
        """Two-sided level of one comparison, at the last look."""
        arm = (1 - self.share) / self.comparisons
        if self.correction == "bonferroni":
            each = bonferroni(self.alpha, self.comparisons)
        else:
            each = dunnett(self.alpha, self.comparisons, correlation=arm / (arm + self.share))
        return always_valid(each) if self.always_valid else each


def check(design: Design) -> None:
    """Refuse a design that cannot be.

    Raises:
        InputError: with the figure that is wrong.
    """
    m = design.metric
    limits = [
        (isfinite(m.baseline), f"The baseline is {m.baseline:g}; give a number."),
        (
            m.kind != "proportion" or 0 < m.baseline < 1,
            f"The baseline is {m.baseline:g}, and that of a proportion lies between 0 and 1; give e.g. 0.05 for 5 %.",
        ),
        (m.sd > 0 and isfinite(m.sd), f"The standard deviation is {m.sd:g}; it must be above 0: give that of one customer's metric."),
        (isfinite(m.skewness), f"The skewness is {m.skewness:g}; give a number."),
        (design.arms >= 2, f"There are {design.arms} arms; a test needs the control and at least one more."),
        (0 < design.share < 1, f"The control's share is {design.share:g}; it must lie between 0 and 1, because no arm may be empty."),
        (0 < design.alpha < 1, f"The level alpha is {design.alpha:g}; it must lie between 0 and 1, and is mostly 0.05."),
        (1 <= design.cluster_size < float("inf"), f"The cluster size is {design.cluster_size:g}; it must be at least 1 customer."),
        (0 <= design.cluster_cv < float("inf"), f"The variation of cluster sizes is {design.cluster_cv:g}; it must be 0 or more."),
        (0 <= design.icc <= 1, f"The intraclass correlation is {design.icc:g}; it must lie between 0 and 1."),
        (
            -1 < design.covariate_correlation < 1,
            f"The correlation with the time before is {design.covariate_correlation:g}; it must lie between -1 and 1.",
        ),
    ]
    for holds, otherwise in limits:
        if not holds:
            raise InputError(otherwise)


def skewness_of_t(metric: Metric, one: float, other: float) -> float:
    """Skewness of the t statistic of two arms of these sizes: g = m₃(1/n_s² − 1/n_l²)/(v(1/n_s + 1/n_l))^1.5, s the smaller.

    Each 2.5 % tail of Welch's test moves by 0.0845·g. Source: experiments.md section 8.
    """
    small, large = sorted((one, other))
    return float(metric.skewness * (1 / small**2 - 1 / large**2) / (1 / small + 1 / large) ** 1.5)
