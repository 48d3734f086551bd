"""What a fitted algorithm leaves behind: a partition of all possible customers, as plain arrays.

Every partition computes each customer by himself, in the same order of additions (no matrix products, whose rounding depends on the
size of the batch): a label is the same to the bit alone, in a batch of any size, and on any engine. All arrays `X` are scaled
customers, (n, p).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from netlift.records import Floats, Ints


class Partition(Protocol):
    """A rule that gives any customer a label. Its fields are numbers, texts, arrays or partitions, so that it can be stored."""

    def assign(self, X: Floats) -> Ints:
        """Labels 0..k-1, (n,)."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """Every customer belongs to the nearest center."""

    centers: Floats  # (k, p)

    def assign(self, X: Floats) -> Ints:
        """Labels 0..k-1, (n,); between equally near centers the first."""
        return np.asarray(squared_distances(X, self.centers).argmin(axis=0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A Gaussian mixture. (x - mean) @ factor is standard normal: `factors` are Cholesky factors of the precisions."""

    means: Floats  # (k, p)
    factors: Floats  # (k, p, p) upper triangular, or (k, p) where they are diagonal
    constants: Floats  # (k,) log of weight and of the density's constant

    def assign(self, X: Floats) -> Ints:
        """The likeliest component, 0..k-1, (n,)."""
        return np.asarray(self.log_joint(X).argmax(axis=0), dtype=np.int64)

    def log_likelihood(self, X: Floats) -> Floats:
        """Log density of each customer, (n,)."""
        joint = self.log_joint(X)
        most = joint.max(axis=0)
        total = np.zeros(len(X))
        for component in joint:
            total += np.exp(component - most)
        return np.asarray(most + np.log(total))

    def log_joint(self, X: Floats) -> Floats:
        """Log density times weight by component, (k, n)."""
        columns = np.ascontiguousarray(X.T)
        joint = np.empty((len(self.means), len(X)))
        for c, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            far = np.zeros(len(X))
            for j in range(len(mean)):
                far += self._along(columns, mean, factor, j) ** 2
            joint[c] = self.constants[c] - 0.5 * far
        return joint

    @staticmethod
    def _along(columns: Floats, mean: Floats, factor: Floats, j: int) -> Floats:
        """Entry j of (x - mean) @ factor, (n,)."""
        if factor.ndim == 1:
            return np.asarray((columns[j] - mean[j]) * factor[j])
        along = np.zeros(columns.shape[1])
        for i in range(j + 1):
            along += (columns[i] - mean[i]) * factor[i, j]
        return along


@dataclass(frozen=True, slots=True)
class Tree:
    """A binary decision tree. Node 0 is the root, children come after their parent; a leaf has `feature` -1."""

    feature: Ints  # (nodes,) column that decides
    threshold: Floats  # (nodes,) at most this goes left
    left: Ints  # (nodes,)
    right: Ints
    label: Ints  # (nodes,) of leaves

    def assign(self, X: Floats) -> Ints:
        """The label of the leaf, (n,)."""
        at = np.zeros(len(X), dtype=np.int64)
        for node in np.flatnonzero(self.feature >= 0):
            here = np.flatnonzero(at == node)
            low = X[here, self.feature[node]] <= self.threshold[node]
            at[here] = np.where(low, self.left[node], self.right[node])
        return np.asarray(self.label[at])


@dataclass(frozen=True, slots=True)
class Cells:
    """Fixed cuts of some columns; every cell of the grid belongs to a segment."""

    columns: Ints  # (q,)
    cuts: Floats  # (2, q) lower and upper cut: three bands a column
    label: Ints  # (3 ** q,) by cell, the first column changing slowest

    def assign(self, X: Floats) -> Ints:
        """The label of the cell, (n,)."""
        return np.asarray(self.label[self.cell(X)])

    def cell(self, X: Floats) -> Ints:
        """The number of the cell, (n,)."""
        bands = (X[:, None, self.columns] > self.cuts).sum(axis=1)
        return np.asarray(bands @ (3 ** np.arange(len(self.columns))[::-1]), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A partition of customers whose few-valued columns were replaced by one weighted 0/1 column per value."""

    numbers: Ints  # columns that stay numbers
    columns: Ints  # (levels,) the few-valued column ...
    values: Floats  # (levels,) ... its value ...
    weights: Floats  # (levels,) ... and what customers with that value get instead of 1
    nearest: Nearest

    def assign(self, X: Floats) -> Ints:
        """Labels 0..k-1, (n,)."""
        return self.nearest.assign(self.encode(X))

    def encode(self, X: Floats) -> Floats:
        """The numbers and the weighted 0/1 columns, (n, numbers + levels)."""
        return np.hstack([X[:, self.numbers], (X[:, self.columns] == self.values) * self.weights])


def squared_distances(X: Floats, centers: Floats) -> Floats:
    """Squared Euclidean distances, (k, n), added feature by feature."""
    total = np.zeros((len(centers), len(X)))
    for x, center in zip(np.ascontiguousarray(X.T), centers.T, strict=True):
        total += (x - center[:, None]) ** 2
    return total
