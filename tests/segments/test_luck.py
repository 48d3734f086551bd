"""Who moves by luck alone."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.records import Floats, Ints
from netlift.segments import algorithms, luck
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.partition import Nearest, Partition
from netlift.segments.task import Task

RNG = np.random.default_rng(6)


def by_luck(X: Floats, k: int, name: str = "kmeans") -> Floats:
    task = Task((k,), tuple(f"f{j}" for j in range(X.shape[1])), 5)

    def fit(rows: Ints) -> Partition:
        return algorithms.fitted(ALGORITHMS[name], X[rows], task)[k]

    return luck.floor(fit(np.arange(len(X))), X, k, fit, seed=5)


@pytest.mark.parametrize("name", ["kmeans", "ward", "gaussian_mixture_full"])
def test_nobody_moves_between_groups_that_are_far_apart(name: str) -> None:
    """Three clouds ten deviations apart: every refit finds them, whatever it calls them."""
    X = RNG.normal(size=(600, 2)) + np.repeat([[0, 0], [10, 0], [0, 10]], 200, axis=0)
    assert by_luck(X, 3, name).tolist() == np.zeros((3, 3)).tolist()


def test_many_move_where_there_are_no_groups() -> None:
    """One round cloud cut in five: the cuts lie elsewhere each time; fewer move when there are more customers to place them by."""
    small, large = (by_luck(RNG.normal(size=(n, 4)), 5) for n in (300, 10_000))
    assert small.max(axis=1).min() > 0.1
    assert 0 <= np.diag(small).max() == 0
    assert large.sum(axis=1).mean() < small.sum(axis=1).mean()


def test_a_share_worked_by_hand() -> None:
    """Two cuts of a line, at 0 and at 1: of those at or below 1 the share between the cuts moves, and nobody the other way."""
    X = np.arange(-10.0, 10.0)[:, None] / 2  # -5, -4.5, ..., 4.5
    cuts = iter([0.25, 1.25])

    def refit(_rows: Ints) -> Partition:
        cut = next(cuts)
        return Nearest(np.array([[cut + 1], [cut - 1]]))  # called the other way round than meant

    found = luck.floor(Nearest(np.array([[-1.0], [1.5]])), X, 2, refit, seed=1)
    assert found == pytest.approx(np.array([[0, 2 / 13], [2 / 9, 0]]))


def test_what_cannot_be_refitted_lets_nobody_be_called_a_migrant() -> None:
    """Without two refits the share is 1: nothing can be more than that."""
    whole = Nearest(np.array([[-1.0], [1.0]]))
    assert luck.floor(whole, RNG.normal(size=(9, 1)), 2, lambda _: None, seed=1).tolist() == [[0, 1], [1, 0]]
