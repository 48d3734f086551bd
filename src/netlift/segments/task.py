"""What is asked of a clustering algorithm."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from netlift.records import Floats, Ints


@dataclass(frozen=True, slots=True)
class Task:
    """The numbers of segments to make, and what is known beside the scaled customers."""

    ks: tuple[int, ...]
    columns: tuple[str, ...]  # names of the scaled features, in the order of X
    seed: int
    starts: int = 3  # random starts, of which the best counts
    profit: Floats | None = None  # (n,) money per contact; NaN where it may not be seen or is not known

    def of(self, rows: Ints) -> Task:
        """The same task for some of the customers."""
        return dataclasses.replace(self, profit=None if self.profit is None else self.profit[rows])

    def within(self, n: int) -> Task:
        """Without numbers of segments that exceed n customers."""
        return dataclasses.replace(self, ks=tuple(k for k in self.ks if k <= n))

    def sample(self, n: int, most: int) -> Ints:
        """Row numbers of at most `most` of n customers, ascending."""
        if n <= most:
            return np.arange(n)
        return np.sort(np.random.default_rng(self.seed).choice(n, most, replace=False))
