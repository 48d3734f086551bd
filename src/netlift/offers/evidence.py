"""What past contacts say about an offer in a segment: expected profit per contact with a 95 % interval.

Beta-binomial empirical Bayes. A segment's answer rate is Beta(M m + y, M (1 - m) + c - y) with m the offer's overall
rate and M the prior strength by Kleinman's moments (JASA 68, 1973). Customers are clusters: where one customer has
several contacts, counts are divided by the design effect of the ratio y / c first.
Assumes that the segments were not chosen by the same answers; where they were, insight says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from netlift.errors import InputError
from netlift.records import Floats, Ints, Outcome
from netlift.settings import OfferSettings


@dataclass(frozen=True, slots=True)
class Evidence:
    """One tried offer in one segment. Money per contact in the project's currency, 95 % interval."""

    offer: str
    contacts: int  # of this segment's customers
    responses: int
    profit: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Answer rates of one offer in k segments, shape (k,) each: shares with 95 % interval."""

    contacts: Floats
    responses: Floats
    rate: Floats
    low: Floats
    high: Floats


def past(offer: OfferSettings, outcome: Outcome) -> tuple[Ints, Ints] | None:
    """Contacts and responses per customer, (n,) each; None where nobody was ever contacted with the offer.

    A past offer is found by its name; the whole outcome stands for the offer marked `current`.
    """
    if offer.name in outcome.offers:
        j = outcome.offers.index(offer.name)
        contacts, responses = outcome.contacts[:, j], outcome.responses[:, j]
    elif offer.current:
        contacts, responses = outcome.contacts.sum(axis=1), outcome.responses.sum(axis=1)
    else:
        return None
    too_many = int((responses > contacts).sum())
    if too_many:
        raise InputError(
            f"{too_many} customers answered '{offer.name}' more often than they were contacted; "
            "an answer counts once per contact: check the tables contacted and responses."
        )
    return (contacts, responses) if contacts.any() else None


def rates(contacts: Ints, responses: Ints, group: Ints, k: int) -> Rates:
    """Shrunken answer rates of k groups.

    Args:
        contacts: (n,) contacts per customer.
        responses: (n,) responses per customer, never more than contacts.
        group: (n,) 0..k-1, the group of each customer.
        k: number of groups.
    """

    def total(x: NDArray[Any]) -> Floats:
        return np.bincount(group, weights=x, minlength=k).astype(float)

    c, y = total(contacts), total(responses)
    raw = y / np.maximum(c, 1)
    customers = total(contacts > 0)
    squares = total((responses - raw[group] * contacts) ** 2) * customers / np.maximum(customers - 1, 1)
    binomial = c * raw * (1 - raw)
    design_effect = np.maximum(np.divide(squares, binomial, out=np.ones(k), where=binomial > 0), 1)
    n = c / design_effect
    m = (float((raw * n).sum()) + 0.5) / (float(n.sum()) + 1)
    strength = _strength(raw, n, m)
    alpha = strength * m + raw * n
    beta = strength * (1 - m) + (1 - raw) * n
    return Rates(c, y, alpha / (alpha + beta), betaincinv(alpha, beta, 0.025), betaincinv(alpha, beta, 0.975))


def _strength(raw: Floats, n: Floats, m: float) -> Floats:
    """Prior strength M per group, in contacts: at least one, at most what all other groups together have seen."""
    everything = float(n.sum())
    room = everything - float((n**2).sum()) / everything
    spread = float((n * (raw - m) ** 2).sum()) - (np.count_nonzero(n) - 1) * m * (1 - m)
    seen = spread > 0 and room > 0  # a difference between the groups
    strength = m * (1 - m) / (spread / room) - 1 if seen else everything
    most: Floats = np.maximum(everything - n, 1)
    return np.minimum(np.maximum(strength, 1), most)


def evidence(offers: Sequence[OfferSettings], outcome: Outcome | None, segment: Ints) -> dict[int, tuple[Evidence, ...]]:
    """For every segment the offers that were ever tried on anybody, the highest lower bound first.

    Raises:
        InputError: a customer answered more often than he was contacted.
    """
    names, group = np.unique(segment, return_inverse=True)
    found: dict[int, list[Evidence]] = {int(s): [] for s in names}
    for offer in offers:
        counts = past(offer, outcome) if outcome is not None else None
        if outcome is None or counts is None:
            continue
        r = rates(*counts, group, len(names))
        a = outcome.accounting
        for j, s in enumerate(names):
            money = [a.revenue * float(x[j]) - a.contact_cost for x in (r.rate, r.low, r.high)]
            found[int(s)].append(Evidence(offer.name, int(r.contacts[j]), int(r.responses[j]), *money))
    return {s: tuple(sorted(e, key=lambda one: -one.low)) for s, e in found.items()}
