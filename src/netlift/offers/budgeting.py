"""Who is contacted where limits do not let everybody be: those who are expected to earn most, then tests.

In segments whose advice is to keep an offer, every offer that past contacts speak for competes on each of its channels; `allocate`
divides the means. Past contacts are known by segment, so its members are worth the same and lot decides among them. A test earns
knowledge, not profit, and has no rank among campaigns: tests get what campaigns leave, by lot, which keeps them fair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlift.offers.allocation import Allocation, Option, allocate
from netlift.offers.evidence import Evidence
from netlift.offers.reach import Mask, Reach, absent
from netlift.records import Allocated, Choice, Floats, Ints, Limit
from netlift.settings import AllocationSettings, OfferSettings, Settings

USED_UP, TOO_LOW = "budget or capacity used up", "expected profit too low"  # reasons against contacting
TESTS = ("new_offer", "ab_test")


@dataclass(frozen=True, slots=True)
class Field:
    """What is divided: among whom, by which rules, and what is known."""

    settings: Settings
    limits: AllocationSettings
    offers: Sequence[OfferSettings]
    segment: Ints  # (n,)
    free: Mask  # (n,) has not objected and has not reached a contact cap
    tried: Mapping[int, Sequence[Evidence]]  # by segment
    reaches: Mapping[str, Reach]  # of every channel of the offers
    brings: Mapping[str, Floats]  # by offer that past trials decide on one by one: what a contact brings before its cost, (n,)


def within(field: Field, choice: Choice) -> Choice:
    """The choice within the limits; `choice` is what would be done without them."""
    kept = [r.segment for r in choice.recommendations if r.action == "keep"]
    rows = np.flatnonzero(field.free & np.isin(field.segment, kept))
    campaign = _campaign(field, rows)
    found = _allocated(field, campaign)
    chosen = _written(field, choice, campaign, found)
    tested = [r.segment for r in choice.recommendations if r.action in TESTS]
    tests = np.flatnonzero(absent(chosen.excluded_reason) & np.isin(field.segment, tested))
    left_out = _too_many(field, chosen, tests, found)
    for texts, value in ((chosen.offer, None), (chosen.channel, None), (chosen.excluded_reason, USED_UP)):
        texts[left_out] = value
    return replace(chosen, allocated=_told(field, chosen, found, tests=len(tests) - len(left_out)))


@dataclass(frozen=True, slots=True)
class _Campaign:
    """The customers `rows` (m,) of segments that keep an offer, and what each option would earn of them."""

    rows: Ints
    options: tuple[Option, ...]
    profit: Floats  # (m, options), NaN where it does not reach him or is not known to pay
    reached: Mask  # (m,) by any option


def _campaign(field: Field, rows: Ints) -> _Campaign:
    segment = field.segment[rows]
    tried = {int(s): field.tried[int(s)] for s in np.unique(segment)}
    known = {e.offer for each in tried.values() for e in each}
    pairs = [(o.name, c) for o in field.offers if o.name in known for c in o.channels if c in field.settings.channels]
    options = tuple(Option(name, c, field.settings.contact_cost(c)) for name, c in pairs)
    profit, reached = np.full((len(rows), len(options)), np.nan), np.zeros(len(rows), dtype=bool)
    cautious = field.limits.judged_by == "lower bound"
    for j, option in enumerate(options):
        on = absent(field.reaches[option.channel].reason[rows])
        if option.offer in field.brings:
            on &= field.brings[option.offer][rows] > option.cost
        for s, each in tried.items():
            for e in (e for e in each if e.offer == option.offer):
                more = e.cost - option.cost  # the evidence has taken off the other
                here = on & (segment == s)
                reached |= here
                if e.profit + more > field.limits.minimum_profit and (e.low + more > 0 or not cautious):
                    profit[here, j] = e.profit + more
    return _Campaign(rows, options, profit, reached)


def _allocated(field: Field, campaign: _Campaign) -> Allocation:
    if not campaign.options:
        return Allocation(np.full(len(campaign.rows), -1), 0.0, 0.0, 0.0, {}, {})
    used = {o.channel for o in campaign.options}
    budget = math.inf if field.limits.budget is None else field.limits.budget
    capacity = {channel: most for channel, most in field.limits.capacity.items() if channel in used}
    return allocate(campaign.profit, campaign.options, budget=budget, capacity=capacity)


def _written(field: Field, choice: Choice, campaign: _Campaign, found: Allocation) -> Choice:
    """A copy of the choice with what was allocated; who cannot be reached keeps his reason."""
    offer, channel, consent, reason = (a.copy() for a in (choice.offer, choice.channel, choice.consent, choice.excluded_reason))
    profit = choice.expected_profit.copy()
    rows = campaign.rows
    offer[rows] = channel[rows] = None
    pays = np.isfinite(campaign.profit).sum(axis=1) > 0
    reason[rows[campaign.reached]] = TOO_LOW
    reason[rows[campaign.reached & pays]] = USED_UP
    for j, option in enumerate(campaign.options):
        taken = found.choice == j
        at = rows[taken]
        offer[at], channel[at], reason[at] = option.offer, option.channel, None
        consent[at], profit[at] = field.reaches[option.channel].consent[at], campaign.profit[taken, j]
    return replace(choice, offer=offer, channel=channel, consent=consent, excluded_reason=reason, expected_profit=profit)


def _too_many(field: Field, choice: Choice, tests: Ints, found: Allocation) -> Ints:
    """Which customers of tests (rows) what campaigns leave is not enough for; lot decides."""
    rows = np.random.default_rng([field.settings.project.seed, 96]).permutation(tests)
    fits = np.ones(len(rows), dtype=bool)
    for channel, most in field.limits.capacity.items():
        here = choice.channel[rows] == channel
        fits &= ~here | (np.cumsum(here) <= most - found.contacts.get(channel, 0))
    if field.limits.budget is not None:
        cost = _costs(field, choice, rows)
        fits &= (cost == 0) | (np.cumsum(np.where(fits, cost, 0.0)) <= field.limits.budget - found.spent + 1e-9)
    return rows[~fits]


def _costs(field: Field, choice: Choice, rows: Ints) -> Floats:
    """Money per contact of customers with a channel, (len(rows),); 0 where there is none."""
    cost = np.zeros(len(rows))
    for channel in field.settings.channels:
        cost[choice.channel[rows] == channel] = field.settings.contact_cost(channel)
    return cost


# --- what is told ------------------------------------------------------------------------------------------------


def _told(field: Field, choice: Choice, found: Allocation, *, tests: int) -> Allocated:
    contacted = np.flatnonzero(absent(choice.excluded_reason))
    spent = float(_costs(field, choice, contacted).sum())
    used = {c: int((choice.channel[contacted] == c).sum()) for c in field.limits.capacity}
    limits = [] if field.limits.budget is None else [Limit("budget", field.limits.budget, spent, found.prices.get("budget", 0.0))]
    limits += [Limit(c, most, used[c], found.prices.get(c, 0.0)) for c, most in field.limits.capacity.items()]
    told = Allocated(
        judged_by=field.limits.judged_by,
        contacts=int((found.choice >= 0).sum()),
        profit=found.profit,
        bound=found.bound,
        gap=found.gap,
        tests=tests,
        spent=spent,
        too_low=int((choice.excluded_reason == TOO_LOW).sum()),
        used_up=int((choice.excluded_reason == USED_UP).sum()),
        limits=tuple(limits),
        sentence="",
    )
    return replace(told, sentence=_sentence(told, field.settings.project.currency))


def _sentence(told: Allocated, currency: str) -> str:
    tests = f" Tests get {told.tests:,} contacts from what is left, by lot." if told.tests else ""
    scarce = [_price(limit, currency) for limit in told.limits if limit.price > 0]
    if not told.contacts:
        return f"No contact is expected to earn money within the limits.{tests}{''.join(scarce)}"
    best = f"no choice within the limits can be expected to earn more than {told.bound:,.2f} {currency}"
    given_away = f"so at most {100 * told.gap:.3f} % is given away"
    return f"{told.contacts:,} contacts are expected to earn {told.profit:,.2f} {currency}; {best}, {given_away}.{tests}{''.join(scarce)}"


def _price(limit: Limit, currency: str) -> str:
    unit = f"{currency} of budget" if limit.name == "budget" else f"contact by {limit.name}"
    return f" One more {unit} would earn {limit.price:,.2f} {currency}."
