"""Spectral clustering: one eigen-decomposition of a neighbour graph serves every number of segments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import diags_array
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans
from sklearn.neighbors import kneighbors_graph

from netlift.errors import NotEnoughData
from netlift.records import Floats
from netlift.segments.partition import Nearest
from netlift.segments.task import Task

LARGEST = 2000  # customers in the graph
DENSE = 300  # customers up to which the whole matrix is decomposed
NEIGHBOURS = 15


def spectral(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """K-means of the leading eigenvectors of the normalised graph; everybody belongs to the nearest center of the groups found.

    A. Ng, M. Jordan, Y. Weiss, "On spectral clustering", NIPS 14 (2001), on the symmetrised graph of 15 nearest neighbours.
    """
    sample = X[task.sample(len(X), LARGEST)]
    vectors = _vectors(sample, max(task.ks), task.seed)
    found = {}
    for k in task.ks:
        rows = vectors[:, :k]
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        labels = KMeans(k, n_init=task.starts, random_state=task.seed).fit_predict(rows)
        if len(np.unique(labels)) == k:
            found[k] = Nearest(np.array([sample[labels == c].mean(axis=0) for c in range(k)]))
    if not found:
        raise NotEnoughData(f"The neighbour graph of these customers does not part into {min(task.ks)} segments.")
    return found


def _vectors(X: Floats, count: int, seed: int) -> Floats:
    """The eigenvectors of the largest eigenvalues, (n, count), from a fixed start: the same on every run."""
    n, count = len(X), min(count, len(X))
    graph = kneighbors_graph(X, min(NEIGHBOURS, n - 1))
    graph = (graph + graph.T) / 2
    root = diags_array(1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel()))
    normalised = root @ graph @ root
    if n <= DENSE:
        return np.asarray(eigh(normalised.toarray(), subset_by_index=(n - count, n - 1))[1][:, ::-1])
    values, vectors = eigsh(normalised, count, which="LA", v0=np.random.default_rng(seed).uniform(0.5, 1.5, n))
    return np.asarray(vectors[:, np.argsort(-values, kind="stable")])
