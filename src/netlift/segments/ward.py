"""Ward's hierarchical clustering, with the nearest centroid for unseen customers."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import pairwise_distances_argmin

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints

LARGEST = 5000  # customers in the tree: its memory grows with their square


class Ward:
    """Ward linkage of at most 5,000 customers cut at k; everybody belongs to the nearest centroid."""

    def __init__(self, k: int, *, seed: int) -> None:
        self.k = k
        self.seed = seed
        self.centroids_: Floats = np.empty((0, 0))

    def fit(self, X: Floats) -> Ward:
        """Learn the k centroids from scaled customers X, (n, p)."""
        if len(X) < self.k:
            raise NotEnoughData(f"{self.k} segments need at least {self.k} customers, {self.k - len(X)} more than the {len(X)} given.")
        if len(X) > LARGEST:
            X = X[np.sort(np.random.default_rng(self.seed).choice(len(X), LARGEST, replace=False))]
        tree = AgglomerativeClustering(self.k, linkage="ward").fit(X)
        self.centroids_ = np.array([X[tree.labels_ == c].mean(axis=0) for c in range(self.k)])
        return self

    def predict(self, X: Floats) -> Ints:
        """Labels 0..k-1 of customers X, (n, p)."""
        return np.asarray(pairwise_distances_argmin(X, self.centroids_), dtype=np.int64)
