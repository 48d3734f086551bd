"""The skew gate: whether Welch's interval can be believed. experiments.md section 8.

A small arm mostly misses the rare big baskets and then shows a small variance too: Welch sees four to six times too many
campaigns that work.
"""

from __future__ import annotations

from netlift.measurement.arms.difference import Pair

LIMIT = 0.12  # of |g|: each tail of 2.5 % moves by 0.0845·g, and ĝ is too small more often than not
FEW_BUYERS = 30  # in an arm, where most customers buy nothing
FEW_SUCCESSES = 10  # or failures, of a proportion


def skewness(arms: Pair) -> float:
    """Skewness of the t statistic: g = m₃(1/n_s² − 1/n_l²)/(v(1/n_s + 1/n_l))^1.5, s and l the small and the large arm.

    v and m₃ are pooled over the arms. Equal arms have g = 0, however skewed the metric is. 0 where nobody differs.
    """
    sides = ((arms.control, arms.adjusted[0], arms.variances()[0]), (arms.treated, arms.adjusted[1], arms.variances()[1]))
    (small, first, v_small), (large, second, v_large) = sorted(sides, key=lambda side: side[0].n)
    n = small.n + large.n
    v = ((small.n - 1) * v_small + (large.n - 1) * v_large) / (n - 2)
    if v <= 0:
        return 0.0
    third = (small.n * small.third(first.weights) + large.n * large.third(second.weights)) / n
    return float(third * (1 / small.n**2 - 1 / large.n**2) / (v * (1 / small.n + 1 / large.n)) ** 1.5)


def why_not_welch(arms: Pair) -> str | None:
    """Why Welch's interval is not used, in words after "because"; None where it can be believed."""
    g = skewness(arms)
    small, large = sorted((arms.control.n, arms.treated.n))
    if abs(g) > LIMIT:
        return (
            f"arms of {small:,} and {large:,} customers are too unequal for so few big values (skewness {g:.3f}, at most {LIMIT} allowed)"
        )
    for arm in (arms.control, arms.treated):
        if arms.metric.kind == "proportion":
            rarer = min(arm.nonzero, arm.n - arm.nonzero)
            if rarer < FEW_SUCCESSES:
                return f"only {rarer:,} of {arm.n:,} customers of an arm differ from the rest, and {FEW_SUCCESSES} are needed"
        elif arm.nonzero < FEW_BUYERS and 2 * arm.nonzero < arm.n:
            return f"only {arm.nonzero:,} of {arm.n:,} customers of an arm have a value other than 0, and {FEW_BUYERS} are needed"
    return None
