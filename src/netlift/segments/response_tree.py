"""A regression tree on the money that contacts brought: segments made to pay, and rules by birth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from netlift.errors import NotEnoughData
from netlift.records import Floats
from netlift.segments.partition import Tree
from netlift.segments.task import Task

SMALLEST_LEAF = 30  # customers whose money is known, at least a fortieth of them


def response_tree(X: Floats, task: Task) -> Mapping[int, Tree]:
    """Trees with k leaves on customers whose money may be seen; leaves are cut where profit per contact differs most.

    Raises:
        NotEnoughData: no customer's money may be seen, or too few differ for so many leaves.
    """
    known = np.empty(0, dtype=np.int64) if task.profit is None else np.flatnonzero(~np.isnan(task.profit))
    if task.profit is None or len(known) < SMALLEST_LEAF * min(task.ks):
        raise NotEnoughData(
            f"A response tree of {min(task.ks)} segments needs {SMALLEST_LEAF * min(task.ks)} customers to learn from whose answers to "
            f"contacts are known; there are {len(known)}."
        )
    smallest = max(SMALLEST_LEAF, len(known) // 40)
    tree = DecisionTreeRegressor(max_leaf_nodes=max(task.ks), min_samples_leaf=smallest, random_state=task.seed)
    tree.fit(X[known], task.profit[known])
    found = {k: _cut(tree, k) for k in task.ks if k <= tree.get_n_leaves()}
    if not found:
        raise NotEnoughData(f"The answers to contacts do not differ enough for a response tree of {min(task.ks)} segments.")
    return found


def _cut(grown: DecisionTreeRegressor, k: int) -> Tree:
    """The tree with k leaves: a tree grown best split first numbers its nodes in the order of growing, two a split."""
    nodes, n = grown.tree_, 2 * k - 1
    left, right = nodes.children_left[:n], nodes.children_right[:n]
    leaf = (left < 0) | (left >= n)
    label = np.where(leaf, np.cumsum(leaf) - 1, 0)
    feature, threshold = np.where(leaf, -1, nodes.feature[:n]), np.where(leaf, 0.0, nodes.threshold[:n])
    return Tree(feature.astype(np.int64), threshold, left.astype(np.int64), right.astype(np.int64), label.astype(np.int64))
