"""Customers without groups, made from the real ones: what the structure test compares with.

A copy keeps every feature's own distribution to the last value and its dependence on the others only as far as a simple continuum has
it: a cloud (Gaussian copula), or a curve (one factor that bends the features), each with correlated normal noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from netlift.records import Floats

BULK = 1.645  # normal score of the leading component up to which the curve is fitted: the middle 90 %, lest a niche at an end bends it


@dataclass(frozen=True, slots=True)
class Null:
    """The law of the copies: latent = (1, t, t²) @ curve + ε @ noise with t and ε standard normal gives the rank order of each feature."""

    values: Floats  # (n, p) each feature's own values, sorted
    curve: Floats  # (3, p)
    noise: Floats  # (p, p) square root of a covariance

    def copy(self, rng: np.random.Generator) -> Floats:
        """Customers without groups, (n, p)."""
        t, noise = rng.standard_normal(len(self.values)), rng.standard_normal(self.values.shape)
        latent = _powers(t) @ self.curve + noise @ self.noise
        copy = np.empty_like(self.values)
        np.put_along_axis(copy, latent.argsort(axis=0), self.values, axis=0)
        return copy


def cloud(X: Floats) -> Null:
    """A Gaussian copula with the correlation of the normal scores of X, (n, p)."""
    return Null(np.sort(X, axis=0), np.zeros((3, X.shape[1])), _root(np.atleast_2d(np.corrcoef(normal_scores(X), rowvar=False))))


def curve(X: Floats) -> Null:
    """A parabola along the leading principal component of X, (n, p), as the middle 90 % of the customers have it."""
    leading = np.linalg.eigh(np.atleast_2d(np.cov(X, rowvar=False)))[1][:, -1:]
    t = normal_scores(X @ leading)[:, 0]
    bulk = np.abs(t) <= BULK
    bends = np.asarray(np.linalg.lstsq(_powers(t[bulk]), X[bulk])[0], dtype=float)
    return Null(np.sort(X, axis=0), bends, _root(np.atleast_2d(np.cov(X[bulk] - _powers(t[bulk]) @ bends, rowvar=False))))


def normal_scores(X: Floats) -> Floats:
    """Each feature's ranks as quantiles of the standard normal distribution, (n, p); equal values share their mean rank."""
    return np.asarray(ndtri((rankdata(X, axis=0) - 0.5) / len(X)))


def _powers(t: Floats) -> Floats:
    return np.column_stack([np.ones_like(t), t, t**2])


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))).T)
