"""Is there more than correlation? Stability of k-means against copies of the data drawn from a Gaussian copula.

The copies keep every feature's own distribution and the rank correlations and destroy everything else (notes/segmentation.md 4).
The rule is frozen: other numbers of splits, or more customers than checked, need its error rates measured again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from netlift.records import Floats, Ints, Progress, silent
from netlift.segments import valleys

KS = (2, 3, 4, 6, 8)
SPLITS, SPLITS_OF_COPIES = 3, 2
COPIES = 99
LARGEST = 6000  # customers; the largest size the test's error rates were measured at


@dataclass(frozen=True, slots=True)
class Structure:
    """Result of the test. `z` is the largest of `z_by_k`: stability above the copies' mean, in their standard deviations."""

    z: float
    p: float
    z_by_k: dict[int, float]
    copies: int
    customers: int
    valley_share: float  # of customers in segments with a valley around them, at the k where it is largest

    @property
    def found(self) -> bool:
        """Whether stability exceeds that of structureless copies."""
        return self.p <= 0.05

    @property
    def best_k(self) -> int:
        """Number of segments at which stability stands out most."""
        return max(self.z_by_k, key=lambda k: self.z_by_k[k])


def examine(X: Floats, *, seed: int, progress: Progress = silent) -> Structure:
    """Test scaled customers X, (n, p), for structure; larger data are sampled."""
    rng = np.random.default_rng([seed, 41])
    if len(X) > LARGEST:
        X = X[np.sort(rng.choice(len(X), LARGEST, replace=False))]
        X = X[:, np.ptp(X, axis=0) > 0]  # what only a few customers have may be the same for the whole sample: it has no correlation
    ks = [k for k in KS if 10 * k <= len(X)]
    halves = [_halve(X, ks, rng) for _ in range(SPLITS)]
    observed = np.mean([h.agreement for h in halves], axis=0)
    valley_share = float(np.mean([[valleys.share(h.X, labels, centers) for labels, centers in h.models] for h in halves], axis=0).max())
    correlation = _rank_correlation(X)
    null = np.empty((COPIES, len(ks)))
    for b in range(COPIES):
        progress(b / COPIES, f"comparing with structureless copy {b + 1} of {COPIES}")
        copy = _copy(X, correlation, rng)
        null[b] = np.mean([_halve(copy, ks, rng).agreement for _ in range(SPLITS_OF_COPIES)], axis=0)
    mean, sd = null.mean(axis=0), null.std(axis=0) + 1e-3
    z = (observed - mean) / sd
    largest = ((null - mean) / sd).max(axis=1)
    p = (1 + int((largest >= z.max()).sum())) / (COPIES + 1)
    return Structure(float(z.max()), p, dict(zip(ks, z.tolist(), strict=True)), COPIES, len(X), valley_share)


@dataclass(frozen=True, slots=True)
class _Halves:
    """Models of the two halves of a random split, judged on the second half X, (n/2, p)."""

    X: Floats
    agreement: Floats  # (number of ks,) adjusted Rand index of the two halves' labels of X
    models: tuple[tuple[Ints, Floats], ...]  # per k: labels of X and centers (k, p) by the first half


def _halve(X: Floats, ks: list[int], rng: np.random.Generator) -> _Halves:
    """Split at random and fit both halves at each k."""
    order = rng.permutation(len(X))
    one, two = X[order[: len(X) // 2]], X[order[len(X) // 2 :]]
    agreement, models = [], []
    for k in ks:
        labels, centers = _means(one, k, rng, on=two)
        agreement.append(adjusted_rand_score(labels, _means(two, k, rng, on=two)[0]))
        models.append((labels, centers))
    return _Halves(two, np.array(agreement), tuple(models))


def _means(X: Floats, k: int, rng: np.random.Generator, *, on: Floats) -> tuple[Ints, Floats]:
    """Labels of `on`, and centers (k, p), by k-means of X."""
    model = KMeans(k, n_init=2, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct customers than k
        model.fit(X)
    return np.asarray(model.predict(on), dtype=np.int64), np.asarray(model.cluster_centers_)


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
