"""The k-means family: everybody belongs to the nearest center."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans

from netlift.errors import NotEnoughData
from netlift.records import Floats
from netlift.segments.partition import Encoded, Nearest
from netlift.segments.task import Task

MOST_LEVELS = 5  # values up to which a column counts as a choice between kinds rather than a number
RAREST_LEVEL = 0.01  # share of customers, below which a value is no kind of its own: its weight would outvote everything


def kmeans(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """Lloyd's k-means, the best of several starts."""
    return {k: Nearest(KMeans(k, n_init=task.starts, random_state=task.seed).fit(X).cluster_centers_) for k in task.ks}


def minibatch_kmeans(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """K-means by small batches (Sculley, "Web-scale k-means clustering", 2010)."""
    return {k: Nearest(MiniBatchKMeans(k, n_init=task.starts, random_state=task.seed).fit(X).cluster_centers_) for k in task.ks}


def bisecting_kmeans(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """The largest segment is cut in two until there are k; then everybody goes to the nearest center."""
    distinct = len(np.unique(X, axis=0))
    possible = [k for k in task.ks if k <= distinct]
    if not possible:
        raise NotEnoughData(f"Only {distinct} different customers cannot be cut into {min(task.ks)} segments.")
    return {k: Nearest(BisectingKMeans(k, n_init=task.starts, random_state=task.seed).fit(X).cluster_centers_) for k in possible}


def mixed_kmeans(X: Floats, task: Task) -> Mapping[int, Encoded]:
    """K-means of numbers and kinds together, weighted as in the factor analysis of mixed data.

    A column with at most 5 values becomes one 0/1 column per value, divided by the root of the value's share, so that a kind weighs as
    much as a number (J. Pagès, "Analyse factorielle de données mixtes", Revue de statistique appliquée 52, 2004).

    Raises:
        NotEnoughData: no column has so few values, so that this would be k-means again.
    """
    kinds = {j: np.unique(column, return_counts=True) for j, column in enumerate(X.T) if len(np.unique(column)) <= MOST_LEVELS}
    levels = [(j, v, c / len(X)) for j, (values, counts) in kinds.items() for v, c in zip(values, counts, strict=True)]
    levels = [level for level in levels if level[2] >= RAREST_LEVEL]
    if not levels:
        raise NotEnoughData(f"No input takes only {MOST_LEVELS} values or fewer, so there are no kinds beside the numbers.")
    columns, values, shares = (np.array(part) for part in zip(*levels, strict=True))
    numbers = np.array([j for j in range(X.shape[1]) if j not in kinds], dtype=np.int64)
    bare = Encoded(numbers, columns.astype(np.int64), values, 1 / np.sqrt(shares), Nearest(np.empty((0, 0))))
    found = kmeans(bare.encode(X), task)
    return {k: Encoded(bare.numbers, bare.columns, bare.values, bare.weights, nearest) for k, nearest in found.items()}
