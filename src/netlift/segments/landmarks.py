"""The 2-D map that keeps neighbours together: t-SNE of some landmarks, and everybody placed among those nearest to him.

Where a customer lies depends on the stored landmarks alone, so that a new one is placed without another fit. Axes carry no unit, and far
apart on the map says little. Source: van der Maaten and Hinton, JMLR 9, 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree
from sklearn.manifold import TSNE

from netlift.records import Floats

MOST = 2_000  # landmarks
FEWEST = 10  # customers, and two features, without which there are no neighbours to speak of
NEAREST = 8  # landmarks that place a customer
PERPLEXITY = 30.0  # neighbours that t-SNE looks at, about
TOUCHING = 1e-6  # added to distances: who is a landmark lies on it


@dataclass(frozen=True, slots=True)
class Landmarks:
    """A fitted map: where a customer lies depends on nobody else."""

    points: Floats  # (m, p) scaled customers
    places: Floats  # (m, 2)

    def place(self, X: Floats) -> tuple[Floats, Floats]:
        """The places x and y of scaled customers X, (n, p): of the nearest landmarks' places the mean, weighted by 1 / distance²."""
        near = min(NEAREST, len(self.points))
        distance, at = KDTree(self.points).query(X, k=range(1, near + 1))
        weight = 1 / (distance + TOUCHING) ** 2
        x, y, total = np.zeros(len(X)), np.zeros(len(X)), np.zeros(len(X))
        for w, (right, up) in zip(weight.T, self.places[at].transpose(1, 2, 0), strict=True):  # one by one: the same in any company
            x += w * right
            y += w * up
            total += w
        return x / total, y / total


def fit(X: Floats, *, seed: int) -> Landmarks:
    """The map of scaled customers X, (n, p) with n at least FEWEST and p at least 2."""
    drawn = np.sort(np.random.default_rng([seed, 47]).permutation(len(X))[:MOST])
    points = np.ascontiguousarray(X[drawn])
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    places = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(points)
    return Landmarks(points, np.asarray(places, dtype=np.float64))
