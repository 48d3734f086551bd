"""Response rates and profit per contact with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import InputError
from netlift.insight import answers
from netlift.records import Accounting, Outcome

ACCOUNTING = Accounting("last campaign", 3.0, 11.0, "USD")


def outcome(contacts: list[list[int]], responses: list[list[int]]) -> Outcome:
    offers = tuple(f"offer {j}" for j in range(len(contacts[0])))
    return Outcome(ACCOUNTING, offers, np.array(contacts, dtype=np.int64), np.array(responses, dtype=np.int64))


def everybody(given: Outcome) -> np.ndarray:
    return np.ones(len(given.contacts), dtype=bool)


def test_wilson_as_published() -> None:
    """Wilson's score interval of 81 of 263 without continuity correction (Newcombe 1998, table I): .2553 to .3662."""
    assert answers.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_at_the_edges() -> None:
    """0 of 20 (Newcombe 1998): 0 to .1611; 1 of 29: .0061 to .1718."""
    assert answers.wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert answers.wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_wilson_holds_the_rate_and_stays_within_0_and_1(rate: float, n: float) -> None:
    """The rate lies in its interval."""
    low, high = answers.wilson(rate, n)
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1


def test_customers_who_always_answer_alike_count_once() -> None:
    """Ten contacts each of 40 customers, half of whom always answer: as wide as 40 contacts, not 400."""
    repeated = outcome([[10]] * 40, [[10], [0]] * 20)
    found = answers.response(repeated, everybody(repeated))
    assert found is not None
    assert (found.contacts, found.responses, found.rate) == (400, 200, 0.5)
    assert (found.low, found.high) == pytest.approx(answers.wilson(0.5, 40), abs=0.005)


def test_profit_names_its_accounting_and_adds_up() -> None:
    """2 answers to 4 contacts: 22 - 12 = 10, 2.50 a contact; the interval holds it."""
    given_ = outcome([[1, 1], [1, 1]], [[1, 1], [0, 0]])
    profit = answers.profit(given_, everybody(given_), np.random.default_rng(1))
    assert profit is not None
    assert (profit.per_contact, profit.total) == (2.5, 10.0)
    assert -3 <= profit.low < 2.5 < profit.high <= 8
    assert profit.accounting == "last campaign: 11 USD per response, 3 USD per contact"


def test_the_bootstrap_agrees_with_the_normal_interval_on_many_customers() -> None:
    """2,000 customers, 10 % answer: 1.96 standard errors to either side."""
    rng = np.random.default_rng(2)
    many = outcome([[1]] * 2000, (rng.random((2000, 1)) < 0.1).astype(int).tolist())
    profit = answers.profit(many, everybody(many), rng)
    assert profit is not None
    half = 1.96 * many.profit().std() / np.sqrt(2000)
    assert (profit.low, profit.high) == pytest.approx((profit.per_contact - half, profit.per_contact + half), abs=0.05)


@pytest.mark.parametrize("customers", [6, 100])
def test_no_answer_at_all_is_not_certainty(customers: int) -> None:
    """0 answers: the interval reaches up to Wilson's bound in money, instead of being a point."""
    silent = outcome([[1]] * customers, [[0]] * customers)
    profit = answers.profit(silent, everybody(silent), np.random.default_rng(1))
    assert profit is not None
    assert (profit.per_contact, profit.low) == pytest.approx((-3, -3))
    assert profit.high == pytest.approx(11 * answers.wilson(0, customers)[1] - 3)


def test_never_contacted_means_no_figure() -> None:
    """Not a rate of zero: nothing is known."""
    nobody = outcome([[0], [1]], [[0], [1]])
    first = np.array([True, False])
    assert answers.response(nobody, first) is None
    assert answers.profit(nobody, first, np.random.default_rng(1)) is None


def test_more_answers_than_contacts_are_refused() -> None:
    """The message names offer and number."""
    with pytest.raises(InputError, match="1 customers answered 'offer 0' more often than they were contacted"):
        answers.check(outcome([[1], [1]], [[2], [1]]))


def test_the_profit_of_few_contacts_lies_in_its_interval() -> None:
    """20 contacts at 4, 8 answers of about 500 beside a mean of 25 of all: +196 lies within an interval of its own money."""
    contacts, responses = [[1]] * 520, [[1]] * 8 + [[0]] * 12 + [[1]] * 250 + [[0]] * 250
    earned = np.array(responses, dtype=float) * np.array([[500.0 + 5 * i] for i in range(8)] + [[25.0]] * 512)
    given_ = replace(outcome(contacts, responses), spent=np.full((520, 1), 4.0), earned=earned)
    profit = answers.profit(given_, np.arange(520) < 20, np.random.default_rng(1))
    assert profit is not None
    assert profit.per_contact == pytest.approx(0.4 * 517.5 - 4)
    assert profit.low < 0.25 * 517.5 - 4 < profit.per_contact < 0.6 * 517.5 - 4 < profit.high
    assert profit.sufficiency == "few"
