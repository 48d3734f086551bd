"""What every algorithm of the table must do."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import NotEnoughData, SettingsError
from netlift.records import Floats
from netlift.segments import algorithms
from netlift.segments.algorithms import ALGORITHMS, Task

COLUMNS = ("recency", "frequency", "monetary")
TASK = Task(4, COLUMNS, seed=3)


def blobs(n: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(0, 3, (4, 3))[rng.integers(4, size=n)] + rng.normal(size=(n, 3)))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_one_label_each_and_unseen_customers_too(name: str) -> None:
    """Labels 0..3 for customers it has and has not seen; in chunks as at once."""
    model = algorithms.fitted(ALGORITHMS[name], TASK, blobs(300, 1))
    unseen = blobs(100, 2)
    labels = algorithms.labels(model, unseen)
    assert set(algorithms.labels(model, blobs(300, 1))) == {0, 1, 2, 3}
    np.testing.assert_array_equal(labels, np.concatenate([algorithms.labels(model, unseen[:1]), algorithms.labels(model, unseen[1:])]))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_same_seed_same_labels(name: str) -> None:
    """Two fits with one seed agree on everybody."""
    X = blobs(300, 1)
    once, again = (algorithms.labels(algorithms.fitted(ALGORITHMS[name], TASK, X), X) for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    """The message lists the table."""
    with pytest.raises(SettingsError, match="'dbscan', which is not known; choose from kmeans, ward, gaussian_mixture, rfm_tertiles"):
        algorithms.named(("kmeans", "dbscan"))


def test_no_names_means_all() -> None:
    """The default compares the whole table."""
    assert list(algorithms.named(())) == list(ALGORITHMS)


def test_rfm_says_which_feature_it_lacks() -> None:
    """Without monetary there are no RFM tertiles."""
    with pytest.raises(NotEnoughData, match="need the feature monetary"):
        algorithms.fitted(ALGORITHMS["rfm_tertiles"], Task(4, ("recency", "frequency"), 3), blobs(50, 1)[:, :2])


def test_rfm_does_not_depend_on_the_scaling() -> None:
    """Tertiles of logs are tertiles of the numbers."""
    X = blobs(300, 1)
    plain, bent = (algorithms.labels(algorithms.fitted(ALGORITHMS["rfm_tertiles"], TASK, x), x) for x in (X, np.exp(X)))
    np.testing.assert_array_equal(plain, bent)


def test_rfm_refuses_more_segments_than_filled_cells() -> None:
    """Customers of one cell cannot be parted."""
    with pytest.raises(NotEnoughData, match="fill only 1 cells, fewer than the 4"):
        algorithms.fitted(ALGORITHMS["rfm_tertiles"], TASK, np.ones((60, 3)))


def test_ward_refuses_fewer_customers_than_segments() -> None:
    """The message says how many are missing."""
    with pytest.raises(NotEnoughData, match="at least 4 customers, 1 more than the 3"):
        algorithms.fitted(ALGORITHMS["ward"], TASK, blobs(3, 1))
