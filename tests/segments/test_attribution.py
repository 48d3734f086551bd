"""Why a customer is in his segment: what features add is the whole decision."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from netlift.records import Floats
from netlift.segments import mixtures
from netlift.segments.attribution import attribute
from netlift.segments.partition import Encoded, Nearest, Tree, squared_distances
from tests.segments.generators import structured

X = structured("6sep", 8, n=300)
CENTERS = X[:5]


def test_features_add_up_to_the_difference_of_distances() -> None:
    """For centers: the row's sum is D2 - D1, which is what decided, and never negative."""
    found = attribute(Nearest(CENTERS), X)
    far = np.sort(squared_distances(X, CENTERS), axis=0)
    np.testing.assert_allclose(found.added.sum(axis=1), far[1] - far[0], atol=1e-9)
    np.testing.assert_array_equal(found.label, Nearest(CENTERS).assign(X))
    assert (found.label != found.runner_up).all()


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_features_add_up_to_the_difference_of_posteriors(kind: str) -> None:
    """For every form of covariance: start plus sum is the difference of the two largest log posteriors."""
    mixture = mixtures.frozen(GaussianMixture(4, covariance_type=kind, random_state=1).fit(X))
    found = attribute(mixture, X)
    best = np.sort(mixture.log_joint(X), axis=0)[::-1]
    np.testing.assert_allclose(found.start + found.added.sum(axis=1), best[0] - best[1], atol=1e-7)
    np.testing.assert_array_equal(found.label, mixture.assign(X))


def test_a_feature_on_which_all_agree_adds_nothing() -> None:
    """A feature in which the two centers are equal, or the customer is average in a mixture, is no reason."""
    centers = np.array([[0.0, 1.0], [2.0, 1.0]])
    assert (attribute(Nearest(centers), X[:, :2]).added[:, 1] == 0).all()
    mixture = mixtures.frozen(GaussianMixture(3, random_state=1).fit(X))
    average = X.copy()
    average[:, 4] = 0
    assert (attribute(mixture, average).added[:, 4] == 0).all()


def test_the_values_of_a_feature_count_together() -> None:
    """A few-valued feature that was replaced by 0/1 columns adds what they add together, and the sum stays D2 - D1."""
    mixed = np.column_stack([X[:, 0], np.arange(300) % 3])
    numbers, columns, values = np.array([0]), np.array([1, 1, 1]), np.array([0.0, 1.0, 2.0])
    nearest = Nearest(np.array([[0.0, 0.7, 0.0, 0.0], [1.0, 0.0, 0.7, 0.0], [-1.0, 0.0, 0.0, 0.7]]))
    partition = Encoded(numbers, columns, values, np.full(3, 0.7), nearest)
    found = attribute(partition, mixed)
    far = np.sort(squared_distances(partition.encode(mixed), nearest.centers), axis=0)
    assert found.added.shape == (300, 2)
    np.testing.assert_allclose(found.added.sum(axis=1), far[1] - far[0], atol=1e-9)


def test_rules_tell_what_would_have_changed_them() -> None:
    """x0 > 1 and x1 > 1 is label 1: both decide for who has both, and with an average value of either he would be in 0."""
    tree = Tree(
        feature=np.array([0, -1, 1, -1, -1]),
        threshold=np.array([1.0, 0, 1.0, 0, 0]),
        left=np.array([1, 0, 3, 0, 0]),
        right=np.array([2, 0, 4, 0, 0]),
        label=np.array([0, 0, 0, 0, 1]),
    )
    customers: Floats = np.array([[2.0, 2.0, 5.0], [2.0, 0.0, 5.0]])
    found = attribute(tree, customers)
    np.testing.assert_array_equal(found.added, [[1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(found.label, [1, 0])
    np.testing.assert_array_equal(found.runner_up, [0, 0])
