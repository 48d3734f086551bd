"""Two arms of a randomised campaign, compared from their sums alone.

Per customer, y = sales after sending and x = sales in the time before. C = held out, T = treated; bars are means,
v = sample variances, c = covariance. Formulas: Deng, Xu, Kohavi, Walker 2013 (CUPED) and the delta method for relative
differences, as in gbstats; experiments.md section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.special import stdtrit

from netlift.errors import NotEnoughData

CONFIDENCE = 0.95
SKEWED = 0.12  # skewness of the t statistic beyond which its interval lies: a tail of 2.5 % moves by 0.0845 of it
CLEAR = 3.0  # standard errors that the held-out customers' mean must lie above 0 for a relative lift


@dataclass(frozen=True, slots=True)
class Arm:
    """Sums over the n customers of one arm: y, x and their products up to the third power. Money and its powers."""

    n: int
    buyers: int  # customers with y ≠ 0
    y: float
    x: float
    yy: float
    xy: float
    xx: float
    yyy: float
    xyy: float
    xxy: float
    xxx: float

    @property
    def mean(self) -> float:
        """Mean sales after sending, money a customer."""
        return self.y / self.n

    def covariance(self, product: float, a: float, b: float) -> float:
        """Sample covariance of two variables from the sums of their product and of themselves."""
        return (product - a * b / self.n) / (self.n - 1)

    def adjusted_mean(self, theta: float) -> float:
        """Mean of y − θx."""
        return (self.y - theta * self.x) / self.n

    def adjusted_variance(self, theta: float) -> float:
        """Sample variance of y − θx."""
        v, w = self.covariance(self.yy, self.y, self.y), self.covariance(self.xx, self.x, self.x)
        return v + theta**2 * w - 2 * theta * self.covariance(self.xy, self.x, self.y)

    def third_moment(self, theta: float) -> float:
        """Third central moment of r = y − θx: (Σr³ − 3r̄Σr² + 2n·r̄³)/n."""
        r = self.adjusted_mean(theta)
        squares = self.yy - 2 * theta * self.xy + theta**2 * self.xx
        cubes = self.yyy - 3 * theta * self.xyy + 3 * theta**2 * self.xxy - theta**3 * self.xxx
        return (cubes - 3 * r * squares + 2 * self.n * r**3) / self.n


@dataclass(frozen=True, slots=True)
class Lift:
    """Treated against held out: relative with its 95 % interval, and money a customer."""

    relative: float
    low: float
    high: float
    absolute: float


def welch(control: Arm, treated: Arm) -> Lift:
    """Relative difference of means.

    Raises:
        NotEnoughData: arms too small, without variance or too skewed for this interval; the message gives the figure.
    """
    _usable(control, treated)
    _not_skewed(control, treated, 0.0)
    return difference(control, treated, 0.0)


def cuped(control: Arm, treated: Arm) -> Lift:
    """The same after taking away what the sales before explain: y − θx with θ = cov(y, x) / var(x) of the added sums.

    Raises:
        NotEnoughData: as `welch`, and where nobody's sales before differ.
    """
    _usable(control, treated)
    n, y, x = control.n + treated.n, control.y + treated.y, control.x + treated.x
    spread = control.xx + treated.xx - x * x / n
    if spread <= 0:
        raise NotEnoughData("the customers' sales before sending do not differ")
    theta = (control.xy + treated.xy - x * y / n) / spread
    _not_skewed(control, treated, theta)
    return difference(control, treated, theta)


def difference(control: Arm, treated: Arm, theta: float) -> Lift:
    """Relative difference of the means of y − θx, over the held-out customers' mean of y.

    With r = ȳ_T/ȳ_C: V = v_T/(n_T·ȳ_C²) + (r²v_y − 2rθc + θ²v_x)_C/(n_C·ȳ_C²); Welch's degrees of freedom of the absolute
    difference.
    """
    v_t, v_c = treated.adjusted_variance(theta) / treated.n, control.adjusted_variance(theta) / control.n
    base, ratio = control.mean, treated.mean / control.mean
    scaled = control.covariance(control.yy, control.y, control.y) * ratio**2
    scaled += control.covariance(control.xx, control.x, control.x) * theta**2
    scaled -= control.covariance(control.xy, control.x, control.y) * 2 * ratio * theta
    absolute = treated.adjusted_mean(theta) - control.adjusted_mean(theta)
    freedom = (v_t + v_c) ** 2 / (v_t**2 / (treated.n - 1) + v_c**2 / (control.n - 1))
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(v_t + scaled / control.n) / base
    return Lift(absolute / base, absolute / base - half, absolute / base + half, absolute)


def _usable(control: Arm, treated: Arm) -> None:
    """Enough customers and buyers for a relative difference."""
    for arm, name in ((control, "held out"), (treated, "treated")):
        if arm.n < 2:
            raise NotEnoughData(f"{arm.n} customers were {name} and two are needed")
        if arm.buyers == 0:
            raise NotEnoughData(f"none of the {arm.n:,} customers {name} bought anything after sending")
    error = sqrt(max(control.covariance(control.yy, control.y, control.y), 0.0) / control.n)
    if control.mean < CLEAR * error:
        found = f"{control.mean:,.2f} a customer with a standard error of {error:,.2f}"
        raise NotEnoughData(f"the mean sales of those held out are not clearly above 0 ({found}): too few of them bought")


def _not_skewed(control: Arm, treated: Arm, theta: float) -> None:
    """Skewness of the t statistic, g = m₃(1/n_s² − 1/n_l²)/(v(1/n_s + 1/n_l))^1.5 with pooled v and m₃; experiments.md section 8.

    A small arm mostly misses the rare big baskets and then shows a small variance too: four to six times too many
    campaigns would seem to work.
    """
    small, large = sorted((control, treated), key=lambda arm: arm.n)
    n = small.n + large.n
    v = sum((a.n - 1) * a.adjusted_variance(theta) for a in (small, large)) / (n - 2)
    if v <= 0:
        raise NotEnoughData("all customers bought exactly the same")
    third = sum(a.n * a.third_moment(theta) for a in (small, large)) / n
    g = third * (1 / small.n**2 - 1 / large.n**2) / (v * (1 / small.n + 1 / large.n)) ** 1.5
    if abs(g) > SKEWED:
        raise NotEnoughData(
            f"the arms ({small.n:,} and {large.n:,}) are too unequal for so few big purchases (skewness {g:.2f}, at most {SKEWED} allowed):"
            f" the usual interval would see effects where there are none; a larger holdout is needed"
        )
