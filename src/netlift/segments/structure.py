"""Is there more than correlation? Stability of k-means against copies of the data drawn from a Gaussian copula.

The copies keep every feature's own distribution and the rank correlations and destroy everything else (notes/segmentation.md 4).
The rule is frozen: other numbers of splits, or more customers than checked, need its error rates measured again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from netlift.records import Floats, Ints, Progress
from netlift.segments import algorithms

KS = (2, 3, 4, 6, 8)
SPLITS, SPLITS_OF_COPIES = 3, 2
COPIES = 39
LARGEST = 6000  # customers; the largest size the test's error rates were measured at


@dataclass(frozen=True, slots=True)
class Structure:
    """Result of the test. `z` is the largest of `z_by_k`: stability above the copies' mean, in their standard deviations."""

    z: float
    p: float
    z_by_k: dict[int, float]
    copies: int
    customers: int
    valley_share: float = float("nan")  # of customers in segments with a valley around them; NaN = not measured

    @property
    def found(self) -> bool:
        """Whether stability exceeds that of structureless copies."""
        return self.p <= 0.05

    @property
    def best_k(self) -> int:
        """Number of segments at which stability stands out most."""
        return max(self.z_by_k, key=lambda k: self.z_by_k[k])


def examine(X: Floats, *, seed: int, progress: Progress) -> Structure:
    """Test scaled customers X, (n, p), for structure; larger data are sampled."""
    rng = np.random.default_rng([seed, 41])
    if len(X) > LARGEST:
        X = X[np.sort(rng.choice(len(X), LARGEST, replace=False))]
    ks = [k for k in KS if 10 * k <= len(X)]
    observed = _stability(X, ks, SPLITS, rng)
    correlation = _rank_correlation(X)
    null = np.empty((COPIES, len(ks)))
    for b in range(COPIES):
        progress(b / COPIES, f"comparing with structureless copy {b + 1} of {COPIES}")
        null[b] = _stability(_copy(X, correlation, rng), ks, SPLITS_OF_COPIES, rng)
    mean, sd = null.mean(axis=0), null.std(axis=0) + 1e-3
    z = (observed - mean) / sd
    largest = ((null - mean) / sd).max(axis=1)
    p = (1 + int((largest >= z.max()).sum())) / (COPIES + 1)
    return Structure(float(z.max()), p, dict(zip(ks, z.tolist(), strict=True)), COPIES, len(X))


def _stability(X: Floats, ks: list[int], splits: int, rng: np.random.Generator) -> Floats:
    """A_k: agreement of two halves' labels on the second half, mean over splits, for each k."""
    agreement = np.empty((splits, len(ks)))
    for s in range(splits):
        order = rng.permutation(len(X))
        one, two = X[order[: len(X) // 2]], X[order[len(X) // 2 :]]
        for i, k in enumerate(ks):
            agreement[s, i] = adjusted_rand_score(_means(one, k, rng, on=two), _means(two, k, rng, on=two))
    return np.asarray(agreement.mean(axis=0))


def _means(X: Floats, k: int, rng: np.random.Generator, *, on: Floats) -> Ints:
    model = KMeans(k, n_init=2, random_state=int(rng.integers(2**31)))
    return algorithms.labels(algorithms.fitted(lambda _: model, algorithms.Task(k, (), 0), X), on)


def _rank_correlation(X: Floats) -> Floats:
    """Correlation of normal scores, (p, p)."""
    scores = ndtri((rankdata(X, axis=0) - 0.5) / len(X))
    return np.atleast_2d(np.corrcoef(scores, rowvar=False))


def _copy(X: Floats, correlation: Floats, rng: np.random.Generator) -> Floats:
    """A structureless copy: the sorted values of each feature in the rank order of correlated normal draws."""
    values, vectors = np.linalg.eigh(correlation)
    normal = rng.standard_normal(X.shape) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    ranks = normal.argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(X, axis=0), ranks, axis=0)
