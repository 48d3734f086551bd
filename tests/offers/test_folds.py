"""Folds keep equal customers together and spread outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import NotEnoughData
from netlift.offers.folds import FOLDS, folds


@given(st.integers(0, 1000))
def test_copies_are_never_parted(seed: int) -> None:
    """Every group lies in one fold, every customer in exactly one, and every fold has both outcomes."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 120, 300)
    kind = (rng.random(300) < 0.3).astype(np.int64)
    fold = folds(kind, group, seed=seed)
    assert set(fold) == set(range(FOLDS))
    assert all(len(set(fold[group == g])) == 1 for g in np.unique(group))
    assert all(set(kind[fold == f]) == {0, 1} for f in range(FOLDS))


@given(st.integers(0, 1000), st.integers(20, 400))
def test_kinds_are_spread_as_evenly_as_groups_allow(seed: int, n: int) -> None:
    """Alone, the customers of a kind are spread to one; a few copies, placed first, are made up for by the others."""
    rng = np.random.default_rng(seed)
    kind = np.concatenate([np.repeat([0, 1], 10), rng.integers(0, 2, n)])
    group = np.arange(len(kind))
    group[:4] = 0
    counts = np.array([np.bincount(kind[folds(kind, group, seed=seed) == f], minlength=2) for f in range(FOLDS)])
    assert (np.ptp(counts, axis=0) <= [max(1, 4 - ((kind == 0).sum() - 4) // (FOLDS - 1)), 1]).all()
    assert folds(kind, group, seed=seed).tolist() == folds(kind, group, seed=seed).tolist()


def test_too_rare_an_outcome_is_named() -> None:
    """Four answers cannot be spread over five folds."""
    kind = np.r_[np.ones(4, int), np.zeros(96, int)]
    with pytest.raises(NotEnoughData, match="Only 4 customers"):
        folds(kind, np.arange(100), seed=1)
