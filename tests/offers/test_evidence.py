"""Answer rates with shrinkage: arithmetic by hand, coverage by simulation, clusters, direction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netlift.offers.evidence import evidence, past, rates
from netlift.records import Outcome
from netlift.settings import OfferSettings
from tests.offers.conftest import made_outcome

FREQUENT = OfferSettings(name="Old", current=True)


def test_one_group_alone_is_nearly_the_plain_rate() -> None:
    """25 of 100 answered: with nothing to borrow from, rate and interval are those of the exact beta interval within a point."""
    r = rates(np.ones(100, dtype=np.int64), np.repeat([1, 0], [25, 75]), np.zeros(100, dtype=np.int64), 1)
    assert r.rate[0] == pytest.approx(0.25, abs=0.005)
    assert (r.low[0], r.high[0]) == pytest.approx((0.171, 0.339), abs=0.01)  # Beta(25, 75)


def test_groups_that_agree_lend_each_other_evidence() -> None:
    """Ten groups of 25 in 100: the interval is narrower than that of one group alone and wider than that of all 1,000 contacts."""
    group = np.repeat(np.arange(10), 100)
    answers = np.tile(np.repeat([1, 0], [25, 75]), 10)
    width = np.subtract(*[getattr(rates(np.ones(1000, dtype=np.int64), answers, group, 10), x)[0] for x in ("high", "low")])
    assert 2 * 1.96 * np.sqrt(0.25 * 0.75 / 1000) < width < 0.8 * 2 * 1.96 * np.sqrt(0.25 * 0.75 / 100)


def test_a_small_group_is_drawn_to_the_others() -> None:
    """Four answers of four contacts are not 100 %: the rate moves to the common one, and stays above it."""
    group = np.repeat([0, 1, 2], [4, 400, 400])
    answers = np.concatenate([np.ones(4), np.arange(400) < 80, np.arange(400) < 60]).astype(np.int64)
    r = rates(np.ones(804, dtype=np.int64), answers, group, 3)
    assert 0.18 < r.rate[0] < 0.9
    assert r.high[0] - r.low[0] > 2 * (r.high[1] - r.low[1])


def test_a_group_that_was_never_contacted_is_told_from_the_others() -> None:
    """No contacts: the common rate with an interval wider than any contacted group's."""
    contacts = np.repeat([0, 1, 1], [50, 200, 200])
    answers = np.concatenate([np.zeros(50), np.arange(200) < 60, np.arange(200) < 20]).astype(np.int64)
    r = rates(contacts, answers, np.repeat([0, 1, 2], [50, 200, 200]), 3)
    assert r.rate[0] == pytest.approx(0.2, abs=0.01)
    assert r.low[0] < r.low[2] < r.high[1] < r.high[0]


@pytest.mark.parametrize(
    ("a", "b", "sizes"),
    [
        (3, 17, [40, 80, 150, 300, 600, 900]),
        (30, 170, [40, 80, 150, 300, 600, 900]),
        (0.3, 1.7, [40, 80, 150, 300, 600, 900]),
        (1, 40, [40, 80, 150, 300, 600, 900]),
        (30, 170, [50, 200, 20_000, 3_000]),
        (3, 17, [50, 100]),
    ],
)
def test_intervals_cover_the_true_rate(a: float, b: float, sizes: list[int]) -> None:
    """True rates drawn from a beta, much or little spread, common or rare: 95 % intervals cover 93 to 98 % of them."""
    rng = np.random.default_rng(11)
    group = np.repeat(np.arange(len(sizes)), sizes)
    covered = []
    for _ in range(300):
        true = rng.beta(a, b, len(sizes))
        r = rates(np.ones(len(group), dtype=np.int64), rng.binomial(1, true[group]), group, len(sizes))
        covered += ((r.low <= true) & (true <= r.high)).tolist()
    assert 0.93 <= np.mean(covered) <= 0.98


def test_customers_are_clusters() -> None:
    """Customers who differ, ten contacts each: intervals cover 93 to 98 %; contacts taken as independent would cover about 75 %."""
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(400):
        answers = rng.binomial(10, rng.beta(0.5, 1.5, 200))  # mean 0.25
        r = rates(np.full(200, 10), answers, np.zeros(200, dtype=np.int64), 1)
        covered.append(r.low[0] <= 0.25 <= r.high[0])
    assert 0.93 <= np.mean(covered) <= 0.98


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60))
@example([(0, 1, 1), (0, 3, 3), (0, 4, 4), (0, 4, 4), (1, 4, 4)])  # so skewed that 95 % of the doubt lies above the mean
@settings(max_examples=200, deadline=None)
def test_rates_are_rates(rows: list[tuple[int, int, int]]) -> None:
    """Whatever the counts, 0 <= low <= rate <= high <= 1, all finite."""
    group, contacts, answers = (np.array(x, dtype=np.int64) for x in zip(*rows, strict=True))
    if not contacts.any():
        contacts[0] = 1
    r = rates(contacts, np.minimum(answers, contacts), group, 4)
    assert np.isfinite(r.rate).all()
    assert (r.low >= 0).all()
    assert (r.low <= r.rate).all()
    assert (r.rate <= r.high).all()
    assert (r.high <= 1).all()


def test_money_is_revenue_times_rate_less_cost() -> None:
    """75 of 100 answers, 11 USD a response, 3 USD a contact: 5.25 USD per contact, less a little shrinkage."""
    outcome = made_outcome(np.ones(100), np.arange(100) < 75)
    (found,) = evidence([FREQUENT], outcome, np.zeros(100, dtype=np.int64))[0]
    assert (found.contacts, found.responses) == (100, 75)
    assert found.profit == pytest.approx(5.25, abs=0.05)


