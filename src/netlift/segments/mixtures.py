"""Gaussian mixtures with four kinds of covariance: everybody belongs to the likeliest component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture

from netlift.records import Floats
from netlift.segments.partition import Mixture
from netlift.segments.task import Task

MANY = 10  # starts asked for, from which a mixture makes three and settles well; below it, one coarse fit that is good for comparing
COARSE, FINE = 1e-2, 3e-3  # gain in mean log-likelihood from which a covariance with many numbers counts as settled


def diagonal(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """Features independent within a segment."""
    return _mixtures(X, task, covariance_type="diag", reg_covar=1e-3)


def full(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """A covariance of its own for every segment."""
    return _mixtures(X, task, covariance_type="full", reg_covar=1e-2)


def tied(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """One covariance for all segments."""
    return _mixtures(X, task, covariance_type="tied", reg_covar=1e-3)


def spherical(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """Round segments of different width."""
    return _mixtures(X, task, covariance_type="spherical", reg_covar=1e-3)


def _mixtures(X: Floats, task: Task, *, covariance_type: str, reg_covar: float) -> Mapping[int, Mixture]:
    many = task.starts >= MANY
    how: dict[str, Any] = {
        "n_init": 3 if many else 1,
        "random_state": task.seed,
        "covariance_type": covariance_type,
        "reg_covar": reg_covar,
    }
    if covariance_type in ("full", "tied"):
        how |= {"max_iter": 60, "tol": FINE if many else COARSE}
    return {k: frozen(GaussianMixture(k, **how).fit(X)) for k in task.ks}


def frozen(fitted: GaussianMixture) -> Mixture:
    """The plain arrays of a fitted mixture."""
    k, p = fitted.means_.shape
    given = fitted.precisions_cholesky_
    if fitted.covariance_type == "spherical":
        factors = np.repeat(given[:, None], p, axis=1)
    else:
        factors = np.broadcast_to(given, (k, p, p)) if fitted.covariance_type == "tied" else given
    diagonals = factors if factors.ndim == 2 else np.diagonal(factors, axis1=1, axis2=2)
    constants = np.log(fitted.weights_) + np.log(diagonals).sum(axis=1) - 0.5 * p * np.log(2 * np.pi)
    return Mixture(fitted.means_, np.ascontiguousarray(factors), constants)
