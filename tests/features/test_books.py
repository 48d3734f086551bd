"""The money of past campaigns: where each cost and revenue comes from, and books that add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from netlift import features
from netlift.engine import Engine
from netlift.errors import InputError
from netlift.records import Features
from tests.features.test_build import sales, settings, tables

SALES = sales(*((c, "2017-01-05 10:00:00", 10.0) for c in "123"))
CAMPAIGNS = """SELECT * FROM (VALUES
('mail', TIMESTAMP '2017-03-02', 'letter', 2e0, 30e0), ('web', TIMESTAMP '2017-03-05', 'email', NULL, NULL),
('call', TIMESTAMP '2017-03-07', NULL, NULL, NULL)
) AS v(campaign_id, start_date, channel, contact_cost, revenue_per_response)"""
CONTACTED = """SELECT * FROM (VALUES ('mail', '1'), ('mail', '2'), ('web', '1'), ('web', '2'), ('web', '3'), ('call', '3'))
AS v(campaign_id, customer_id)"""
RESPONSES = """SELECT * FROM (VALUES ('mail', '1', NULL), ('web', '1', 40e0), ('web', '1', 10e0), ('call', '3', NULL))
AS v(campaign_id, customer_id, revenue)"""
MONEY = {"contact_cost": 1, "revenue": 8, "campaign": "spring"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def built(engine: Engine, *, response: Any = MONEY, allocation: Any = None, **given: str) -> Features:
    """The features of three customers at 1 March, before all campaigns."""
    rows = {"transactions": SALES, "campaigns": CAMPAIGNS, "contacted": CONTACTED, "responses": RESPONSES, **given}
    more = {} if allocation is None else {"allocation": allocation, "channels": {"email": {"host": "127.0.0.1", "sender": "a@example.com"}}}
    return features.build(settings(features={"as_of": date(2017, 3, 1)}, response=response, **more), engine, tables(engine, **rows))


def test_each_contact_and_answer_has_the_money_that_is_known_best(engine: Engine) -> None:
    """By hand: letter at 2 and 30, e-mail at its channel's 0.10 with answers' own 50, call at the setting's 1 and 8."""
    outcome = built(engine, allocation={"contact_cost": {"email": 0.1}}).outcome
    assert outcome is not None
    assert outcome.offers == ("call", "mail", "web")
    assert outcome.contacts.tolist() == [[0, 1, 1], [0, 1, 1], [1, 0, 1]]
    assert outcome.costs().tolist() == [[0, 2, 0.1], [0, 2, 0.1], [1, 0, 0.1]]
    assert outcome.revenues().tolist() == [[0, 30, 50], [0, 0, 0], [8, 0, 0]]
    assert outcome.profit().tolist() == pytest.approx([77.9, -2.1, 6.9])
    books = outcome.accounting
    assert [(c.campaign, c.contacts, c.responses, c.spent, c.earned) for c in books.campaigns] == [
        ("call", 1, 1, 1.0, 8.0),
        ("mail", 2, 1, 4.0, 30.0),
        ("web", 3, 1, pytest.approx(0.3), 50.0),
    ]
    assert [c.cost_from for c in books.campaigns] == [
        "[response] contact_cost",
        "campaigns.contact_cost",
        "[allocation] contact_cost of email",
    ]
    assert [c.revenue_from for c in books.campaigns] == ["[response] revenue", "campaigns.revenue_per_response", "responses.revenue"]
    assert (books.contact_cost, books.revenue) == pytest.approx((5.3 / 6, 88 / 3))
    assert books.break_even == pytest.approx(5.3 / 6 / (88 / 3))
    assert str(books) == "spring: on average 29.33 USD per response, 0.88 USD per contact"


def test_books_add_up_to_the_customers(engine: Engine) -> None:
    """Contacts, answers and money of the campaigns are those of the customers."""
    outcome = built(engine).outcome
    assert outcome is not None
    books = outcome.accounting.campaigns
    assert sum(c.contacts for c in books) == outcome.contacts.sum()
    assert sum(c.responses for c in books) == outcome.responses.sum()
    assert sum(c.earned - c.spent for c in books) == pytest.approx(outcome.profit().sum())


