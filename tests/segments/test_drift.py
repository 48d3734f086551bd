"""What changed since a model was fitted."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from netlift.records import Floats
from netlift.segments import cut, drift, model, prep
from netlift.segments.model import Model
from netlift.segments.partition import Nearest
from tests.segments.generators import customers

RNG = np.random.default_rng(8)


def fitted(values: Floats) -> Model:
    known = customers(values)
    scaling, _ = prep.fit(known, "auto")
    return model.fit(known, scaling, [cut.of(scaling, Nearest(np.array([[-1.0, 0], [1.0, 0]])), scaling.apply(values), 2)], seed=1)


def test_the_index_worked_by_hand() -> None:
    """All of today in the lower half: five tenths of .2 against .1, five of half a customer against .1, less what chance makes."""
    then = np.column_stack([np.arange(1000.0), RNG.normal(size=1000)])
    now = np.column_stack([np.arange(500.0), RNG.normal(size=500)])
    lower, upper = 5 * 0.1 * math.log(2), 5 * (0.001 - 0.1) * math.log(0.001 / 0.1)
    assert drift.stability(fitted(then), now)["f0"] == pytest.approx(lower + upper - 9 * (1 / 1000 + 1 / 500), abs=0.1)


def test_the_same_customers_have_not_drifted() -> None:
    """0 for the very same, also with spikes and missing facts; a tenth of noise for others of the same kind."""
    then = np.column_stack([np.maximum(RNG.normal(size=2000), 0), RNG.normal(size=2000)])
    then[::5, 1] = np.nan
    frozen = fitted(then)
    assert drift.stability(frozen, then) == pytest.approx({"f0": 0, "f1": 0}, abs=1e-9)
    other = np.column_stack([np.maximum(RNG.normal(size=2000), 0), RNG.normal(size=2000)])
    assert drift.stability(frozen, other)["f0"] < 0.05
    assert drift.stability(frozen, other)["f1"] > 0.25  # nobody lacks the fact any more


def test_who_moved_who_came_and_who_went() -> None:
    """Rows are then, columns are now; the sums are the customers of both times."""
    values = RNG.normal(size=(60, 2))
    then = (np.array(["a", "b", "c", "d"], dtype=object), np.array([1, 1, 2, 2]))
    now = (np.array(["b", "c", "d", "e"], dtype=object), np.array([2, 2, 2, 1]))
    found = drift.drifted(fitted(values), values, then=then, now=now)
    assert found.movement == {1: {1: 0, 2: 1}, 2: {1: 0, 2: 2}}
    assert (found.sizes_then, found.sizes_now) == ({1: 2, 2: 2}, {1: 1, 2: 3})
    assert (found.came, found.went) == (1, 1)
    assert dataclasses.asdict(found)["stability"].keys() == {"f0", "f1"}


def test_only_more_than_luck_is_migration() -> None:
    """Of 100 each, 20 and 4 moved where luck moves 5 of 100: 20 is more, its exact bound being 13.7; 4 is not."""
    values = RNG.normal(size=(200, 2))
    ids = np.array([f"c{i}" for i in range(200)], dtype=object)
    then, now = np.repeat([1, 2], 100), np.repeat([1, 2], 100)
    now[:20], now[100:104] = 2, 1
    two = cut.Cut(None, None, np.array([1, 2]), luck=np.array([[0, 0.05], [0.05, 0]]))
    found = drift.drifted(dataclasses.replace(fitted(values), cuts=(two,)), values, then=(ids, then), now=(ids, now))
    assert [(m.from_segment, m.to_segment, m.customers, m.share, m.by_luck, m.migration) for m in found.moves] == [
        (1, 2, 20, 0.2, 0.05, True),
        (2, 1, 4, 0.04, 0.05, False),
    ]
    assert found.moves[0].low == pytest.approx(binomtest(20, 100, alternative="greater").proportion_ci(0.95).low)


def test_luck_is_told_by_the_number_of_the_segment() -> None:
    """Labels are renumbered by value, and stages of life do not exchange customers by luck."""
    one = cut.Cut(None, None, np.array([3, 1]), stage=0, luck=np.array([[0, 0.1], [0.2, 0]]))
    other = cut.Cut(None, None, np.array([2]), stage=1)
    made = dataclasses.replace(fitted(RNG.normal(size=(60, 2))), cuts=(one, other))
    assert made.luck.tolist() == [[0, 0, 0.2], [0, 0, 0], [0.1, 0, 0]]


def test_facts_that_go_up_and_down_by_chance_are_no_migration() -> None:
    """30 of 100 left segment 1 and 25 came the other way: many, more than by luck of the cut, and no move of the base."""
    values = RNG.normal(size=(200, 2))
    ids = np.array([f"c{i}" for i in range(200)], dtype=object)
    then, now = np.repeat([1, 2], 100), np.repeat([1, 2], 100)
    now[:30], now[100:125] = 2, 1
    moves = drift.drifted(fitted(values), values, then=(ids, then), now=(ids, now)).moves
    assert [(m.customers, m.back, m.migration) for m in moves] == [(30, 25, False), (25, 30, False)]
    one = np.repeat([1, 2], 100)
    one[0] = 2
    assert not drift.drifted(fitted(values), values, then=(ids, then), now=(ids, one)).moves[0].migration


@pytest.mark.parametrize("spike", [0.0, 1.0])
def test_a_value_that_most_have_is_a_bin_of_its_own(spike: float) -> None:
    """95 of 100 with one value, then 50 of 100: another population, at whichever end the value lies."""
    then = np.column_stack([np.where(np.arange(2000) % 20 == 0, 1 - spike, spike), RNG.normal(size=2000)])
    now = np.column_stack([np.arange(2000) % 2, RNG.normal(size=2000)]).astype(float)
    assert drift.stability(fitted(then), now)["f0"] > 0.5


def test_few_customers_are_not_called_others() -> None:
    """Thirty drawn from those fitted on: an index above .25 in at most one of ten draws, and one customer alone is no population."""
    then = RNG.normal(size=(2000, 2))
    frozen = fitted(then)
    found = [drift.stability(frozen, then[RNG.choice(2000, 30, replace=False)])["f0"] for _ in range(200)]
    assert np.mean(np.array(found) > 0.25) <= 0.1
    assert drift.stability(frozen, then[:1])["f0"] < 0.25
