"""Folds in which every customer is scored by a model that has seen neither him nor anybody equal to him."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from netlift.errors import NotEnoughData
from netlift.records import Ints

FOLDS = 5


def folds(kind: Ints, group: Ints, *, seed: int) -> Ints:
    """The fold 0..4 of each customer, (n,): kinds in equal shares, customers of one group together.

    Args:
        kind: (n,) what must be spread evenly, e.g. outcome, or arm and outcome.
        group: (n,) equal customers have the same number: a copy in another fold would give the answer away.
        seed: of the shuffle.

    Raises:
        NotEnoughData: a kind has fewer than five customers.
    """
    counts = np.bincount(kind)
    rare = int(counts[counts > 0].min())
    if rare < FOLDS:
        raise NotEnoughData(f"Only {rare} customers have one of the outcomes (by arm); {FOLDS} are the fewest that can be learnt from.")
    placed = np.empty(len(kind), dtype=np.int64)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # groups larger than a share: the folds are a little uneven
        for number, (_, out) in enumerate(cut.split(kind, kind, group)):
            placed[out] = number
    return placed
