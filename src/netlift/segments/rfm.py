"""Recency, frequency and monetary tertiles: the marketer's own segmentation, as a baseline that every other must beat.

The 27 cells are too many to act on, so the closest are merged (Ward's criterion on the cell scores, weighted by customers) to k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints
from netlift.segments.merging import merged
from netlift.segments.partition import Cells
from netlift.segments.task import Task

NEEDED = ("recency", "frequency", "monetary")
SCORES = np.array(list(product(range(3), repeat=3)), dtype=float)  # (27, 3) tertile of each of the three, by cell


def tertiles(X: Floats, task: Task) -> Mapping[int, Cells]:
    """Segments of the 27 tertile cells. Cut points do not depend on the scaling, which keeps the order.

    Raises:
        NotEnoughData: a feature is not among the inputs, or the customers fill fewer cells than segments are asked for.
    """
    absent = [name for name in NEEDED if name not in task.columns]
    if absent:
        raise NotEnoughData(f"RFM tertiles need the feature {absent[0]} among the inputs, which is not there or does not vary.")
    columns = np.array([task.columns.index(name) for name in NEEDED])
    bare = Cells(columns, np.quantile(X[:, columns], [1 / 3, 2 / 3], axis=0), np.zeros(27, dtype=np.int64))
    sizes = np.bincount(bare.cell(X), minlength=27)
    filled = np.flatnonzero(sizes)
    if len(filled) < min(task.ks):
        raise NotEnoughData(f"RFM tertiles fill only {len(filled)} cells, fewer than the {min(task.ks)} segments asked for.")
    cuts = merged(SCORES[filled], sizes[filled].astype(np.float64), task.ks)
    return {k: replace(bare, label=_labels(cuts[k], filled, sizes)) for k in sorted(cuts)}


def _labels(groups: Ints, filled: Ints, sizes: Ints) -> Ints:
    """The segment of every cell, (27,), from those of the filled ones; a cell that nobody is in yet joins the nearest segment."""
    weights = sizes[filled]
    centers = np.array([np.average(SCORES[filled][groups == g], axis=0, weights=weights[groups == g]) for g in range(groups.max() + 1)])
    label = ((SCORES[:, None, :] - centers) ** 2).sum(axis=2).argmin(axis=1)
    label[filled] = groups
    return np.asarray(label, dtype=np.int64)
