"""Money on customers not used to choose."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.records import Accounting, Outcome
from netlift.segments import usefulness
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.partition import Nearest
from netlift.segments.task import Task
from netlift.segments.usefulness import Money, Trial, Value
from tests.segments.generators import scenario

RNG_SEED = 11


def test_the_split_parts_the_contacted_40_30_30() -> None:
    """Everybody contacted is in one part; those never contacted are in none; profit is per contact."""
    contacts = np.array([[1, 1], [0, 0], [2, 0]] * 100)
    responses = np.array([[1, 0], [0, 0], [0, 0]] * 100)
    money = usefulness.split(Outcome(Accounting("a", 2.0, 10.0, "EUR"), ("x", "y"), contacts, responses), seed=1)
    assert (len(money.fit), len(money.choose), len(money.report), len(money.never_contacted)) == (80, 60, 60, 100)
    assert len(np.unique(np.concatenate([money.fit, money.choose, money.report, money.never_contacted]))) == 300
    np.testing.assert_array_equal(money.profit[:3], [3.0, np.nan, -2.0])


def test_what_an_algorithm_may_see_is_the_money_of_fit() -> None:
    """Neither of those who choose nor of those who report."""
    profit, rows = np.arange(10.0), np.arange(10)
    money = Money(profit, rows[:4], rows[4:7], rows[7:9], rows[9:], Accounting("a", 2.0, 10.0, "EUR"))
    np.testing.assert_array_equal(money.visible, [0, 1, 2, 3] + 6 * [np.nan])


def test_means_of_noise_shrink_to_the_grand_mean() -> None:
    """Segments that differ by chance only are drawn together, to less than half their spread in the mean of 50 draws."""
    rng = np.random.default_rng(RNG_SEED)
    raw, shrunk = [], []
    for _ in range(50):
        labels, profit = rng.integers(4, size=400), rng.normal(1, 5, 400)
        raw.append(np.ptp([profit[labels == s].mean() for s in range(4)]))
        shrunk.append(np.ptp(usefulness.shrunk_means(labels, profit, 4)))
    assert np.mean(shrunk) < 0.5 * np.mean(raw)


def test_means_worked_by_hand() -> None:
    """Two segments of 50: profit -1 and 3 with variance 1 inside; τ² = 4 - 5 · 2/100 = 3.9, w = 3.9 / (3.9 + 5/50) = .975."""
    labels = np.repeat([0, 1], 50)
    profit = np.where(labels == 0, -1.0, 3.0) + np.tile([1.0, -1.0], 50)
    np.testing.assert_allclose(usefulness.shrunk_means(labels, profit, 3), [1 - 0.975 * 2, 1 + 0.975 * 2, 1.0])


def test_decision_value_worked_by_hand() -> None:
    """Leaving out the loss of 4 gains 1 a customer over contacting all four; contacting nobody gains 0 over nobody."""
    profit = np.array([2.0, 2.0, 2.0, -4.0])
    value = usefulness.decision_value(profit, profit > 0, contact_all=True)
    assert value.mean == 1
    assert value.se == pytest.approx(np.std([0, 0, 0, 4]) / 2)
    assert usefulness.decision_value(profit, np.zeros(4, dtype=bool), contact_all=False).mean == 0


def test_report_figures_come_from_customers_not_used_to_choose() -> None:
    """Segment 1 earned 1 a customer before and loses 1 on report: contacting it costs the half of all who are in it 1 each."""
    labels = np.tile([0, 1], 150)
    profit = np.where(labels == 1, 1.0, -1.5)
    profit[200:] = np.where(labels[200:] == 1, -1.0, 1.0)
    rows = np.arange(300)
    money = Money(profit, rows[:100], rows[100:200], rows[200:], rows[:0], Accounting("a", 2.0, 10.0, "EUR"))
    nearest = Nearest(np.array([[0.0], [1.0]]))
    evidence = usefulness.report(Trial("kmeans", 2, nearest, 0.5, Value(0.5, 0.0)), labels[:, None], money, seed=1)
    assert evidence.value.mean == -0.5
    assert not evidence.useful


def test_permutation_p_is_small_only_for_segments_that_matter() -> None:
    """Separated profits: .01, the least that 99 shuffles allow; noise: not small."""
    rng = np.random.default_rng(RNG_SEED)
    labels = rng.integers(3, size=300)
    assert usefulness.permutation_p(labels, labels + rng.normal(size=300), rng) == 0.01
    assert usefulness.permutation_p(labels, rng.normal(size=300), rng) > 0.05


@pytest.mark.parametrize(("kind", "useful"), [("A", True), ("C", False), ("D0", False)])
def test_segments_are_useful_only_where_they_drive_response(kind: str, useful: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Four candidates on 4,000 customers, judged on report (notes/segmentation.md 5)."""
    features = scenario(kind, 2, n=4000)
    assert features.outcome is not None
    money = usefulness.split(features.outcome, seed=1)
    task = Task((2, 4, 6, 8), (), 1)
    trials = usefulness.trials(features.values, money, name="kmeans", algorithm=ALGORITHMS["kmeans"], task=task)
    best = usefulness.best(trials) or trials["kmeans", 4]
    assert usefulness.report(best, features.values, money, seed=1).useful is useful
