"""Recency, frequency and monetary tertiles: the marketer's own segmentation, as a baseline that every other must beat.

The 27 cells are too many to act on, so the closest are merged (Ward's criterion on the cell scores, weighted by customers) to k.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints

NEEDED = ("recency", "frequency", "monetary")
CELLS = np.array(list(product(range(3), repeat=3)), dtype=float)  # (27, 3) tertile of each of the three


class RfmTertiles:
    """k segments of the 27 tertile cells. Cut points do not depend on the scaling, which keeps the order."""

    def __init__(self, k: int, *, columns: tuple[str, ...]) -> None:
        absent = [name for name in NEEDED if name not in columns]
        if absent:
            raise NotEnoughData(f"RFM tertiles need the feature {absent[0]} among the inputs, which is not there or does not vary.")
        self.k = k
        self.columns = [columns.index(name) for name in NEEDED]
        self.cuts_: Floats = np.empty((2, 3))
        self.segment_of_cell_: Ints = np.zeros(27, dtype=np.int64)

    def fit(self, X: Floats) -> RfmTertiles:
        """Learn the cut points and which cells belong together from customers X, (n, p)."""
        self.cuts_ = np.quantile(X[:, self.columns], [1 / 3, 2 / 3], axis=0)
        sizes = np.bincount(self._cell(X), minlength=27)
        filled = np.flatnonzero(sizes)
        if len(filled) < self.k:
            raise NotEnoughData(f"RFM tertiles fill only {len(filled)} cells, fewer than the {self.k} segments asked for.")
        groups = _merged([_Group((int(c),), CELLS[c], float(sizes[c])) for c in filled], self.k)
        centers = np.array([g.center for g in groups])
        self.segment_of_cell_ = ((CELLS[:, None, :] - centers) ** 2).sum(axis=2).argmin(axis=1)  # for cells nobody is in yet
        for label, group in enumerate(groups):
            self.segment_of_cell_[list(group.cells)] = label
        return self

    def predict(self, X: Floats) -> Ints:
        """Labels 0..k-1 of customers X, (n, p)."""
        return self.segment_of_cell_[self._cell(X)]

    def _cell(self, X: Floats) -> Ints:
        scores = (X[:, None, self.columns] > self.cuts_).sum(axis=1)
        return np.asarray(scores @ np.array([9, 3, 1]), dtype=np.int64)


class _Group(NamedTuple):
    cells: tuple[int, ...]
    center: Floats  # (3,) mean score
    customers: float


def _merged(groups: list[_Group], k: int) -> list[_Group]:
    """Merge the pair that costs least variance until k groups are left."""
    while len(groups) > k:
        one, two = min(combinations(groups, 2), key=lambda pair: _cost(*pair))
        customers = one.customers + two.customers
        center = (one.center * one.customers + two.center * two.customers) / customers
        groups = [g for g in groups if g is not one and g is not two] + [_Group(one.cells + two.cells, center, customers)]
    return groups


def _cost(one: _Group, two: _Group) -> float:
    return float(one.customers * two.customers / (one.customers + two.customers) * ((one.center - two.center) ** 2).sum())
