"""Trees of customers, grown once on a sample and cut at every number of segments; everybody belongs to the nearest center."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN, Birch

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints
from netlift.segments.merging import merged
from netlift.segments.partition import Nearest
from netlift.segments.task import Task

LARGEST = 3000  # customers in a tree: its memory grows with their square
DENSE = 2000  # customers for HDBSCAN, whose time in many dimensions grows with their square
SMALL_GROUPS = 100  # of BIRCH, more or less


def ward(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """Ward linkage of at most 3,000 customers."""
    return _linked(X, task, "ward")


def average_linkage(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """Average linkage of at most 3,000 customers; it tends to set single strangers apart."""
    return _linked(X, task, "average")


def birch(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """BIRCH's tree of small groups on at most 3,000 customers, the groups merged by Ward's criterion.

    Its threshold is the distance within which a customer joins a small group: the median distance to the nearest of 100 centers drawn at
    random, so that about so many groups arise whatever the number of features (T. Zhang, R. Ramakrishnan, M. Livny, "BIRCH", 1996).
    """
    sample = X[task.sample(len(X), LARGEST)]
    drawn = np.random.default_rng(task.seed).choice(len(sample), min(SMALL_GROUPS, len(sample)), replace=False)
    threshold = _typical_distance(sample, sample[drawn])
    tree = Birch(n_clusters=None, threshold=threshold, branching_factor=50).fit(sample)
    return _merged(sample, Nearest(tree.subcluster_centers_).assign(sample), task)


def hdbscan(X: Floats, task: Task) -> Mapping[int, Nearest]:
    """The dense groups of HDBSCAN merged by Ward's criterion; its noise, too, belongs to the nearest center.

    Raises:
        NotEnoughData: there are fewer dense groups than segments asked for.
    """
    sample = X[task.sample(len(X), DENSE)]
    smallest = max(5, len(sample) // 200)
    labels = HDBSCAN(min_cluster_size=smallest, min_samples=5, cluster_selection_method="leaf", copy=True).fit_predict(sample)
    dense = int(labels.max()) + 1
    if dense < min(task.ks):
        raise NotEnoughData(f"HDBSCAN finds {dense} dense groups, fewer than the {min(task.ks)} segments asked for.")
    return _merged(sample[labels >= 0], labels[labels >= 0], task)


def _linked(X: Floats, task: Task, method: str) -> Mapping[int, Nearest]:
    sample = X[task.sample(len(X), LARGEST)]
    tree = linkage(sample, method)
    return {k: _centers(sample, _cut(tree, k)) for k in task.ks}


def _cut(tree: Floats, k: int) -> Ints:
    """Labels 0..k-1 of the n leaves of a linkage tree, (n - 1, 4), once the last k - 1 merges are undone."""
    n = len(tree) + 1
    merges = n - k
    new = np.repeat(np.arange(n, n + merges), 2)
    old = tree[:merges, :2].astype(np.int64).ravel()
    graph = coo_array((np.ones(len(new)), (new, old)), shape=(n + merges, n + merges))
    return np.asarray(connected_components(graph, directed=False)[1][:n], dtype=np.int64)


def _merged(X: Floats, small: Ints, task: Task) -> Mapping[int, Nearest]:
    """Small groups, labelled 0.. in `small` (n,), merged to each number of segments."""
    _, small = np.unique(small, return_inverse=True)
    sizes = np.bincount(small).astype(float)
    if len(sizes) < min(task.ks):
        raise NotEnoughData(f"There are {len(sizes)} small groups of customers, fewer than the {min(task.ks)} segments asked for.")
    cuts = merged(_centers(X, small).centers, sizes, task.ks)
    return {k: _centers(X, cuts[k][small]) for k in sorted(cuts)}


def _centers(X: Floats, labels: Ints) -> Nearest:
    return Nearest(np.array([X[labels == c].mean(axis=0) for c in range(int(labels.max()) + 1)]))


def _typical_distance(X: Floats, centers: Floats) -> float:
    """Median distance of customers to the nearest of some centers, never 0."""
    nearest = np.sqrt(((X[:1000, None, :] - centers) ** 2).sum(axis=2).min(axis=1))
    return max(float(np.median(nearest)), 1e-6)
