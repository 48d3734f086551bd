"""The 2-D map."""

from __future__ import annotations

import numpy as np

from netlift.segments import plane

RNG = np.random.default_rng(4)


def test_the_map_shows_the_two_widest_directions() -> None:
    """The first axis is the feature that varies most, never mirrored."""
    X = RNG.normal(size=(200, 3)) * [1, 5, 3]
    x, y = plane.fit(X).place(X)
    assert np.corrcoef(x, X[:, 1])[0, 1] > 0.99
    assert np.corrcoef(y, X[:, 2])[0, 1] > 0.99


def test_a_customer_lies_at_the_same_place_alone() -> None:
    """Placement depends on the fitted map only."""
    X = RNG.normal(size=(50, 4))
    fitted = plane.fit(X)
    np.testing.assert_allclose(np.array(fitted.place(X[:1])).ravel(), np.array(fitted.place(X))[:, 0])


def test_one_feature_makes_a_line() -> None:
    """With a single feature y is 0."""
    X = RNG.normal(size=(50, 1))
    assert (plane.fit(X).place(X)[1] == 0).all()
