"""How surely a customer belongs to his segment: P(segment), so that an unsure one can be asked or left alone.

It is the posterior of a Gaussian mixture. Where segments were made around centers, it is that of the mixture with those centers and one
covariance, its weights and covariance by maximum likelihood (EM): features that go together count once, and segments that overlap are
told as such. Trees and fixed cuts give certainty: who is in a cell is in it.
"""

from __future__ import annotations

import numpy as np

from netlift.records import Floats
from netlift.segments.partition import Encoded, Mixture, Nearest, Partition

ROUNDS = 100
LARGEST = 20_000  # customers fitted on, evenly spread over all
STILL = 1e-5  # gain in log-likelihood per customer at which EM stops
RIDGE = 1e-3  # added to the variances of scaled features


def fit(partition: Partition, X: Floats) -> Mixture | None:
    """The mixture whose posterior is P(label), from scaled customers (n, p); None where the partition leaves no doubt."""
    if isinstance(partition, Mixture):
        return partition
    if not isinstance(partition, Nearest | Encoded):
        return None
    centers = partition.centers if isinstance(partition, Nearest) else partition.nearest.centers
    some = X[:: -(-len(X) // LARGEST)]
    at, labels = _seen(partition, some), partition.assign(some)
    weights = np.bincount(labels, minlength=len(centers)) / len(at)
    covariance = _covariance(at, centers, np.eye(len(centers))[labels].T)
    best = -np.inf
    for _ in range(ROUNDS):
        mixture = _mixture(centers, weights, covariance)
        total = float(mixture.log_likelihood(at).mean())
        if total - best <= STILL:
            break
        best, belongs = total, of(mixture, at)
        weights, covariance = belongs.mean(axis=1), _covariance(at, centers, belongs)
    return mixture


def probability(partition: Partition, mixture: Mixture | None, X: Floats, k: int) -> Floats:
    """P(label) of scaled customers (n, p) by what `fit` gave, (k, n), each column adding up to 1."""
    if mixture is None:
        return np.asarray((partition.assign(X) == np.arange(k)[:, None]).astype(np.float64))
    return of(mixture, _seen(partition, X))


def of(mixture: Mixture, at: Floats) -> Floats:
    """Posterior of a mixture's components, (k, n); added component by component, so that it is the same in any company."""
    joint = mixture.log_joint(at)
    raw = np.exp(joint - joint.max(axis=0))
    total = np.zeros(raw.shape[1])
    for component in raw:
        total += component
    return np.asarray(raw / total)


def _seen(partition: Partition, X: Floats) -> Floats:
    """The customers in the space of the centers."""
    return partition.encode(X) if isinstance(partition, Encoded) else X


def _covariance(at: Floats, centers: Floats, belongs: Floats) -> Floats:
    """Of customers around their centers, (p, p), by P(label) (k, n)."""
    total = np.zeros((at.shape[1], at.shape[1]))
    for center, share in zip(centers, belongs, strict=True):
        far = at - center
        total += (far * share[:, None]).T @ far
    return np.asarray(total / len(at) + RIDGE * np.eye(at.shape[1]))


def _mixture(centers: Floats, weights: Floats, covariance: Floats) -> Mixture:
    k, p = centers.shape
    factor = np.linalg.inv(np.linalg.cholesky(covariance)).T  # upper: (x - mean) @ factor is standard normal
    constant = float(np.log(np.diag(factor)).sum()) - p / 2 * np.log(2 * np.pi)
    return Mixture(centers, np.repeat(factor[None], k, axis=0), np.log(np.maximum(weights, 1e-300)) + constant)
