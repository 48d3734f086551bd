"""Gaussian mixtures with four kinds of covariance: everybody belongs to the likeliest component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture

from netlift.records import Floats
from netlift.segments.partition import Mixture
from netlift.segments.task import Task

STARTS = 3  # k-means starts it; a mixture gains little from more
PATIENCE = {"max_iter": 60, "tol": 3e-3}  # for covariances that are slow to settle


def diagonal(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """Features independent within a segment."""
    return _mixtures(X, task, covariance_type="diag", reg_covar=1e-3)


def full(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """A covariance of its own for every segment."""
    return _mixtures(X, task, covariance_type="full", reg_covar=1e-2, **PATIENCE)


def tied(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """One covariance for all segments."""
    return _mixtures(X, task, covariance_type="tied", reg_covar=1e-3, **PATIENCE)


def spherical(X: Floats, task: Task) -> Mapping[int, Mixture]:
    """Round segments of different width."""
    return _mixtures(X, task, covariance_type="spherical", reg_covar=1e-3)


def _mixtures(X: Floats, task: Task, **how: Any) -> Mapping[int, Mixture]:  # noqa: ANN401 - options of scikit-learn
    starts = min(task.starts, STARTS)
    return {k: frozen(GaussianMixture(k, n_init=starts, random_state=task.seed, **how).fit(X)) for k in task.ks}


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
