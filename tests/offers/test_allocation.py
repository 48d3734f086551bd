"""Allocation under a budget and capacities: against the exact optimum, and the unhappy ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from netlift.errors import InputError
from netlift.offers.allocation import Allocation, Option, allocate
from netlift.records import Floats

OPTIONS = (Option("a", "mail", 1.0), Option("b", "mail", 1.0), Option("a", "sms", 2.5), Option("b", "phone", 6.0))


def optimum(profit: Floats, budget: float, capacity: dict[str, int]) -> float:
    """The best possible profit, by HiGHS branch and bound."""
    n, m = profit.shape
    known = np.where(np.isnan(profit) | (profit <= 0), -1e6, profit)
    each = np.kron(np.eye(n), np.ones(m))
    rows = [np.tile([o.cost for o in OPTIONS], n)]
    rows += [np.tile([float(o.channel == c) for o in OPTIONS], n) for c in capacity]
    most = [min(budget, 1e9), *capacity.values()]
    constraints = [LinearConstraint(each, -np.inf, 1), LinearConstraint(np.array(rows), -np.inf, most)]
    solved = milp(-known.ravel(), constraints=constraints, integrality=np.ones(n * m), bounds=(0, 1))
    return float(-solved.fun)


def holds(found: Allocation, profit: Floats, budget: float, capacity: dict[str, int]) -> None:
    """Every limit is kept, and the figures are those of the choice."""
    chosen = found.choice[found.choice >= 0]
    assert sum(OPTIONS[j].cost for j in chosen) == pytest.approx(found.spent)
    assert found.spent <= budget + 1e-6
    for channel, most in capacity.items():
        assert found.contacts[channel] <= most
    taken = profit[np.flatnonzero(found.choice >= 0), chosen]
    assert (taken > 0).all()
    assert found.profit == pytest.approx(taken.sum())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    budget=st.floats(0, 120),
    mail=st.integers(0, 40),
    sms=st.integers(0, 40),
    steps=st.booleans(),
)
def test_never_above_the_optimum_and_the_bound_never_below(seed: int, n: int, budget: float, mail: int, sms: int, steps: bool) -> None:  # noqa: FBT001
    """On small problems, with ties and forbidden options too: profit <= optimum of HiGHS <= bound, and all limits are kept."""
    rng = np.random.default_rng(seed)
    profit = rng.normal(1, 3, (n, len(OPTIONS)))
    if steps:
        profit = np.round(profit)
    profit[rng.random(profit.shape) < 0.1] = np.nan
    capacity = {"mail": mail, "sms": sms}
    found = allocate(profit, OPTIONS, budget=budget, capacity=capacity)
    holds(found, profit, budget, capacity)
    best = optimum(profit, budget, capacity)
    assert found.profit <= best + 1e-6 * max(1, best)
    assert found.bound >= best - 1e-6 * max(1, best)


@pytest.mark.parametrize("ties", [False, True])
def test_with_many_customers_little_is_given_away(ties: bool) -> None:  # noqa: FBT001
    """5,000 customers, three limits that bind, also where thousands have the same profit: a gap below 0.01 %."""
    rng = np.random.default_rng(3)
    profit = rng.normal(0.2, 1, (5000, 4)) * [1, 1.2, 2, 6] + rng.normal(0, 0.6, (5000, 1))
    if ties:
        profit = np.round(profit)
    capacity = {"mail": 900, "phone": 300}
    found = allocate(profit, OPTIONS, budget=3000.0, capacity=capacity)
    holds(found, profit, 3000.0, capacity)
    assert found.gap < 0.0001
    assert found.prices["budget"] > 0


@pytest.mark.parametrize("seed", [1, 13, 14, 36])  # the last three need the mixture of prices
def test_segments_of_alike_customers_are_split_well(seed: int) -> None:
    """60,000 customers of six segments, each worth the same to an option, as `prepare` has them: the gap is below 0.1 %."""
    rng = np.random.default_rng(seed)
    n = 60_000
    profit = rng.normal(2.0, 1, (6, 4))[rng.integers(0, 6, n)]
    profit[rng.random(profit.shape) < 0.3] = np.nan
    capacity = {"mail": 12_000, "sms": 3_000}
    found = allocate(profit, OPTIONS, budget=40_000.0, capacity=capacity)
    holds(found, profit, 40_000.0, capacity)
    assert found.gap < 0.001


def test_a_price_is_what_one_more_unit_earns() -> None:
    """Ten more in the budget earn ten times its price, to a few per cent."""
    profit = np.random.default_rng(5).normal(0.5, 1, (4000, 4)) * [1, 1.2, 2, 6]
    less, more = (allocate(profit, OPTIONS, budget=budget) for budget in (3000.0, 3100.0))
    assert more.bound - less.bound == pytest.approx(100 * less.prices["budget"], rel=0.05)


def test_without_limits_everybody_gets_his_best() -> None:
    """Nothing is scarce: the best positive option each, no gap, no price; who would lose is left alone."""
    profit = np.array([[1.0, 2, -1, np.nan], [-1, -2, -3, -4], [np.nan, np.nan, np.nan, np.nan], [0, 0, 0, 5]])
    found = allocate(profit, OPTIONS)
    assert found.choice.tolist() == [1, -1, -1, 3]
    assert (found.profit, found.bound, found.gap, found.prices) == (7.0, 7.0, 0.0, {})


def test_caution_counts_the_lower_bound_and_a_minimum_keeps_small_gains_out() -> None:
    """With lower bounds only what is surely above 0 is chosen; a minimum leaves out what earns less."""
    profit, low = np.array([[3.0, 2, 1, 1], [3, 2, 1, 1]]), np.array([[-1.0, 1, 1, 1], [-1, -1, -1, -1]])
    assert allocate(profit, OPTIONS, low=low).choice.tolist() == [1, -1]
    assert allocate(profit, OPTIONS, minimum=3.0).choice.tolist() == [-1, -1]


def test_nothing_to_spend() -> None:
    """A budget of 0 contacts nobody, and so do capacities of 0."""
    profit = np.ones((50, 4))
    assert (allocate(profit, OPTIONS, budget=0).choice == -1).all()
    assert (allocate(profit, OPTIONS, capacity={"mail": 0, "sms": 0, "phone": 0}).choice == -1).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"profit": np.ones((3, 2))}, r"profit has the shape \(3, 2\), and customers × 4 options is expected"),
        ({"profit": np.full((3, 4), np.inf)}, "profit holds an infinite value; write NaN where a customer may not get an option"),
        ({"budget": -1.0}, "budget is -1; write an amount from 0"),
        ({"budget": math.nan}, "budget is nan; write an amount from 0"),
        ({"capacity": {"fax": 3}}, "capacity names the channel 'fax', and the options use mail, phone, sms"),
        ({"capacity": {"sms": -3}}, "capacity of sms is -3; write a number from 0"),
        ({"minimum": math.nan}, "minimum is nan; write an amount from 0"),
        ({"minimum": -1.0}, "minimum is -1; write an amount from 0"),
        ({"low": np.ones((2, 4))}, r"low has the shape \(2, 4\), and that of profit, \(3, 4\), is expected"),
        ({"options": (*OPTIONS[:3], Option("b", "budget", 6.0))}, "A channel is named 'budget'"),
        ({"options": (*OPTIONS[:3], Option("b", "phone", -6.0))}, "The cost of 'b' by phone is -6; write an amount from 0"),
    ],
)
def test_wrong_input(given: dict[str, object], said: str) -> None:
    """One sentence with what was found and what is expected."""
    arguments: dict[str, object] = {"profit": np.ones((3, 4)), "options": OPTIONS, **given}
    with pytest.raises(InputError, match=said):
        allocate(**arguments)  # type: ignore[arg-type]
