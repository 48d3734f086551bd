"""What every algorithm of the table must do."""

from __future__ import annotations

import contextlib
import dataclasses

import numpy as np
import pytest

from netlift.errors import NotEnoughData, SettingsError
from netlift.records import Floats
from netlift.segments import algorithms
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.task import Task

COLUMNS = ("recency", "frequency", "monetary", "member")
EVERY = pytest.mark.parametrize("name", ALGORITHMS)


def blobs(n: int, seed: int) -> Floats:
    """Four groups in three features, the same for every seed, and a yes or no."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(1)
    group = rng.integers(4, size=n)
    return np.column_stack([fixed.normal(0, 4, (4, 3))[group] + rng.normal(size=(n, 3)), group < 2])


def task(n: int, *, ks: tuple[int, ...] = (4,)) -> Task:
    """Money of half the customers may be seen, and it differs between the groups."""
    profit = np.where(np.arange(n) % 2, blobs(n, 1)[:, 0], np.nan)
    return Task(ks, COLUMNS, seed=3, profit=profit)


@EVERY
def test_one_label_each_and_unseen_customers_too(name: str) -> None:
    """Labels 0..k-1, all of them used by the customers it was fitted on; unseen customers get the same alone as together."""
    X, unseen = blobs(400, 1), blobs(100, 2)
    found = algorithms.fitted(ALGORITHMS[name], X, task(400, ks=(2, 3, 4)))
    assert set(found) == {2, 3, 4}
    for k, partition in found.items():
        assert set(partition.assign(X)) == set(range(k))
        labels = partition.assign(unseen)
        assert labels.dtype == np.int64
        assert labels.tolist() == [int(partition.assign(unseen[i : i + 1])[0]) for i in range(100)]
        assert partition.assign(unseen[:0]).shape == (0,)


@EVERY
def test_same_seed_same_labels(name: str) -> None:
    """Two fits with one seed agree on everybody."""
    X = blobs(400, 1)
    once, again = (algorithms.fitted(ALGORITHMS[name], X, task(400))[4].assign(X) for _ in range(2))
    np.testing.assert_array_equal(once, again)


@EVERY
def test_one_number_alone_is_the_same_as_among_others(name: str) -> None:
    """What is grown once and cut at every k is cut at k as if it were asked for alone."""
    X = blobs(400, 1)
    alone = algorithms.fitted(ALGORITHMS[name], X, task(400, ks=(3,)))[3]
    among = algorithms.fitted(ALGORITHMS[name], X, task(400, ks=(2, 3, 4)))[3]
    np.testing.assert_array_equal(alone.assign(X), among.assign(X))


@EVERY
def test_too_few_customers_are_refused_with_the_number_missing(name: str) -> None:
    """Three customers are no four segments."""
    with pytest.raises(NotEnoughData, match="at least 4 customers, 1 more than the 3"):
        algorithms.fitted(ALGORITHMS[name], blobs(3, 1), task(3))


@EVERY
def test_equal_customers_are_parted_or_refused_never_a_crash(name: str) -> None:
    """Sixty times the same customer, and three customers twenty times each: a partition, or a sentence that says why not."""
    for X in (np.ones((60, 4)), np.repeat(blobs(3, 1), 20, axis=0)):
        found = {}
        with contextlib.suppress(NotEnoughData):
            found = dict(algorithms.fitted(ALGORITHMS[name], X, task(60)))
        assert all(partition.assign(X).max() < 4 for partition in found.values())


@EVERY
def test_the_groups_are_found(name: str) -> None:
    """On groups that lie far apart most customers are with their own: nobody makes labels up."""
    X = blobs(800, 1)
    group = np.random.default_rng(1).integers(4, size=800)
    labels = algorithms.fitted(ALGORITHMS[name], X, task(800))[4].assign(X)
    purity = sum(np.bincount(group[labels == label]).max() for label in range(4)) / 800
    assert purity > (0.6 if name in ("rfm_tertiles", "response_tree", "average_linkage") else 0.9)


def test_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    """The message lists the table."""
    with pytest.raises(SettingsError, match="'dbscan', which is not known; choose from kmeans, minibatch_kmeans, bisecting_kmeans, "):
        algorithms.named(("kmeans", "dbscan"))


def test_no_names_means_all() -> None:
    """The default compares the whole table."""
    assert list(algorithms.named(())) == list(ALGORITHMS)


def test_rfm_says_which_feature_it_lacks() -> None:
    """Without monetary there are no RFM tertiles."""
    with pytest.raises(NotEnoughData, match="need the feature monetary"):
        algorithms.fitted(ALGORITHMS["rfm_tertiles"], blobs(50, 1)[:, :2], Task((4,), COLUMNS[:2], 3))


def test_rfm_does_not_depend_on_the_scaling() -> None:
    """Tertiles of logs are tertiles of the numbers."""
    X = blobs(300, 1)
    plain, bent = (algorithms.fitted(ALGORITHMS["rfm_tertiles"], x, task(300))[4].assign(x) for x in (X, np.exp(X)))
    np.testing.assert_array_equal(plain, bent)


def test_rfm_refuses_more_segments_than_filled_cells() -> None:
    """Customers of one cell cannot be parted."""
    with pytest.raises(NotEnoughData, match="fill only 1 cells, fewer than the 4"):
        algorithms.fitted(ALGORITHMS["rfm_tertiles"], np.ones((60, 4)), task(60))


def test_the_response_tree_sees_no_money_but_what_it_may_see() -> None:
    """The money of the others changes nothing; without any it is refused, and the sentence says how much is needed."""
    X, seen = blobs(400, 1), task(400)
    assert seen.profit is not None
    more = dataclasses.replace(seen, profit=np.where(np.isnan(seen.profit), np.nan, seen.profit))
    once, again = (algorithms.fitted(ALGORITHMS["response_tree"], X, t)[4].assign(X) for t in (seen, more))
    np.testing.assert_array_equal(once, again)
    with pytest.raises(
        NotEnoughData, match="4 segments needs 120 customers to learn from whose answers to contacts are known; there are 0"
    ):
        algorithms.fitted(ALGORITHMS["response_tree"], X, Task((4,), COLUMNS, 3))


def test_kinds_decide_where_numbers_say_nothing() -> None:
    """Two kinds of customers with equal numbers: k-means of mixed data parts them by kind."""
    rng = np.random.default_rng(5)
    member = np.repeat([0.0, 1.0], 200)
    X = np.column_stack([rng.normal(0, 0.3, (400, 2)), member, 1 - member])
    labels = algorithms.fitted(ALGORITHMS["mixed_kmeans"], X, Task((2,), ("a", "b", "c", "d"), 3))[2].assign(X)
    assert abs(np.corrcoef(labels, member)[0, 1]) == pytest.approx(1)


def test_mixed_data_without_kinds_are_refused() -> None:
    """Numbers alone would be k-means again."""
    with pytest.raises(NotEnoughData, match="No input takes only 5 values or fewer"):
        algorithms.fitted(ALGORITHMS["mixed_kmeans"], blobs(60, 1)[:, :3], Task((2,), COLUMNS[:3], 3))
