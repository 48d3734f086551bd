"""How many customers change segments by luck alone: between refits on resamples of the same customers (notes/segmentation.md 12)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from netlift.records import Floats, Ints
from netlift.segments.partition import Partition

REFITS = 2


def floor(partition: Partition, X: Floats, k: int, refit: Callable[[Ints], Partition | None], *, seed: int) -> Floats:
    """The largest share of the customers of a label (rows) that is in another (columns) by another refit, (k, k); 0 for its own.

    Where the resamples do not allow two refits it is 1: then no movement is told from luck.

    Args:
        partition: whose labels are meant.
        X: the scaled customers it was fitted on, (n, p).
        k: number of labels.
        refit: fits again, on rows of X that may be named more than once; None = they do not allow it.
        seed: of the resamples.
    """
    draws = np.random.default_rng([seed, 73]).integers(len(X), size=(REFITS, len(X)))
    meant = partition.assign(X)
    refits = [again for again in map(refit, draws) if again is not None]
    labels = [_matched(meant, again.assign(X), k) for again in refits]
    pairs = list(permutations(labels, 2))
    shares = np.max([_shares(one, two, k) for one, two in pairs], axis=0) if pairs else np.ones((k, k))
    np.fill_diagonal(shares, 0.0)
    return np.asarray(shares)


def _matched(meant: Ints, labels: Ints, k: int) -> Ints:
    """Labels called as those they share most customers with (H. W. Kuhn, "The Hungarian Method", 1955)."""
    rows, columns = linear_sum_assignment(_overlap(meant, labels, k), maximize=True)
    names = np.empty(k, dtype=np.int64)
    names[columns] = rows
    return names[labels]


def _shares(one: Ints, two: Ints, k: int) -> Floats:
    table = _overlap(one, two, k)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1))


def _overlap(one: Ints, two: Ints, k: int) -> Floats:
    return np.bincount(one * k + two, minlength=k * k).reshape(k, k).astype(np.float64)
