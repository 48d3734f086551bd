"""The best level of what was tried, with its doubt, and never a word about what was not tried."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import InputError, NotEnoughData
from netlift.offers import best_input
from netlift.records import Floats


def tried(means: dict[float, float], *, n: int = 400, seed: int = 1, sd: float = 1.0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    level = np.repeat(list(means), n)
    return level, np.repeat(list(means.values()), n) + rng.normal(0, sd, len(level))


def test_a_clear_best_within_what_was_tried() -> None:
    """A discount of 0.1 earns one more than its neighbours: found, sure, and nothing is said of an edge."""
    found = best_input(*tried({0.0: 2.0, 0.1: 3.0, 0.2: 2.0}), name="A discount")
    assert (found.best.at, found.sure) == (0.1, True)
    assert found.gain == pytest.approx(1.0, abs=0.2)
    assert [level.customers for level in found.levels] == [400] * 3
    assert found.sentence.startswith("A discount of 0.1 earns most of the 3 levels tried: +")
    assert "was never tried" not in found.sentence


def test_the_best_at_the_edge_says_that_more_was_never_tried() -> None:
    """Three e-mails are best of one to three: whether four are better is not known."""
    found = best_input(*tried({1: 1.0, 2: 2.0, 3: 3.0}), name="A number of e-mails")
    assert found.sentence.endswith("More than 3 was never tried, so whether it would earn more is not known: test it.")
    assert "A number of e-mails of 3" in found.sentence
    lowest = best_input(*tried({1: 3.0, 2: 2.0}), name="A number")
    assert "Less than 1 was never tried" in lowest.sentence


@pytest.mark.parametrize("at", [-0.01, 0.21, 5.0, float("nan"), float("inf")])
def test_nothing_is_told_of_what_was_never_tried(at: float) -> None:
    """Outside the levels a figure is refused in one sentence with the range."""
    found = best_input(*tried({0.0: 1.0, 0.2: 2.0}), name="A discount")
    with pytest.raises(InputError, match=r"A discount of .* was never tried, only 0 to 0.2: what it would earn cannot be told"):
        found.expected(at)


def test_between_levels_the_line_counts_and_at_a_level_its_own_figure() -> None:
    """Halfway is the mean of both with a narrower half width than either; a level gives itself."""
    found = best_input(*tried({0.0: 1.0, 0.2: 2.0}), name="A discount")
    between = found.expected(0.1)
    assert between.profit == pytest.approx((found.levels[0].profit + found.levels[1].profit) / 2)
    assert between.high - between.low < found.levels[0].high - found.levels[0].low
    assert between.customers == 0
    assert found.expected(0.2) == found.levels[1]


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_levels_that_are_all_alike_are_rarely_called_sure(levels: int) -> None:
    """Of 600 experiments without any difference at most 5 % (and 3 simulation errors) name a sure best."""
    sure = [best_input(*tried(dict.fromkeys(range(levels), 0.0), n=60, seed=s), name="x").sure for s in range(600)]
    assert np.mean(sure) <= 0.05 + 3 * 0.0089


def test_doubt_is_said() -> None:
    """No difference: the best is named with 'may be chance'."""
    assert "but that may be chance" in best_input(*tried({1: 0.0, 2: 0.0}, seed=3), name="x").sentence


@pytest.mark.parametrize(
    ("level", "profit", "said"),
    [
        (np.ones(100), np.ones(99), r"x has the shape \(100,\) and profit \(99,\)"),
        (np.r_[np.nan, np.ones(99)], np.ones(100), "x is missing or infinite for 1 customers"),
        (np.repeat([1.0, 2], 50), np.r_[np.inf, np.ones(99)], "profit is missing or infinite for 1 customers"),
        (np.ones(100), np.ones(100), "x was 1 for every customer, so nothing is known about another"),
        (np.arange(100.0), np.ones(100), "x has 100 different values, and 2 to 20 are expected"),
        (np.empty(0), np.empty(0), "x has 0 different values"),
    ],
)
def test_wrong_input_is_one_sentence(level: Floats, profit: Floats, said: str) -> None:
    """What was found and what is expected."""
    with pytest.raises(InputError, match=said):
        best_input(level, profit, name="x")


def test_a_level_of_few_customers_is_no_evidence() -> None:
    """Forty-nine customers with a level are too few; the level is named."""
    with pytest.raises(NotEnoughData, match="x of 2 was tried on 49 customers; 50 are the fewest"):
        best_input(np.r_[np.ones(100), np.full(49, 2.0)], np.ones(149), name="x")
