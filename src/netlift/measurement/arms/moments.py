"""Moments: the sums over the customers of one cell from which every estimator works; cells add up.

A customer's variables are z = (y, d, x, e): the metric, its denominator, and what both were before the experiment. The
sums are of z − about: where a mean is far larger than its spread, sums about 0 would cancel. experiments.md section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, permutations
from math import isnan
from typing import Self

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import Floats

Y, D, X, E = range(4)
FAR = 100.0  # standard deviations of a mean from the reference point beyond which its sums have lost 4 of 16 digits


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over n customers, each in one cell only. A variable that was not asked for is 0 throughout."""

    n: int
    nonzero: int  # customers with y ≠ 0: the buyers, or the successes
    largest: float  # y of one customer; −inf without customers
    about: Floats  # (4,) the reference point
    sums: Floats  # (4,) Σ(z − about)
    products: Floats  # (4, 4) of pairs, symmetric
    cubes: Floats  # (4, 4, 4) of triples, symmetric
    cap: float  # NaN where nothing is capped
    capped: Floats  # (3,) Σ(c − about), squares, cubes; c = min(y, cap)

    @classmethod
    def of(cls, y: Floats, *, d: Floats | None = None, x: Floats | None = None, e: Floats | None = None, cap: float = np.nan) -> Self:
        """The moments of customers at hand, arrays (n,), about 0."""
        given = {place: z for place, z in ((Y, y), (D, d), (X, x), (E, e)) if z is not None}
        sums, products, cubes = np.zeros(4), np.zeros((4, 4)), np.zeros((4, 4, 4))
        for a, z in given.items():
            sums[a] = z.sum()
        for a, b in combinations_with_replacement(given, 2):
            both = given[a] * given[b]
            products[a, b] = products[b, a] = both.sum()
            for c in (c for c in given if c >= b):
                _fill(cubes, (a, b, c), float((both * given[c]).sum()))
        low = np.zeros(len(y)) if isnan(cap) else np.minimum(y, cap)
        capped = np.array([low.sum(), (low * low).sum(), (low**3).sum()])
        return cls(len(y), int((y != 0).sum()), float(y.max(initial=-np.inf)), np.zeros(4), sums, products, cubes, cap, capped)

    @classmethod
    def read(cls, row: Floats, places: tuple[int, ...], *, about: Floats, cap: float) -> Self:
        """From one row of the engine: n, nonzero, largest, then the sums in the order of `terms(places)`, then three of c."""
        sums, products, cubes = np.zeros(4), np.zeros((4, 4)), np.zeros((4, 4, 4))
        for term, value in zip(terms(places), row[3:], strict=False):
            _fill((sums, products, cubes)[len(term) - 1], term, float(value))
        capped = np.zeros(3) if isnan(cap) else row[-3:].astype(np.float64)
        return cls(int(row[0]), int(row[1]), float(row[2]), about, sums, products, cubes, cap, capped)

    def __add__(self, other: Moments) -> Moments:
        """The moments of both cells' customers together."""
        if not np.array_equal(self.about, other.about) or not (self.cap == other.cap or (isnan(self.cap) and isnan(other.cap))):
            raise AssertionError(f"sums about {self.about} and {other.about}, capped at {self.cap} and {other.cap}, do not add up")
        return Moments(
            self.n + other.n,
            self.nonzero + other.nonzero,
            max(self.largest, other.largest),
            self.about,
            self.sums + other.sums,
            self.products + other.products,
            self.cubes + other.cubes,
            self.cap,
            self.capped + other.capped,
        )

    @property
    def means(self) -> Floats:
        """Mean of each variable, (4,). Raises NotEnoughData where there is nobody."""
        if self.n == 0:
            raise NotEnoughData("there is no customer")
        return self.about + self.sums / self.n

    @property
    def total(self) -> float:
        """Σy, e.g. money."""
        return float(self.about[Y] * self.n + self.sums[Y])

    def covariance(self) -> Floats:
        """Sample covariances of the variables, (4, 4). Raises NotEnoughData below two customers."""
        if self.n < 2:
            raise NotEnoughData(f"there {'is 1 customer' if self.n == 1 else 'are 0 customers'} and 2 are needed")
        found = (self.products - np.outer(self.sums, self.sums) / self.n) / (self.n - 1)
        lost = np.diag(found) * (self.n - 1) <= 4 * np.finfo(float).eps * np.diag(self.products)  # nothing left but rounding
        found[lost, :] = 0.0
        found[:, lost] = 0.0
        return found

    def third(self, weights: Floats) -> float:
        """Third central moment of w·z: (Σr³ − 3r̄Σr² + 2n·r̄³)/n with r = w·(z − about)."""
        mean = float(weights @ self.sums) / self.n
        squares = float(weights @ self.products @ weights)
        cubes = float(np.einsum("ijk,i,j,k", self.cubes, weights, weights, weights))
        return (cubes - 3 * mean * squares + 2 * self.n * mean**3) / self.n

    def winsorised(self) -> Moments:
        """The moments of min(y, cap) in place of y, without other variables."""
        sums, products, cubes = np.zeros(4), np.zeros((4, 4)), np.zeros((4, 4, 4))
        sums[Y], products[Y, Y], cubes[Y, Y, Y] = self.capped
        return replace(self, largest=min(self.largest, self.cap), sums=sums, products=products, cubes=cubes)

    def far(self) -> bool:
        """Whether a mean is so far from the reference point that sums about it would be exact and these are not."""
        if self.n < 2:
            return False
        shift = self.sums / self.n
        return bool(np.any(shift**2 > FAR**2 * np.diag(self.covariance())))


def terms(places: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The sums, products and cubes of some variables, as tuples of places."""
    return [term for order in (1, 2, 3) for term in combinations_with_replacement(places, order)]


def _fill(tensor: Floats, term: tuple[int, ...], value: float) -> None:
    for place in set(permutations(term)):
        tensor[place] = value
