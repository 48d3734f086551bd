"""The planned arms drawn again and again over the past, where nothing was done: how often the analysis would cry wolf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, stdtr, stdtrit

from netlift.errors import InputError, NotEnoughData
from netlift.experiments.arms import Shares
from netlift.experiments.design import SKEWED, skewness_of_t
from netlift.experiments.levels import dunnett
from netlift.experiments.pilot import metric_of
from netlift.records import Floats, Ints

FEWEST = 500  # draws


@dataclass(frozen=True, slots=True)
class Replay:
    """One arm against the control over many draws of the past; money or whatever unit the metric has."""

    arm: str
    control: str
    n_arm: int
    n_control: int
    level: float  # two-sided, of this comparison
    false_alarms: float  # share of draws in which Welch's test finds a difference
    low: float  # 95 % interval of that share (Clopper and Pearson 1934)
    high: float
    seemed_good: float  # share of draws in which the arm seemed better
    seemed_bad: float
    skewness: float  # of the t statistic
    test: str  # "t", or "permutation" where the tail is too heavy for these arms
    mde: float  # smallest gain, the same for every customer, that this test finds in the wanted share of draws
    mde_relative: float | None  # over the mean; None where that is not above 0


def replay(
    values: Floats, shares: Shares, *, before: Floats | None = None, draws: int = 1000, seed: int = 7, alpha: float = 0.05
) -> tuple[Replay, ...]:
    """False alarms and smallest effect of each arm against the first one (the holdout, where there is one), power 80 %.

    The customers whose value is 0 are alike, so a draw takes the number of other customers in each arm (multivariate
    hypergeometric) and a random order of their values. The draws are those of a permutation test, so the studentised
    permutation test's limits are quantiles of their t: it has the level by construction.

    Args:
        values: (n,) the metric of each customer in the past.
        shares: planned arms.
        before: (n,) the metric before that; then y − θx is compared, θ = cov(y, x)/var(x) (CUPED).
        draws: how often, at least 500.
        seed: of the draws.
        alpha: two-sided level of all comparisons together.

    Raises:
        InputError: too few draws, or missing values.
        NotEnoughData: an arm has fewer than two customers, or all values are alike.
    """
    if draws < FEWEST:
        raise InputError(f"{draws} draws are asked for; give {FEWEST} or more, so that the rate of false alarms is told within 2 points.")
    y = values if before is None else _adjusted(values, before)
    metric = metric_of(y, "revenue")
    n = np.floor(np.array(list(shares.of.values())) * len(y) + 1e-9).astype(np.int64)
    if n.min() < 2:
        name = list(shares.of)[int(np.argmin(n))]
        raise NotEnoughData(f"The arm '{name}' would have {n.min()} of {len(y):,} customers, and two are needed; give it a larger share.")
    mean, variance = _draws(y, n, draws=draws, seed=seed)
    control, *others = shares.of
    base = float(values.mean())
    found = []
    for place, arm in enumerate(others, start=1):
        level = dunnett(alpha, len(others), correlation=float(n[place] / (n[place] + n[0])))
        t, error, freedom = _welch(mean[:, [0, place]], variance[:, [0, place]], n[[0, place]])
        g = skewness_of_t(metric, float(n[0]), float(n[place]))
        p = 2 * stdtr(freedom, -np.abs(t))
        alarms = int(np.sum(p < level))
        permuted = abs(g) > SKEWED
        limit = np.quantile(t, 1 - level / 2) if permuted else stdtrit(freedom, 1 - level / 2)
        mde = float(np.quantile((limit - t) * error, 0.8))
        found.append(
            Replay(
                arm=arm,
                control=control,
                n_arm=int(n[place]),
                n_control=int(n[0]),
                level=level,
                false_alarms=alarms / draws,
                low=float(betaincinv(alarms, draws - alarms + 1, 0.025)) if alarms else 0.0,
                high=float(betaincinv(alarms + 1, draws - alarms, 0.975)) if alarms < draws else 1.0,
                seemed_good=float(np.mean((p < level) & (t > 0))),
                seemed_bad=float(np.mean((p < level) & (t < 0))),
                skewness=g,
                test="permutation" if permuted else "t",
                mde=mde,
                mde_relative=mde / base if base > 0 else None,
            )
        )
    return tuple(found)


def _adjusted(y: Floats, x: Floats) -> Floats:
    deviation = x - metric_of(x, "mean", name="the metric before").baseline
    return np.asarray(y - float(np.dot(deviation, y) / np.dot(deviation, deviation)) * deviation)


def _draws(y: Floats, n: Ints, *, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Mean and sample variance of each arm in each draw, (draws, arms)."""
    rng = np.random.default_rng(seed)
    some = y[y != 0]
    places = np.append(n, len(y) - n.sum())
    counts = rng.multivariate_hypergeometric(places, len(some), size=draws, method="marginals")
    sums = np.zeros((2, draws, len(places)))
    for row in range(draws):
        order = rng.permutation(some)
        edges = np.concatenate([[0], np.cumsum(counts[row])])
        for power in (1, 2):
            sums[power - 1, row] = np.diff(np.concatenate([[0.0], np.cumsum(order**power)])[edges])
    mean = sums[0, :, :-1] / n
    return mean, np.maximum(sums[1, :, :-1] - n * mean**2, 0) / (n - 1)


def _welch(mean: Floats, variance: Floats, n: Ints) -> tuple[Floats, Floats, Floats]:
    """The t (0 where neither arm varies), its standard error and degrees of freedom of arm − control in each draw."""
    parts = variance / n
    error = np.sqrt(parts.sum(axis=1))
    t = np.divide(mean[:, 1] - mean[:, 0], error, out=np.zeros(len(error)), where=error > 0)
    down = (parts**2 / (n - 1)).sum(axis=1)
    return t, error, np.divide(error**4, down, out=np.ones(len(error)), where=down > 0)
