"""Studentised permutation test over buyers, and its interval by inversion. experiments.md section 8; Janssen 1997.

Customers without a purchase are all alike: a draw is the number of buyers in the smaller arm (hypergeometric) and a random
subset of that size of all buyers. The statistic is Welch's z, computed anew in each draw. For a relative lift L the treated
values are divided by 1 + L; all L that are not rejected are the interval, so p and interval agree by construction. Of a ratio
the pairs (y, d) are drawn, and z is the delta method's.
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
    denominators: tuple[Floats, Floats] | None = None  # of a ratio, control and treated; then who has (0, 0) is left out

    @property
    def buyers(self) -> int:
        """In both arms."""
        return len(self.control) + len(self.treated)


@dataclass(frozen=True, slots=True)
class Draws:
    """Sums of the smaller arm's values in each draw, apart by the arm they were seen in (control, treated in turn)."""

    values: Values
    small_is_treated: bool
    sums: Floats  # (draws, 4) Σy, Σy²; of a ratio (draws, 10) also Σyd, Σd, Σd²
    whole: Floats  # (4,) or (10,) the same of all buyers

    def p(self, lift: float = 0.0) -> float:
        """Two-sided p = min(1, 2·smaller tail), tail = (1 + #)/(draws + 1), that the relative lift is `lift` (> −1)."""
        seen, drawn = self._z(self._seen(), lift), self._z(self.sums, lift)
        near = 1e-9 * max(abs(float(seen)), 1.0)  # a draw equal to what was seen counts in both tails
        tails = [(1 + np.count_nonzero(drawn >= seen - near)), (1 + np.count_nonzero(drawn <= seen + near))]
        return float(min(1.0, 2 * min(tails) / (len(self.sums) + 1)))

    def _seen(self) -> Floats:
        seen = self.whole.copy()
        seen[(0 if self.small_is_treated else 1) :: 2] = 0.0
        return seen

    def _z(self, sums: Floats, lift: float) -> Floats:
        """Statistic z of treated less control, treated values divided by 1 + lift; sums (…, 4 or 10) of the smaller arm -> (…)."""
        n, m = self.values.n_treated, self.values.n_control
        if not self.small_is_treated:
            n, m = m, n
        scale = 1 / (1 + lift)
        powers = np.array([scale, scale**2, scale, 1.0, 1.0])[: len(self.whole) // 2]
        small = sums[..., ::2] + powers * sums[..., 1::2]
        large = self.whole[::2] + powers * self.whole[1::2] - small
        value = _mean if self.values.denominators is None else _ratio
        (a, v), (b, w) = value(small, n), value(large, m)
        z = (a - b) / np.sqrt(np.maximum(v + w, 1e-300))
        return np.asarray(z if self.small_is_treated else -z)


def _mean(sums: Floats, n: int) -> tuple[Floats, Floats]:
    """Mean and its variance from Σy, Σy² (…, 2) of n customers."""
    y, yy = sums[..., 0], sums[..., 1]
    return y / n, (yy - y * y / n) / (n - 1) / n


def _ratio(sums: Floats, n: int) -> tuple[Floats, Floats]:
    """Σy/Σd and its variance Σ(y − R·d)²/((n − 1)·n·d̄²) from (…, 5); without a denominator 0 and 0."""
    y, yy, yd, d, dd = (sums[..., i] for i in range(5))
    d = np.where(d > 0, d, np.inf)
    value = y / d
    return value, (yy - 2 * value * yd + value**2 * dd) / (n - 1) * n / d**2


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
    weights = _weights(values)
    counts = rng.hypergeometric(buyers, values.n_control + values.n_treated - buyers, size, draws)
    sums = np.concatenate([mask @ weights for mask in _subsets(counts, buyers, rng)])
    return Draws(values, treated_small, sums, weights.sum(axis=0))


def _weights(values: Values) -> Floats:
    """What each buyer adds to the sums of a draw that he is in, (buyers, 4 or 10)."""
    y = np.concatenate([values.control, values.treated])
    of_control = np.arange(len(y)) < len(values.control)
    terms = [y, y * y]
    if values.denominators is not None:
        d = np.concatenate(values.denominators)
        terms += [y * d, d, d * d]
    return np.column_stack([term * side for term in terms for side in (of_control, ~of_control)])


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
    sizes = _sizes(found.values)
    means = found.values.control.sum() / sizes[0], found.values.treated.sum() / sizes[1]
    if not min(means) > 0:
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

    μ(L) = (Σ control + Σ treated/(1 + L))/n, of both arms' customers; of a ratio Σd in place of n.
    """
    share = relative(found)
    return Interval(_money(found, share.low), _money(found, share.high), share.p)


def _money(found: Draws, lift: float) -> float:
    values = found.values
    if lift <= -1:
        return -inf
    if lift >= WIDEST:
        return inf
    return float(lift * (values.control.sum() + values.treated.sum() / (1 + lift)) / sum(_sizes(values)))


def _sizes(values: Values) -> tuple[float, float]:
    """What both arms' totals are divided by: customers, or the sums of denominators."""
    if values.denominators is None:
        return values.n_control, values.n_treated
    return float(values.denominators[0].sum()), float(values.denominators[1].sum())


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