def test_one_cost_and_one_revenue_are_no_means(engine: Engine) -> None:
    """Where the tables tell no money, the accounting is that of the settings, to the digit, and arrays of money are not kept."""
    plain = "SELECT campaign_id, start_date FROM (" + CAMPAIGNS + ") AS k"
    answers = "SELECT campaign_id, customer_id FROM (" + RESPONSES + ") AS r"
    outcome = built(engine, campaigns=plain, responses=answers).outcome
    assert outcome is not None
    assert (outcome.accounting.contact_cost, outcome.accounting.revenue, outcome.accounting.varies) == (1, 8, False)
    assert (outcome.spent, outcome.earned) == (None, None)
    assert str(outcome.accounting) == "spring: 8 USD per response, 1 USD per contact"
    assert outcome.profit().tolist() == [14, -2, 6]


def test_sales_become_profit_by_the_margin(engine: Engine) -> None:
    """A margin of 30 %: the answer's 50 and the campaign's 30 earn 15 and 9; the setting's revenue is money earned already."""
    outcome = built(engine, response={**MONEY, "margin": 0.3}).outcome
    assert outcome is not None
    assert {c.campaign: c.earned for c in outcome.accounting.campaigns} == pytest.approx({"call": 8.0, "mail": 9.0, "web": 15.0})


def test_who_was_held_out_was_not_contacted(engine: Engine) -> None:
    """Rows of contacted with the arm 'Control' or 'holdout' cost nothing, count as no contact, and are told."""
    arms = f"SELECT c.*, CASE WHEN customer_id = '3' THEN 'Control' WHEN customer_id = '2' THEN 'B' END AS arm FROM ({CONTACTED}) AS c"
    outcome = built(engine, contacted=arms).outcome
    assert outcome is not None
    assert outcome.contacts.sum(axis=1).tolist() == [2, 2, 0]
    assert outcome.profit()[2] == 0
    assert "2 rows of customers who were held out are no contacts; arms that count as contacted: B" in outcome.note


def test_several_sends_of_a_campaign_are_one_contact(engine: Engine) -> None:
    """Two letters on two days to the same customer are one contact at the campaign's cost, as the next campaign's will be."""
    sent = """SELECT * FROM (VALUES ('mail', '1', TIMESTAMP '2017-03-02'), ('mail', '1', TIMESTAMP '2017-03-04'),
    ('mail', '2', TIMESTAMP '2017-03-02')) AS v(campaign_id, customer_id, contacted_at)"""
    outcome = built(engine, contacted=sent).outcome
    assert outcome is not None
    assert outcome.contacts.tolist() == [[1], [1], [0]]
    assert outcome.costs().tolist() == [[2], [2], [0]]


def test_answers_that_belong_to_no_contact_are_told_and_not_counted(engine: Engine) -> None:
    """One from January to a campaign of March, and one of a customer who was not contacted."""
    early = """SELECT * FROM (VALUES ('mail', '1', TIMESTAMP '2017-01-05'), ('mail', '2', TIMESTAMP '2017-03-05'),
    ('call', '1', TIMESTAMP '2017-03-09')) AS v(campaign_id, customer_id, responded_at)"""
    outcome = built(engine, responses=early).outcome
    assert outcome is not None
    assert outcome.responses.sum(axis=1).tolist() == [0, 1, 0]
    assert "2 answers without a contact, or from before their campaign, are not counted" in outcome.note


@pytest.mark.parametrize(
    ("campaigns", "responses", "words"),
    [
        (CAMPAIGNS.replace("2e0", "-2e0"), RESPONSES, "campaigns.contact_cost of campaign 'mail' is -2; write an amount from 0"),
        (CAMPAIGNS.replace("30e0", "-30e0"), RESPONSES, "campaigns.revenue_per_response of campaign 'mail' is -30"),
        (CAMPAIGNS, RESPONSES.replace("40e0", "-400e0"), "brought -352.00 USD in all, so no contact could ever pay"),
    ],
)
def test_money_that_cannot_be_is_refused(engine: Engine, campaigns: str, responses: str, words: str) -> None:
    """Costs below 0, and answers that brought nothing in all, are told with the value and what to do."""
    with pytest.raises(InputError) as error:
        built(engine, campaigns=campaigns, responses=responses)
    assert words in str(error.value)
