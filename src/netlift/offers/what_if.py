"""What contacting more or fewer people, other costs and other margins would bring, on customers the model had not seen.

Every figure is a sum over customers of what each adds, with the scores held fixed, and has the 95 % interval of such a sum. At a given
depth the number of contacts is no accident: whoever else comes in pushes somebody at the margin out, so there a customer adds what he
brings above those at the margin. Where scores come from several partitions, he adds the mean over them.
The depth that looks best was found in hindsight: it flatters, and the line of the break-even does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netlift.offers import policy_value, qini
from netlift.offers.policy_value import mean
from netlift.offers.uplift import Effects, Trial
from netlift.records import Accounting, Floats, Ints

STEPS = 20  # of the profit curve
FEWEST, NEXT = 50, 0.02  # people, and share of all, over whom "one more" is averaged: the larger counts
FACTORS = (0.5, 0.8, 1.25, 2.0)  # of the cost, and of the revenue

Judge = Callable[[Accounting], tuple[float, Floats]]  # contacts decided under an accounting, and the money each customer adds, (n,)


@dataclass(frozen=True, slots=True)
class Depth:
    """Contacting the best share of customers. Money; `last_…` is that of those added since the depth before, per contact."""

    share: float
    contacts: int
    profit: float
    low: float
    high: float
    last: float
    last_low: float
    last_high: float


@dataclass(frozen=True, slots=True)
class OneMore:
    """Money per contact of the people who come next after the last one contacted."""

    people: int
    per_contact: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Deciding anew under another cost or revenue."""

    contact_cost: float
    revenue: float
    break_even: float
    contacts: float
    profit: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The profit curve, the value of one more contact (None where everybody is contacted), and other costs and revenues, as now first."""

    curve: tuple[Depth, ...]
    one_more: OneMore | None
    costs: tuple[Costs, ...]


def of_responses(p: Floats, answered: Floats, now: Accounting, *, contacts: int, seed: int) -> WhatIf:
    """From out-of-sample chances to answer p (r, n), answers (n,) of 0 or 1, and the number of people contacted now."""

    def judge(other: Accounting) -> tuple[float, Floats]:
        contacted = p > other.break_even
        return float(contacted.sum(axis=1).mean()), contacted.mean(axis=0) * (other.revenue * answered - other.contact_cost)

    place, money = places(p, seed=seed), now.revenue * answered - now.contact_cost
    return WhatIf(curve(place, money), one_more(place, money, contacts), other_costs(now, judge))


def of_effects(trial: Trial, found: Effects, learner: str, now: Accounting, *, shown: int, contacts: int) -> WhatIf:
    """From an experiment and a learner's effects: the curve is that of the arm `shown`, other costs choose among all arms."""
    effect = found.by_learner[learner]

    def judge(other: Accounting) -> tuple[float, Floats]:
        gamma = policy_value.money(trial, found.mu, contact_cost=other.contact_cost, revenue=other.revenue)
        decided = policy_value.decide(effect, contact_cost=other.contact_cost, revenue=other.revenue)
        _, final = policy_value.settled(gamma, decided)
        return float((final > 0).sum()), gamma[np.arange(len(gamma)), final] - gamma[:, 0]

    gamma = policy_value.money(trial, found.mu, contact_cost=now.contact_cost, revenue=now.revenue)
    place = places(qini.ranks(effect[:, shown - 1], found.fold, seed=trial.seed)[None], seed=trial.seed)
    money = gamma[:, shown] - gamma[:, 0]
    return WhatIf(curve(place, money), one_more(place, money, contacts), other_costs(now, judge))


def places(score: Floats, *, seed: int) -> Ints:
    """Place of each customer in each order, 0 = highest score, ties by lot; score (r, n), places (r, n)."""
    rng = np.random.default_rng([seed, 97])
    found = np.empty(score.shape, dtype=np.int64)
    for r, row in enumerate(score):
        found[r, np.lexsort((rng.random(len(row)), -row))] = np.arange(len(row))
    return found


def curve(place: Ints, money: Floats) -> tuple[Depth, ...]:
    """Profit by share contacted, from places (r, n) and the money that contacting each customer adds, (n,)."""
    n = len(money)
    depths = []
    before = 0
    for share in np.arange(1, STEPS + 1) / STEPS:
        contacts = round(share * n)
        if contacts > before:
            last = _per_contact(place, before, contacts, money)
            profit = _total(place < contacts, money, margin=last[0], contacts=contacts)
            depths.append(Depth(float(share), contacts, *profit, *last))
        before = contacts
    return tuple(depths)


def one_more(place: Ints, money: Floats, contacts: int) -> OneMore | None:
    """What the next people after the first `contacts` bring; None where nobody is left."""
    n = len(money)
    until = min(n, contacts + max(FEWEST, round(NEXT * n)))
    return OneMore(until - contacts, *_per_contact(place, contacts, until, money)) if until > contacts else None


def other_costs(now: Accounting, judge: Judge) -> tuple[Costs, ...]:
    """The decision taken anew under the present accounting, then under other costs, then under other revenues."""
    pairs = [(now.contact_cost, now.revenue)]
    pairs += [(now.contact_cost * f, now.revenue) for f in FACTORS if now.contact_cost > 0]
    pairs += [(now.contact_cost, now.revenue * f) for f in FACTORS]
    found = []
    for cost, revenue in pairs:
        accounting = Accounting(now.name, cost, revenue, now.currency)
        contacts, added = judge(accounting)
        found.append(Costs(cost, revenue, accounting.break_even, contacts, *(len(added) * x for x in mean(added))))
    return tuple(found)


def _total(chosen: np.ndarray, money: Floats, *, margin: float, contacts: int) -> tuple[float, float, float]:
    """Money of so many chosen, (r, n), in total, with its interval; `margin` is what those at the margin bring per contact."""
    total, low, high = (len(money) * x + contacts * margin for x in mean(chosen.mean(axis=0) * (money - margin)))
    return total, low, high


def _per_contact(place: Ints, first: int, until: int, money: Floats) -> tuple[float, float, float]:
    """What the people at these places bring, on average, with its interval."""
    these, people = (place >= first) & (place < until), until - first
    average = float((these.mean(axis=0) @ money) / people)
    total, low, high = _total(these, money, margin=average, contacts=people)
    return total / people, low / people, high / people
