"""The size of a test of revenue, by simulating it with the pilot's own values: mean and spread alone do not tell where tails are heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtr

from netlift.errors import NotEnoughData
from netlift.experiments.design import Design
from netlift.experiments.sizing import Sizing, arms_of, size
from netlift.records import Floats

DRAWS, BUDGET = 20_000, 4_000_000  # of an arm in each round: most simulated, and values drawn for them
LARGEST = 200_000  # buyers in a test above which the normal theory is right and is used alone
ROUNDS, AVERAGED = 6, 4


@dataclass(frozen=True, slots=True)
class _Tests:
    """Sums over the buyers of each arm in many tests without an effect, (draws,) each."""

    n: int  # customers in the control
    m: int  # in another arm
    y: tuple[Floats, Floats]  # Σy of the control, of the arm
    yy: tuple[Floats, Floats]


def size_of_revenue(
    values: Floats,
    design: Design,
    *,
    effect: float | None = None,
    customers: int | None = None,
    power: float = 0.8,
    weekly: float | None = None,
) -> Sizing:
    """As `size`, with the power of the test that may be used simulated from the values of past customers, (N,).

    An effect multiplies every amount. Buyers are drawn from the pilot with replacement. Where the skew gate closes Welch's test, limits
    are the quantiles of t without an effect, which is what the studentised permutation test has on average; benchmarks/power.py
    compares with the permutation test itself. Clusters and CUPED divide the customers by the variance factor.

    Raises:
        InputError, NotEnoughData: as `size`.
    """
    first = size(design, effect=effect, customers=customers, power=power, weekly=weekly)
    buyers = int(np.sum(values != 0))
    if first.total * buyers / len(values) > LARGEST * design.variance_factor:
        return first
    share = None if effect is None else effect / design.metric.baseline
    sized = first if share is None or customers is not None else _searched(values, design, first, share, power)
    falls = effect is not None and effect < 0
    worlds = [_simulate(values, design, sized, seed=ROUNDS + seed) for seed in range(AVERAGED)]
    mde = float(np.mean([_smallest(design, sized, tests, power, falls=falls) for tests in worlds])) * design.metric.baseline
    found = mde if effect is None else effect
    reached = float(np.mean([_power(design, sized, tests, found / design.metric.baseline) for tests in worlds]))
    return replace(sized, power=reached, mde=mde, effect=found, simulated=True, weeks=_weeks(sized, weekly))


def _searched(values: Floats, design: Design, first: Sizing, share: float, power: float) -> Sizing:
    """The size whose simulated power is the one wanted.

    With power = Φ(c·√n − z) each round tells c, and the last four, each from draws of its own, are averaged: luck of the draws counts half.
    """
    z = float(ndtri(1 - design.level / 2))
    sized, slopes = first, []
    for seed in range(ROUNDS):
        found = min(max(_power(design, sized, _simulate(values, design, sized, seed=seed), share), 0.001), 0.999)
        slopes.append(max(z + float(ndtri(found)), 0.3 * z) / math.sqrt(sized.total))
        slope = float(np.mean(slopes[-min(AVERAGED, max(len(slopes) - 2, 1)) :]))  # the first two may be far off
        sized = _of_total(design, first, ((z + float(ndtri(power))) / slope) ** 2)
    return sized


def _of_total(design: Design, first: Sizing, total: float) -> Sizing:
    control, each = arms_of(design, total)
    told = size(design, effect=first.effect, customers=control + each * design.comparisons)
    return replace(told, n_control=control, n_per_arm=each, total=control + each * design.comparisons)


def _simulate(values: Floats, design: Design, sized: Sizing, *, seed: int) -> _Tests:
    rng = np.random.default_rng(seed)
    some = values[values != 0]
    rate = len(some) / len(values)
    n, m = (max(round(k / design.variance_factor), 2) for k in (sized.n_control, sized.n_per_arm))
    sums = []
    for arm in (n, m):
        buyers = rng.binomial(arm, rate, int(np.clip(BUDGET / (rate * arm + 1), 1000, DRAWS)))
        picked = some[rng.integers(0, len(some), buyers.sum())]
        edges = np.concatenate([[0], np.cumsum(buyers)])
        sums.append([np.diff(np.concatenate([[0.0], np.cumsum(picked**p)])[edges]) for p in (1, 2)])
    pairs = max(len(of[0]) for of in sums)  # the smaller arm varies most and is drawn oftenest; the larger one's draws serve again
    (y, yy), (z, zz) = ([np.resize(of, pairs) for of in arm] for arm in sums)
    return _Tests(n, m, (y, z), (yy, zz))


def _t(tests: _Tests, share: float) -> tuple[Floats, Floats]:
    """Welch's t of each test with all amounts of the arm 1 + share times as large, and its degrees of freedom."""
    up = 1 + share
    a = np.maximum(tests.yy[0] - tests.y[0] ** 2 / tests.n, 0) / (tests.n - 1) / tests.n
    b = up**2 * np.maximum(tests.yy[1] - tests.y[1] ** 2 / tests.m, 0) / (tests.m - 1) / tests.m
    difference = up * tests.y[1] / tests.m - tests.y[0] / tests.n
    spread = a + b
    t = np.divide(difference, np.sqrt(spread), out=np.zeros(len(a)), where=spread > 0)
    down = a**2 / (tests.n - 1) + b**2 / (tests.m - 1)
    return t, np.divide(spread**2, down, out=np.ones(len(a)), where=down > 0)


def _power(design: Design, sized: Sizing, tests: _Tests, share: float) -> float:
    t, freedom = _t(tests, share)
    if sized.test == "t":
        return float(np.mean(2 * stdtr(freedom, -np.abs(t)) < design.level))
    low, high = np.quantile(_t(tests, 0.0)[0], [design.level / 2, 1 - design.level / 2])
    return float(np.mean((t < low) | (t > high)))


def _smallest(design: Design, sized: Sizing, tests: _Tests, power: float, *, falls: bool) -> float:
    """Size of the smallest relative rise, or fall, that is found."""
    sign, high = (-1, 0.999) if falls else (1, 0.01)
    while _power(design, sized, tests, sign * high) < power:
        high *= 2
        if falls or high > 1e6:
            change = "fall" if falls else "rise"
            raise NotEnoughData(f"With {sized.total:,} customers no {change} of revenue would be found reliably; give more customers.")
    return float(brentq(lambda share: _power(design, sized, tests, sign * share) - power, 0.0, high, xtol=1e-6))


def _weeks(sized: Sizing, weekly: float | None) -> int | None:
    return None if weekly is None else math.ceil(sized.total / weekly)
