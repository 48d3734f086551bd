"""Answers to past contacts and the money they brought, with 95 % intervals that take customers as the unit of chance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from netlift.errors import InputError
from netlift.records import Floats, Ints, Outcome, Profit, Response, Sufficiency

Z95 = 1.959964
DRAWS = 1000  # of the bootstrap
FEW = 30  # contacted customers, or answers that differ in money, below which the bootstrap is too sure of itself


def check(outcome: Outcome) -> None:
    """Refuse counts that cannot be answers to contacts.

    Raises:
        InputError: a customer answered an offer more often than he was contacted.
    """
    rows, columns = np.nonzero(outcome.responses > outcome.contacts)
    if len(rows):
        raise InputError(
            f"{len(rows)} customers answered '{outcome.offers[columns[0]]}' more often than they were contacted; "
            "check the tables contacted and responses."
        )


def clustered(outcome: Outcome) -> bool:
    """Whether customers were contacted several times, so that their contacts are not independent."""
    return bool((outcome.contacts.sum(axis=1) > 1).any())


def response(outcome: Outcome, members: NDArray[np.bool_]) -> Response | None:
    """Response rate of the contacts of some customers (n,); None where they were never contacted.

    Wilson's interval. Where customers were contacted several times, it is taken at the number of independent contacts
    that would have the variance of the ratio estimate with customers as clusters.
    """
    contacts = outcome.contacts.sum(axis=1)[members]
    responses = outcome.responses.sum(axis=1)[members]
    if not contacts.sum():
        return None
    rate = float(responses.sum() / contacts.sum())
    low, high = wilson(rate, _independent_contacts(contacts, responses, rate))
    return Response(int(contacts.sum()), int(responses.sum()), rate, low, high, sufficiency(contacts))


def sufficiency(contacts: Ints) -> Sufficiency:
    """Whether enough customers were contacted for figures of their answers, by contacts per customer, (n,)."""
    return "enough" if (contacts > 0).sum() >= FEW else "few"


def _independent_contacts(contacts: Ints, responses: Ints, rate: float) -> float:
    """Effective number of contacts: rate (1 - rate) / variance of the ratio estimate, never more than the contacts."""
    customers = int((contacts > 0).sum())
    if contacts.max() <= 1 or customers < 2 or rate in (0.0, 1.0):
        return float(customers)
    residuals = responses - rate * contacts
    variance = customers / (customers - 1) * float((residuals**2).sum()) / float(contacts.sum()) ** 2
    return min(float(contacts.sum()), rate * (1 - rate) / variance) if variance > 0 else float(customers)


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a rate seen on n independent trials."""
    middle = (rate + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(rate * (1 - rate) / n + Z95**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def profit(outcome: Outcome, members: NDArray[np.bool_], rng: np.random.Generator) -> Profit | None:
    """Profit per contact of some customers (n,); None where they were never contacted.

    The interval is a bootstrap over customers. Where few customers were contacted, few answers differ in money, or all brought the same
    (as when nobody answered), redraws show no doubt that is there: then it comes from the intervals of rate and money.
    """
    contacts = outcome.contacts.sum(axis=1)[members]
    money = outcome.profit()[members]
    if not contacts.sum():
        return None
    tier = sufficiency(contacts)
    if outcome.earned is not None and (outcome.responses.sum(axis=1)[members] > 0).sum() < FEW:
        tier = "few"  # answers whose money differs
    low, high = np.quantile(_redrawn_ratios(money, contacts, rng), [0.025, 0.975])
    if tier == "few" or low == high:
        low, high = _by_answers(outcome, members)
    per_contact = float(money.sum() / contacts.sum())
    return Profit(
        str(outcome.accounting), per_contact, float(min(low, per_contact)), float(max(high, per_contact)), float(money.sum()), tier
    )


def _by_answers(outcome: Outcome, members: NDArray[np.bool_]) -> tuple[float, float]:
    """Interval of the profit per contact of contacted customers: rate × money of an answer less the cost of a contact.

    Wilson's interval of the rate and Student's of the money, put together by MOVER (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    answered = response(outcome, members)
    if answered is None:
        raise AssertionError("nobody was contacted")
    cost = float(outcome.costs()[members].sum()) / answered.contacts
    y, earned = outcome.responses.sum(axis=1)[members], outcome.revenues()[members].sum(axis=1)
    worth, half = outcome.accounting.revenue, 0.0
    if m := int((y > 0).sum()):
        worth = float(earned.sum() / y.sum())
        spread = math.sqrt(float(((earned - worth * y) ** 2).sum()) * m / max(m - 1, 1)) / float(y.sum())
        half = float(stdtrit(max(m - 1, 1), 0.975)) * spread
    ends = ((answered.low, -1), (answered.high, 1))
    low, high = (answered.rate * worth + sign * math.hypot(worth * (answered.rate - end), answered.rate * half) for end, sign in ends)
    return low - cost, high - cost


def _redrawn_ratios(money: Floats, contacts: Ints, rng: np.random.Generator) -> Floats:
    """Profit per contact in 1,000 redraws of the contacted customers; equal customers are drawn together."""
    kinds, sizes = np.unique(np.column_stack([money, contacts])[contacts > 0], axis=0, return_counts=True)
    drawn = rng.multinomial(sizes.sum(), sizes / sizes.sum(), size=DRAWS)
    return np.asarray((drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1]))
