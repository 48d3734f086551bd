"""The 2-D map that keeps neighbours."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from netlift.segments import cut, landmarks, model, plane, prep
from netlift.segments.landmarks import Landmarks
from tests.segments.generators import customers, structured

X = structured("6sep", 5, n=400)


def test_neighbours_stay_neighbours_more_than_on_the_plane() -> None:
    """Of each customer's 15 nearest, far more are among his 15 nearest on the map than on the two widest directions."""

    def kept(places: tuple[np.ndarray, np.ndarray]) -> float:
        high = np.argsort(((X[:, None] - X[None]) ** 2).sum(axis=2), axis=1)[:, 1:16]
        at = np.column_stack(places)
        low = np.argsort(((at[:, None] - at[None]) ** 2).sum(axis=2), axis=1)[:, 1:16]
        return float(np.mean([len(set(a) & set(b)) / 15 for a, b in zip(high, low, strict=True)]))

    assert kept(landmarks.fit(X, seed=1).place(X)) > 2 * kept(plane.fit(X).place(X))


def test_a_place_by_hand() -> None:
    """Halfway between two landmarks lies half of the way; on a landmark lies its own place, to a millionth."""
    two = Landmarks(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[10.0, 0.0], [20.0, 4.0]]))
    x, y = two.place(np.array([[1.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose([x[0], y[0]], [15, 2])
    np.testing.assert_allclose([x[1], y[1]], [10, 0], atol=1e-6)


def test_the_same_place_alone_and_in_a_crowd_and_after_a_second_fit() -> None:
    """To the bit: placement depends on the landmarks alone, and the fit on the seed alone."""
    fitted = landmarks.fit(X, seed=1)
    alone, crowd = fitted.place(X[7:8]), fitted.place(X)
    assert (alone[0][0], alone[1][0]) == (crowd[0][7], crowd[1][7])
    np.testing.assert_array_equal(landmarks.fit(X, seed=1).places, fitted.places)


@pytest.mark.parametrize(("n", "kind"), [(landmarks.FEWEST - 1, "Plane"), (landmarks.FEWEST, "Landmarks")])
def test_without_neighbours_to_speak_of_the_map_is_the_plane(n: int, kind: str) -> None:
    """A handful of customers has no neighbours to keep; the model is stored and restored with either map."""
    known = customers(X[:n])
    scaling, _ = prep.fit(known, "standard")
    fitted = model.fit(known, scaling, [cut.of(scaling, None, X, 0)], seed=1, neighbours=True)
    assert type(fitted.map).__name__ == kind
    stored = fitted.stored()
    again = model.restored(stored, sha256=hashlib.sha256(stored).hexdigest())
    np.testing.assert_array_equal(again.apply(known.values).x, fitted.apply(known.values).x)