def test_the_best_lower_bound_comes_first() -> None:
    """A proven offer stands before one with a higher rate on few contacts."""
    contacts = np.column_stack([np.ones(400), np.arange(400) < 5])
    answers = np.column_stack([np.arange(400) < 160, np.arange(400) < 3])
    outcome = made_outcome(contacts, answers, names=("Proven", "Young"))
    found = evidence([OfferSettings(name="Young"), OfferSettings(name="Proven")], outcome, np.zeros(400, dtype=np.int64))[0]
    assert [e.offer for e in found] == ["Proven", "Young"]
    assert found[1].profit > found[0].profit


def test_what_a_figure_rests_on_is_told() -> None:
    """400 contacts outweigh the others, 3 are drawn to them, none has only theirs."""
    group = np.repeat([0, 1, 2, 3], [400, 3, 10, 400])
    contacts = (group != 2).astype(np.int64)
    answers = contacts * (np.arange(813) % 5 == 0)
    found = evidence([FREQUENT], made_outcome(contacts, answers), group)
    assert [found[s][0].sufficiency for s in range(4)] == ["enough", "shrunk", "prior-only", "enough"]


def test_the_current_offer_stands_for_the_whole_outcome_and_a_name_for_its_own() -> None:
    """Contacts are found by the offer's name, else by `current`; an offer nobody got has no evidence."""
    outcome = made_outcome([[1, 2], [0, 3]], [[1, 0], [0, 1]], names=("A", "B"))
    by_name, by_current = past(OfferSettings(name="B"), outcome), past(OfferSettings(name="C", current=True), outcome)
    assert by_name is not None
    assert by_current is not None
    assert [by_name.contacts.tolist(), by_name.responses.tolist()] == [[2, 3], [0, 1]]
    assert [by_current.contacts.tolist(), by_current.responses.tolist()] == [[3, 3], [1, 1]]
    assert past(OfferSettings(name="C"), outcome) is None
    assert past(OfferSettings(name="A"), made_outcome([[0, 1]], [[0, 1]], names=("A", "B"))) is None


def paid(spent: Any, earned: Any, contacts: Any, responses: Any) -> Outcome:
    """An outcome whose contacts and answers have money of their own."""
    given = made_outcome(contacts, responses, names=tuple("AB"[: len(spent[0])]))
    return replace(given, spent=np.array(spent, dtype=float), earned=np.array(earned, dtype=float))


def test_each_offer_has_its_own_cost_and_revenue() -> None:
    """A letter at 2 whose answers bring 20 and an e-mail at 0.10 whose answers bring 5: figures, cost and break-even apart."""
    contacts, answers = np.ones((200, 2), dtype=np.int64), np.column_stack([np.arange(200) < 50, np.arange(200) >= 100]).astype(np.int64)
    outcome = paid((contacts * [2.0, 0.1]).tolist(), (answers * [20.0, 5.0]).tolist(), contacts.tolist(), answers.tolist())
    letter, mail = sorted(
        evidence([OfferSettings(name="A"), OfferSettings(name="B")], outcome, np.zeros(200, dtype=np.int64))[0], key=lambda e: e.offer
    )
    assert (letter.cost, letter.break_even, mail.cost, mail.break_even) == pytest.approx((2.0, 0.1, 0.1, 0.02))
    assert (letter.profit, mail.profit) == pytest.approx((0.25 * 20 - 2, 0.5 * 5 - 0.1), abs=0.12)
    rate = rates(contacts[:, 0], answers[:, 0], np.zeros(200, dtype=np.int64), 1)
    assert letter.low == pytest.approx(20 * float(rate.low[0]) - 2)


def test_answers_of_different_money_widen_the_interval() -> None:
    """The same rate and the same mean revenue, 5 or 35 instead of always 20: the interval is wider, the figure the same."""
    contacts, answers = np.ones((100, 1), dtype=np.int64), (np.arange(100) < 40).astype(np.int64)[:, None]
    alike = answers * 20.0
    spread = np.where(np.arange(100)[:, None] % 2 == 0, 5.0, 35.0) * answers
    group = np.zeros(100, dtype=np.int64)
    offers = [OfferSettings(name="A")]
    plain, wide = (
        evidence(offers, paid(contacts.tolist(), e.tolist(), contacts.tolist(), answers.tolist()), group)[0][0] for e in (alike, spread)
    )
    assert wide.profit == pytest.approx(plain.profit)
    assert wide.low < plain.low - 0.2
    assert wide.high > plain.high + 0.2


@pytest.mark.parametrize("differ", [0.0, 0.4])
def test_the_interval_of_money_covers_its_truth(differ: float) -> None:
    """Six segments with lognormal baskets, alike or different: 92.5 to 98.5 % of the intervals hold the true profit per contact."""
    rng = np.random.default_rng(5)
    inside = []
    sizes = np.array([60, 120, 200, 300, 500, 800])
    group = np.repeat(np.arange(6), sizes)
    contacts = np.ones((len(group), 1), dtype=np.int64)
    for _ in range(120):
        rate, basket = rng.beta(6, 24, 6), 30 * np.exp(rng.normal(0, differ, 6))
        answers = (rng.random(len(group)) < rate[group]).astype(np.int64)[:, None]
        earned = (basket[group] * rng.lognormal(-0.18, 0.6, len(group)))[:, None] * answers
        outcome = paid((contacts * 3.0).tolist(), earned.tolist(), contacts.tolist(), answers.tolist())
        found = evidence([OfferSettings(name="A")], outcome, group)
        inside += [found[s][0].low <= rate[s] * basket[s] - 3 <= found[s][0].high for s in range(6)]
    assert 0.925 < np.mean(inside) < 0.985
