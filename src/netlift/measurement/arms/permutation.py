"""Studentised permutation test over buyers, and its interval by inversion. experiments.md section 8; Janssen 1997.

Customers without a purchase are all alike: a draw is the number of buyers in the smaller arm (hypergeometric) and a random
subset of that size of all buyers. The statistic is Welch's z, computed anew in each draw. For a relative lift L the treated
values are divided by 1 + L; all L that are not rejected are the interval, so p and interval agree by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from netlift.errors import NotEnoughData
from netlift.measurement.arms.intervals import ALPHA, Interval
from netlift.records import Floats, Ints

SEED = 2026
DRAWS, FEWEST_DRAWS = 9_999, 999
MOST = 500_000_000  # draws x buyers: above it fewer draws are made
AT_ONCE = 4_000_000  # numbers held
STEPS = 60  # of the bisection
WIDEST = 1e6  # a relative lift that stands for no bound


@dataclass(frozen=True, slots=True)
class Values:
    """The values of the buyers of both arms, and how many customers the arms have."""

    control: Floats  # (buyers of the control arm,), none is 0
    treated: Floats
    n_control: int
    n_treated: int

    @property
    def buyers(self) -> int:
        """In both arms."""
        return len(self.control) + len(self.treated)


@dataclass(frozen=True, slots=True)
class Draws:
    """Σ and Σ² of the smaller arm's values in each draw, apart by the arm they were seen in: (draws, 4)."""

    values: Values
    small_is_treated: bool
    sums: Floats  # columns: Σ control, Σ treated, Σ² control, Σ² treated
    whole: Floats  # (4,) the same of all buyers

    def p(self, lift: float = 0.0) -> float:
        """Two-sided p = min(1, 2·smaller tail), tail = (1 + #)/(draws + 1), that the relative lift is `lift` (> −1)."""
        seen, drawn = self._z(self._seen(), lift), self._z(self.sums, lift)
        near = 1e-9 * max(abs(float(seen)), 1.0)  # a draw equal to what was seen counts in both tails
        tails = [(1 + np.count_nonzero(drawn >= seen - near)), (1 + np.count_nonzero(drawn <= seen + near))]
        return float(min(1.0, 2 * min(tails) / (len(self.sums) + 1)))

    def _seen(self) -> Floats:
        seen = self.whole.copy()
        seen[[0, 2] if self.small_is_treated else [1, 3]] = 0.0
        return seen

    def _z(self, sums: Floats, lift: float) -> Floats:
        """Welch's z of treated less control, treated values divided by 1 + lift; sums (…, 4) of the smaller arm -> (…)."""
        n, m = self.values.n_treated, self.values.n_control
        if not self.small_is_treated:
            n, m = m, n
        scale = 1 / (1 + lift)
        a, aa = sums[..., 0] + scale * sums[..., 1], sums[..., 2] + scale**2 * sums[..., 3]
        b = self.whole[0] + scale * self.whole[1] - a
        bb = self.whole[2] + scale**2 * self.whole[3] - aa
        v = (aa - a * a / n) / (n - 1) / n + (bb - b * b / m) / (m - 1) / m
        z = (a / n - b / m) / np.sqrt(np.maximum(v, 1e-300))
        return np.asarray(z if self.small_is_treated else -z)


def draw(values: Values, *, draws: int = DRAWS, seed: int = SEED) -> Draws:
    """Draw subsets of the buyers; cost is draws x buyers, of which there are fewer draws where there are very many buyers.

    Raises:
        NotEnoughData: an arm has fewer than 2 customers or no buyer.
    """
    for n, found, name in ((values.n_control, values.control, "control"), (values.n_treated, values.treated, "treated")):
        if n < 2 or len(found) == 0:
            raise NotEnoughData(f"the {name} arm has {n:,} customers, of whom {len(found):,} have a value other than 0")
    buyers, rng = values.buyers, np.random.default_rng(seed)
    draws = min(draws, max(FEWEST_DRAWS, MOST // buyers))
    treated_small = values.n_treated <= values.n_control
    size = min(values.n_treated, values.n_control)
    none = np.zeros(len(values.control)), np.zeros(len(values.treated))
    columns = [
        np.concatenate(c)
        for c in ((values.control, none[1]), (none[0], values.treated), (values.control**2, none[1]), (none[0], values.treated**2))
    ]
    weights = np.column_stack(columns)
    counts = rng.hypergeometric(buyers, values.n_control + values.n_treated - buyers, size, draws)
    sums = np.concatenate([mask @ weights for mask in _subsets(counts, buyers, rng)])
    return Draws(values, treated_small, sums, weights.sum(axis=0))


def _subsets(counts: Ints, buyers: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Random subsets of the buyers as rows of 0 and 1, `counts` of them a row, some rows at a time."""
    rows = max(1, AT_ONCE // buyers)
    for start in range(0, len(counts), rows):
        some = counts[start : start + rows]
        order = rng.random((len(some), buyers))
        limit = np.concatenate([np.full((len(some), 1), -1.0), np.sort(order, axis=1)], axis=1)[np.arange(len(some)), some]
        yield (order <= limit[:, None]).astype(np.float64)


def relative(found: Draws) -> Interval:
    """The relative lifts that are not rejected, and the p value of none. Raises NotEnoughData where a mean is not above 0."""
    means = found.values.control.sum() / found.values.n_control, found.values.treated.sum() / found.values.n_treated
    if min(means) <= 0:
        raise NotEnoughData(f"the arms' means are {means[0]:,.4g} and {means[1]:,.4g}, and a relative change needs both above 0")
    best, p = float(means[1] / means[0] - 1), found.p()
    inside = (min(best, 0.0), max(best, 0.0)) if p >= ALPHA else (best, best)
    low = _end(found, inside[0], lambda distance: (1 + inside[0]) / (1 + distance) - 1)
    high = _end(found, inside[1], lambda distance: (1 + inside[1]) * (1 + distance) - 1)
    if p < ALPHA:  # rounding of the bisection must not lead over 0
        low, high = (max(low, np.nextafter(0, 1)), high) if best > 0 else (low, min(high, np.nextafter(0, -1)))
    return Interval(low, high, p)


def absolute(found: Draws) -> Interval:
    """The same as differences of means: a lift L is the difference L·μ(L), μ(L) the control mean that fits L best.

    μ(L) = (Σ control + Σ treated/(1 + L))/n, of both arms' customers.
    """
    share = relative(found)
    return Interval(_money(found, share.low), _money(found, share.high), share.p)


def _money(found: Draws, lift: float) -> float:
    values = found.values
    if lift <= -1:
        return -inf
    if lift >= WIDEST:
        return inf
    return float(lift * (values.control.sum() + values.treated.sum() / (1 + lift)) / (values.n_control + values.n_treated))


def _end(found: Draws, inside: float, at: Callable[[float], float]) -> float:
    """The last lift that is not rejected, on the way that `at` goes from `inside` with growing distance."""
    near, far = 0.0, 0.05
    while found.p(at(far)) >= ALPHA:
        near, far = far, 2 * far
        if far > WIDEST:
            return -1.0 if at(far) < inside else inf
    for _ in range(STEPS):
        middle = (near + far) / 2
        near, far = (middle, far) if found.p(at(middle)) >= ALPHA else (near, middle)
        if far - near < 1e-9 * far:
            break
    return at(near)
