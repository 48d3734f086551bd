"""The 2-D map: the two main directions of the scaled features. Axes carry no unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.records import Floats


@dataclass(frozen=True, slots=True)
class Plane:
    """A fitted map: where a customer lies depends on nobody else."""

    center: Floats  # (p,)
    directions: Floats  # (p, 2)

    def place(self, X: Floats) -> tuple[Floats, Floats]:
        """The places x and y of scaled customers X, (n, p)."""
        x, y = np.zeros(len(X)), np.zeros(len(X))
        for column, center, (right, up) in zip(X.T, self.center, self.directions, strict=True):  # no matrix product: see partition.py
            x += (column - center) * right
            y += (column - center) * up
        return x, y


def fit(X: Floats) -> Plane:
    """The first two principal components of X, (n, p); the largest loading of each is positive, so that the map is never mirrored."""
    center = X.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.atleast_2d((X - center).T @ (X - center)))
    directions = np.zeros((X.shape[1], 2))
    leading = vectors[:, np.argsort(-variances, kind="stable")[:2]]
    directions[:, : leading.shape[1]] = leading * np.sign(leading[np.abs(leading).argmax(axis=0), range(leading.shape[1])])
    return Plane(center, directions)
