"""The clustering algorithms that are compared: a table from name to maker.

Each entry makes an object with scikit-learn's `fit` and `predict`; one that cannot assign unseen customers cannot enter.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from netlift import plugins
from netlift.errors import SettingsError
from netlift.records import Floats, Ints
from netlift.segments.rfm import RfmTertiles
from netlift.segments.ward import Ward


class Clusterer(Protocol):
    """What every algorithm can do."""

    def fit(self, X: Floats, /) -> object:
        """Learn the segments of scaled customers X, (n, p)."""

    def predict(self, X: Floats, /) -> object:
        """Labels 0..k-1 of any scaled customers X, (n, p)."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of an algorithm."""

    k: int
    columns: tuple[str, ...]  # names of the scaled features, in the order of X
    seed: int
    starts: int = 3  # random starts, of which the best counts


Maker = Callable[[Task], Clusterer]


def _kmeans(task: Task) -> Clusterer:
    model: Clusterer = KMeans(task.k, n_init=task.starts, random_state=task.seed)
    return model


def _gaussian_mixture(task: Task) -> Clusterer:
    starts = min(task.starts, 3)  # k-means starts it; a mixture gains little from more
    model: Clusterer = GaussianMixture(task.k, covariance_type="diag", reg_covar=1e-3, n_init=starts, random_state=task.seed)
    return model


ALGORITHMS: Mapping[str, Maker] = {
    "kmeans": _kmeans,
    "ward": lambda task: Ward(task.k, seed=task.seed),
    "gaussian_mixture": _gaussian_mixture,
    "rfm_tertiles": lambda task: RfmTertiles(task.k, columns=task.columns),
}
FIXED_CUTS = frozenset({"rfm_tertiles"})  # cuts at stated shares of customers: stable in any data, so stability proves no groups


def named(names: tuple[str, ...]) -> dict[str, Maker]:
    """The algorithms asked for; all of them where none is named.

    Raises:
        SettingsError: a name is not in the table.
    """
    known = plugins.table("algorithms", ALGORITHMS)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"segments.algorithms names '{unknown[0]}', which is not known; choose from {', '.join(known)}.")
    return {name: known[name] for name in names or known}


def fitted(maker: Maker, task: Task, X: Floats) -> Clusterer:
    """An algorithm fitted to X, (n, p).

    Raises:
        NotEnoughData: the algorithm cannot make k segments of these customers.
    """
    model = maker(task)
    with warnings.catch_warnings():  # a start that ran out of rounds, or fewer distinct customers than k: still a partition
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X)
    return model


def labels(model: Clusterer, X: Floats) -> Ints:
    """Labels 0..k-1 of X, (n,)."""
    return np.asarray(model.predict(X), dtype=np.int64)
