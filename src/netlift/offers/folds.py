"""Folds in which every customer is scored by a model that has seen neither him nor anybody equal to him."""

from __future__ import annotations

import numpy as np

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
    rng = np.random.default_rng([seed, 97])
    kinds = np.unique(kind, return_inverse=True)[1]
    sizes = np.bincount(group)
    alone = sizes[group] == 1
    placed = np.full(len(kind), -1, dtype=np.int64)
    held = _groups_placed(placed, kinds, np.where(alone, -1, group), rng)
    for number in range(kinds.max() + 1):
        rows = rng.permutation(np.flatnonzero(alone & (kinds == number)))
        placed[rows] = rng.permutation(_filling(held[:, number], len(rows)))
    return placed


def _groups_placed(placed: Ints, kinds: Ints, group: Ints, rng: np.random.Generator) -> Ints:
    """Place whole groups (-1 = none), the largest first, each where its kinds are fewest; what each fold holds then, (5, kinds)."""
    held = np.zeros((FOLDS, kinds.max() + 1), dtype=np.int64)
    order = np.argsort(group, kind="stable")
    order = order[group[order] >= 0]
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []
    for rows in sorted((members[i] for i in rng.permutation(len(members))), key=len, reverse=True):
        of = np.bincount(kinds[rows], minlength=held.shape[1])
        best = int((held @ of).argmin())
        placed[rows] = best
        held[best] += of
    return held


def _filling(held: Ints, n: int) -> Ints:
    """The folds of n more customers, (n,), so that all folds hold as many as can be: the emptiest are filled first."""
    level, order = held.copy(), np.argsort(held, kind="stable")
    for count in range(1, FOLDS + 1):  # raise the `count` emptiest to the next one's height, or as far as n goes
        low = order[:count]
        room = (level[order[count]] - level[low[0]]) * count if count < FOLDS else n
        given = min(n, int(room))
        level[low] += given // count
        level[low[: given % count]] += 1
        n -= given
    return np.repeat(np.arange(FOLDS), level - held)
