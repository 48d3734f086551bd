"""What to send to whom, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from netlift.records.basics import Floats, Ints, Texts
from netlift.records.insight import Sufficiency

Action = Literal["keep", "new_offer", "ab_test", "do_not_target"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do with one segment, in money. Segment 0 = everybody (no segmentation)."""

    segment: int
    action: Action
    offers: tuple[str, ...]
    expected_profit_per_contact: float | None  # None = no evidence
    low: float | None
    high: float | None
    why: str
    warnings: tuple[str, ...] = ()
    sufficiency: Sufficiency | None = None  # of the expected profit; None = no evidence
    break_even: float | None = None  # share of answers from which a contact with what was tried pays; None = nothing was tried


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules of channels and countries say of n customers before anything is chosen."""

    barred: Mapping[str, Texts]  # by channel: (n,) why not; None = allowed, now or later within the campaign
    contacts_7d: Ints  # (n,) by other runs, made and planned
    contacts_30d: Ints


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking a customer which segment is his would be worth, (n,) each."""

    worth: Floats  # money per invitation: expected value of perfect information x chance to answer
    chance: Floats | None  # to answer, from an earlier survey; None = not known, and not counted


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that is scarce: the "budget", or the contacts of the channel of that name."""

    name: str
    most: float  # money, or contacts
    used: float  # by campaigns and tests together
    price: float  # profit that one more unit of it would be expected to earn


@dataclass(frozen=True, slots=True)
class Allocated:
    """Who is contacted within the settings' limits. Money in the project's currency; people held out later count as contacted."""

    judged_by: Literal["mean", "lower bound"]  # which figure had to pay for a contact
    contacts: int  # that are expected to earn money
    profit: float  # expected of them, after their cost
    bound: float  # no choice within the limits can be expected to earn more
    gap: float  # at most this share of the best possible profit is given away
    tests: int  # contacts of tests, from what was left
    spent: float  # on both
    too_low: int  # people who could be reached and are not expected to earn enough
    used_up: int  # people left out because a limit was reached
    limits: tuple[Limit, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A category that customers of a segment buy together with another one more often than chance."""

    category: str
    cosine: float  # customers who buy both / root of (who buy one x who buy the other)
    odds_ratio: float  # of customers who buy equally many other categories
    low: float  # 95 % interval of `odds_ratio`
    high: float


@dataclass(frozen=True, slots=True)
class NextCategory:
    """A category that a segment surely buys more than all customers and that no offer is about."""

    category: str
    buyers: int  # customers of the segment who buy it
    share: float  # of the segment's customers, drawn to that of all customers
    low: float  # 95 % interval of `share`
    high: float
    base: float  # share of all customers who buy it
    lift: float  # share / base
    lift_low: float  # 95 % interval of `lift`
    lift_high: float
    companion: Companion | None  # what the segment surely buys together with it; None = nothing sure


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the next offer to one segment could be about: a hypothesis to test. Segment 0 = everybody (no segmentation)."""

    segment: int
    customers: int
    categories: tuple[NextCategory, ...]  # the surest first; empty = nothing is clear
    fitting: tuple[str, ...]  # offers never sent that are about something the segment surely buys more than all customers
    text: str


@dataclass(frozen=True, slots=True)
class PastEffect:
    """What a past campaign changed, from customers held out. Money per customer contacted, after its cost, with 95 % intervals."""

    campaign: str
    offer: str
    contacted: int
    held_out: int
    of: str  # the outcome in words
    effect: float  # of contacting everybody
    low: float  # NaN: no interval can be believed, see the warnings
    high: float
    qini: float  # money per 1,000 customers: above 0 the order by predicted effect finds whom a contact moves
    qini_low: float
    qini_high: float
    by_lot: bool  # whether the arms can have been drawn at random
    personalise: bool  # whether deciding one by one surely earns more than the best thing done to everybody
    learner: str
    sentence: str
    warnings: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether contacts surely cost more than they brought."""
        return self.by_lot and self.high < 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Offer and channel per customer, and who cannot or should not be contacted."""

    recommendations: tuple[Recommendation, ...]
    offer: Texts  # (n,) None where excluded
    channel: Texts  # (n,) None where excluded
    expected_profit: Floats  # (n,) NaN where there is no evidence
    excluded_reason: Texts  # (n,) None = will be contacted (or held out)
    consent: Texts  # (n,) the proof of consent for the chosen channel, None where there is none
    contacts_7d: Ints  # (n,) contacts in the 7 and 30 days before as_of, all campaigns
    contacts_30d: Ints
    warnings: tuple[str, ...] = ()
    asking: Asking | None = None  # None where there are no segments, or nothing is known of what contacting them brings
    allocated: Allocated | None = None  # None where the settings set no limits
    proposals: tuple[Proposal, ...] = ()  # one per segment; empty where nothing is known of what customers buy
    effects: tuple[PastEffect, ...] = ()  # of past campaigns that held customers out
