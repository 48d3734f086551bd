"""P(segment): as often right as it says, sure where segments are apart, and adding up to 1."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.records import Floats, Ints
from netlift.segments import membership
from netlift.segments.partition import Cells, Encoded, Mixture, Nearest

MIXED = np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.3], [0.0, 0.0, 0.9]])  # makes features that go together


def made(n: int, apart: float, *, seed: int) -> tuple[Floats, Ints, Floats]:
    """Customers of three overlapping kinds, their kinds, and the centers."""
    rng = np.random.default_rng(seed)
    centers = apart * np.array([[0.0, 0, 0], [1, 1, 0], [0, 1, 1]])
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    return centers[kind] + rng.normal(size=(n, 3)) @ MIXED, kind, centers


@pytest.mark.parametrize("apart", [1.0, 2.0, 4.0])
def test_it_is_as_often_right_as_it_says(apart: float) -> None:
    """Of customers said to be in a segment with .5 to .7, .7 to .9, over .9, so many are, within .04, whatever the overlap."""
    X, kind, centers = made(20_000, apart, seed=1)
    nearest = Nearest(centers)
    said = membership.probability(nearest, membership.fit(nearest, X), X, 3)
    assert said.sum(axis=0) == pytest.approx(1)
    best, right = said.max(axis=0), said.argmax(axis=0) == kind
    for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        here = (low <= best) & (best < high)
        if here.sum() > 500:
            assert right[here].mean() == pytest.approx(best[here].mean(), abs=0.04)


def test_segments_far_apart_are_sure_and_near_ones_are_not() -> None:
    """The mean of the largest probability rises with the distance between the centers."""
    surest = []
    for apart in (0.5, 2.0, 8.0):
        X, _, centers = made(3000, apart, seed=2)
        nearest = Nearest(centers)
        surest.append(membership.probability(nearest, membership.fit(nearest, X), X, 3).max(axis=0).mean())
    assert surest == sorted(surest)
    assert surest[0] < 0.7
    assert surest[-1] > 0.999


def test_a_mixture_is_its_own_and_cells_leave_no_doubt() -> None:
    """A mixture's posterior by hand at equal distances; a cell's members belong with certainty; encoded columns are seen as such."""
    mixture = Mixture(np.array([[-1.0], [1.0]]), np.ones((2, 1)), np.log([0.25, 0.75]))
    assert membership.fit(mixture, np.zeros((1, 1))) is mixture
    assert membership.probability(mixture, mixture, np.zeros((1, 1)), 2)[:, 0] == pytest.approx([0.25, 0.75])
    cells = Cells(np.array([0]), np.array([[0.0], [1.0]]), np.array([0, 1, 0]))
    X = np.array([[-1.0], [0.5], [2.0]])
    assert membership.fit(cells, X) is None
    np.testing.assert_array_equal(membership.probability(cells, None, X, 2), [[1, 0, 1], [0, 1, 0]])
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(size=500), rng.integers(0, 2, 500)])
    encoded = Encoded(np.array([0]), np.array([1, 1]), np.array([0.0, 1.0]), np.ones(2), Nearest(np.array([[0.0, 1, 0], [0.0, 0, 1]])))
    said = membership.probability(encoded, membership.fit(encoded, X), X, 2)
    np.testing.assert_array_equal(said.argmax(axis=0), X[:, 1])
    assert said.max(axis=0).min() > 0.99
