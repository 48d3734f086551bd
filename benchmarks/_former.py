"""The rule that the structure test had before: split-half stability of k-means against a Gaussian copula (notes/segmentation.md 4).

Kept to be compared with, with the 19 copies at which the notes measured it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans

from netlift.records import Floats
from netlift.segments import nulls
from netlift.segments.screening import adjusted_rand

KS = (2, 3, 4, 6, 8)
COPIES = 19


def examine(X: Floats, seed: int) -> tuple[float, float]:
    """The p and the largest z of customers X, (n, p)."""
    rng = np.random.default_rng([seed, 41])
    observed = _stability(X, rng, splits=3)
    null = nulls.cloud(X)
    copies = np.array([_stability(null.copy(rng), rng, splits=2) for _ in range(COPIES)])
    mean, sd = copies.mean(axis=0), copies.std(axis=0) + 1e-3
    z = float(((observed - mean) / sd).max())
    reached = int((((copies - mean) / sd).max(axis=1) >= z).sum())
    return (1 + reached) / (COPIES + 1), z


def _stability(X: Floats, rng: np.random.Generator, *, splits: int) -> Floats:
    """Mean adjusted Rand index of both halves' labels of the second half, by k."""
    agreement = np.empty((splits, len(KS)))
    for row in agreement:
        order = rng.permutation(len(X))
        one, two = X[order[: len(X) // 2]], X[order[len(X) // 2 :]]
        row[:] = [adjusted_rand(_fitted(one, k, rng)(two), _fitted(two, k, rng)(two), k) for k in KS]
    return np.asarray(agreement.mean(axis=0))


def _fitted(X: Floats, k: int, rng: np.random.Generator) -> Callable[[Floats], np.ndarray]:
    predict: Callable[[Floats], np.ndarray] = KMeans(k, n_init=2, random_state=int(rng.integers(2**31))).fit(X).predict
    return predict
