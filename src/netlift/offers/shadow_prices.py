"""Prices of scarce means, and who chooses at which: the dual of the multiple-choice knapsack and its primal side.

Each customer takes the option whose profit most exceeds its price. Prices minimise the dual function, which for any prices is an upper
bound on the best possible profit (Fisher, Management Science 27, 1981); they are found by cutting planes (Kelley 1960), first on a sample.
The weights of the planes at the end say which share of the customers chooses at which prices (Dantzig and Wolfe, Operations Research 8,
1960): customers who are alike, and would all choose alike at one price, are split so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from netlift.records import Floats, Ints

SAMPLE = 20_000  # customers on whom prices are found first
ROUNDS = 200  # cutting planes on the sample, and on everybody, at most
CLOSE = 1e-9  # relative gap at which prices are good enough
NEAR = 1.5  # prices of everybody are sought within this factor of the sample's
GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it, modulo 1, split a run of any length evenly


@dataclass(frozen=True, slots=True)
class Limits:
    """What is scarce."""

    names: tuple[str, ...]
    use: Floats  # (limits, options) what a contact uses of each
    most: Floats  # (limits,)


def taken(gains: Floats, price: Floats) -> tuple[Floats, Ints]:
    """What each customer gains at these prices of the options, (n,), and by which option; 0 and -1 where none gains."""
    best, choice = np.zeros(gains.shape[1]), np.full(gains.shape[1], -1)
    for j, row in enumerate(gains):
        gain = row - price[j]
        better = gain > best
        best[better], choice[better] = gain[better], j
    return best, choice


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of the means, and how the customers are shared among the last ones tried."""

    best: Floats  # (limits,) of the least upper bound that was found
    points: Floats  # (k, limits) prices at which a share of the customers chooses
    weights: Floats  # (k,) that share


def prices(gains: Floats, limits: Limits) -> Prices:
    """The prices of what is scarce, for profits gains (options, n); all 0 where everybody can have his best."""
    n = gains.shape[1]
    nothing, top = np.zeros(len(limits.most)), np.where(np.isfinite(gains), gains, 0).max(initial=0.0)
    _, choice = taken(gains, nothing @ limits.use)
    used = limits.use @ np.bincount(choice[choice >= 0], minlength=len(gains))
    if (used <= limits.most).all():
        return Prices(nothing, nothing[None], np.ones(1))
    smallest = np.array([row[row > 0].min(initial=np.inf) for row in limits.use])
    high = np.where(np.isfinite(smallest), top / smallest, 0.0)
    if n <= SAMPLE:
        return _least(gains, limits, nothing, high)
    some = np.random.default_rng(n).choice(n, SAMPLE, replace=False)
    share = Limits(limits.names, limits.use, limits.most * SAMPLE / n)
    near = _least(gains[:, some], share, nothing, high).best
    slack = 0.01 * high  # a price that is 0 on the sample may be above 0 for everybody
    return _least(gains, limits, near / NEAR - slack, np.minimum(near * NEAR + slack, high), start=near)


def _least(gains: Floats, limits: Limits, low: Floats, high: Floats, *, start: Floats | None = None) -> Prices:
    """Minimise the dual function within a box by cutting planes."""
    low = np.maximum(low, 0.0)
    at = (low + high) / 2 if start is None else start
    best, least = at, np.inf
    points, slopes, heights, weights = [], [], [], np.ones(1)
    for _ in range(ROUNDS):
        gain, choice = taken(gains, at @ limits.use)
        value = float(gain.sum() + at @ limits.most)
        slope = limits.most - limits.use @ np.bincount(choice[choice >= 0], minlength=len(gains))
        if value < least:
            best, least = at, value
        points.append(at)
        slopes.append(slope)
        heights.append(value - slope @ at)
        # least height t with t >= height_k + slope_k · at for all planes
        planes = np.column_stack([np.array(slopes), -np.ones(len(slopes))])
        aim = np.append(np.zeros(len(at)), 1.0)
        found = linprog(aim, planes, -np.array(heights), bounds=[*zip(low, high, strict=True), (None, None)], method="highs")
        if not found.success:
            return Prices(best, best[None], np.ones(1))
        weights = -found.ineqlin.marginals
        if least - found.fun <= CLOSE * abs(least):
            break
        at = found.x[:-1]
    return Prices(best, np.array(points)[weights > 0], weights[weights > 0])


def mixed(gains: Floats, limits: Limits, found: Prices) -> Ints:
    """Everybody's option, (n,), where the points' shares of the customers choose at the points' prices; lot decides who."""
    choices = np.array([taken(gains, at @ limits.use)[1] for at in found.points])
    alike = np.zeros(choices.shape[1], dtype=np.int64)  # the same number for customers who choose alike at every point
    for row in choices:
        alike = np.unique(alike * (len(gains) + 1) + row + 1, return_inverse=True)[1]
    order = np.lexsort((np.random.default_rng(len(alike)).random(len(alike)), alike))
    share = np.empty(len(alike))
    share[order] = np.arange(len(alike)) * GOLDEN % 1
    point = np.searchsorted(np.cumsum(found.weights), share * found.weights.sum(), side="right")
    return np.asarray(choices[np.minimum(point, len(choices) - 1), np.arange(len(alike))], dtype=np.int64)
