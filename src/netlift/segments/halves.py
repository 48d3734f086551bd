"""Do two halves of the customers lead to the same groups?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv, ndtri
from scipy.stats import rankdata

from netlift.records import Floats
from netlift.segments import homoscedastic, valleys
from netlift.segments.homoscedastic import Mixture
from netlift.segments.screening import adjusted_rand

SMALLEST = 1e-3  # variance of a direction, as a share of the largest, below which it only repeats others


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers made ready: no feature's scale or tail counts, nor how extreme they are altogether."""

    scores: Floats  # (n, p) normal scores
    white: Floats  # (d, n) uncorrelated with variance 1


@dataclass(frozen=True, slots=True)
class Halves:
    """Mixtures of both halves of a random split, by number of components, and the second half, who judges them."""

    second: Floats  # (d, n/2) white
    models: dict[int, tuple[Mixture, Mixture]]

    def agreement(self) -> Floats:
        """Adjusted Rand index of both mixtures' labels of the second half, by k."""
        return np.array([adjusted_rand(one.assign(self.second), two.assign(self.second), k) for k, (one, two) in self.models.items()])

    def valley_share(self) -> Floats:
        """Share of the second half in groups, of the first half's mixture, with a valley around them, by k."""
        return np.array([_valley_share(one, self.second) for one, _ in self.models.values()])


def ready(X: Floats, rng: np.random.Generator) -> Customers:
    """Normal scores, whitened, with extreme customers pulled in, of X, (n, p)."""
    scores = _normal_scores(X, rng)
    variances, directions = np.linalg.eigh(scores.T @ scores / len(X))
    kept = variances > SMALLEST * variances[-1]
    return Customers(scores, _pulled_in(scores @ (directions[:, kept] / np.sqrt(variances[kept]))).T)


def split(customers: Customers, ks: Sequence[int], rng: np.random.Generator) -> Halves:
    """Split at random and fit both halves at each number of components; of an odd number of customers one is left out."""
    n = len(customers.scores) // 2
    order = rng.permutation(len(customers.scores))[: 2 * n]
    scores = customers.scores[order].reshape(2, n, -1)
    white = np.ascontiguousarray(customers.white[:, order].reshape(-1, 2, n).swapaxes(0, 1))
    models = {}
    for k in ks:
        one, two = homoscedastic.fit(scores, white, k, rng)
        models[k] = one, two
    return Halves(white[1], models)


def _normal_scores(X: Floats, rng: np.random.Generator) -> Floats:
    """Ranks as normal quantiles, (n, p), equal values in random order: a spike becomes part of the cloud and cannot pass for a group."""
    scores = np.empty(X.shape)
    np.put_along_axis(scores, np.lexsort((rng.random(X.shape), X), axis=0), ndtri((np.arange(len(X)) + 0.5) / len(X))[:, None], axis=0)
    return scores


def _pulled_in(white: Floats) -> Floats:
    """Customers (n, d) no farther out than in a normal cloud, rank by rank: a heavy tail that all features share is no group."""
    n, d = white.shape
    distance = np.linalg.norm(white, axis=1)
    normal = np.sqrt(2 * gammaincinv(d / 2, (rankdata(distance) - 0.5) / n))
    return np.asarray(white * np.minimum(1, normal / np.maximum(distance, 1e-12))[:, None])


def _valley_share(mixture: Mixture, white: Floats) -> float:
    """In the space where the shared covariance is round, so that lines between centers part the components best."""
    round_ = np.linalg.cholesky(mixture.precision)
    return valleys.share(white.T @ round_, mixture.assign(white), mixture.means @ round_)
