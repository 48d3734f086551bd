"""Power of the two-sample t test, exactly: by the noncentral t distribution."""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import nctdtr, stdtrit


def power_of_means(difference: float, *, error: float, freedom: float, alpha: float) -> float:
    """Probability that a two-sided t test finds a difference of means.

    P(|T| > t) where T is noncentral t with λ = difference / error. Source: Cohen, Statistical Power Analysis, 2nd edition,
    chapter 2; statsmodels computes the same.

    Args:
        difference: true difference of the means, in the metric's unit.
        error: its standard error.
        freedom: degrees of freedom, > 0.
        alpha: two-sided level.
    """
    limit = stdtrit(freedom, 1 - alpha / 2)
    shift = abs(difference) / error
    upper, lower = np.nan_to_num(nctdtr(freedom, shift, [limit, -limit]))  # SciPy's series gives NaN where the tail is below 1e-12
    return float(1 - upper + lower)


def error_and_freedom(control: tuple[float, float], treated: tuple[float, float], *, together: float = 1.0) -> tuple[float, float]:
    """Standard error and degrees of freedom of a difference of two means.

    Args:
        control: standard deviation of one customer, and customers.
        treated: the same.
        together: customers that are drawn together, so that only customers / together are independent.

    Returns:
        √(a + b) with a, b = variances of the means; n₁ + n₂ − 2 where both deviations are equal, else Welch's
        (a + b)²/(a²/(n₁ − 1) + b²/(n₂ − 1)), n in independent units.
    """
    (s, n), (r, m) = control, treated
    a, b, n, m = s * s / n, r * r / m, n / together, m / together
    return sqrt(a + b), n + m - 2 if s == r else (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
