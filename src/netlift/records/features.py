"""What is known of customers, how they answered past contacts, and what they will spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import numpy as np

from netlift.records.basics import Floats, Ints, Texts


@dataclass(frozen=True, slots=True)
class Feature:
    """What one number about a customer means."""

    name: str
    unit: str
    meaning: str
    group: str  # "value", "rhythm", "basket", "category", "time", "campaign", "browsing", "survey", "forecast", "attribute", "own"
    missing: str  # the rule for customers without the facts, in words
    scale: Literal["standard", "log", "logit"] = "standard"  # how segmentation scales it unless told otherwise
    sensitivity: Literal["none", "A", "B", "C"] = "none"  # classes of the review policy
    uses_response: bool = False  # computed from answers to campaigns: a circularity risk
    words: tuple[str, str] | None = None  # what to call customers with little and with much of it, e.g. ("rare buyers", "frequent buyers")
    clustered: bool = True  # whether segments are made of it where the settings name no inputs


@dataclass(frozen=True, slots=True)
class BookedCampaign:
    """A past campaign as an accounting counts it. Money in the accounting's currency."""

    campaign: str
    offer: str
    channel: str | None
    contacts: int  # customers addressed
    responses: int  # of them who answered
    spent: float  # money for its contacts
    earned: float  # money that its answers brought
    cost_from: str  # where the cost of a contact was taken from
    revenue_from: str  # where the revenue of an answer was taken from


@dataclass(frozen=True, slots=True)
class Accounting:
    """The book-keeping behind every profit: which campaigns, which contacts, which cost and revenue."""

    name: str  # e.g. "last campaign"
    contact_cost: float  # money per contact, on average over the campaigns
    revenue: float  # money per response, on average
    currency: str
    campaigns: tuple[BookedCampaign, ...] = ()  # none for a single table, where one cost and one revenue hold for everybody
    varies: bool = False  # whether contacts or answers differ in money, so that cost and revenue are means

    @property
    def break_even(self) -> float:
        """Response rate at which a contact pays for itself."""
        return self.contact_cost / self.revenue

    def __str__(self) -> str:
        mean = "on average " if self.varies else ""
        revenue, cost = amount(self.revenue), amount(self.contact_cost)
        return f"{self.name}: {mean}{revenue} {self.currency} per response, {cost} {self.currency} per contact"


def amount(money: float) -> str:
    """An amount of money in figures: 11, 0.05, 1,234,567.50, and three digits of amounts below a hundredth."""
    if 0 < abs(money) < 0.01:
        return f"{money:.3g}"
    return f"{money:,.2f}".removesuffix(".00")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How customers answered past contacts; the money that judges segments.

    `contacts` and `responses` are n x m counts for the m past offers named in `offers`; `spent` and `earned` (n x m) their money,
    where it differs between contacts; None = every contact and answer has the accounting's.
    """

    accounting: Accounting
    offers: tuple[str, ...]
    contacts: Ints
    responses: Ints
    columns: tuple[str, ...] = ()  # customer columns the outcome was read from (wide tables)
    note: str = ""  # which campaigns and period, in words
    overlaps: bool = False  # observed in the time the features look at: they may know the answers
    spent: Floats | None = None
    earned: Floats | None = None

    def of(self, at: Ints) -> Outcome:
        """That of some customers; the accounting stays that of all."""
        spent, earned = (None if x is None else x[at] for x in (self.spent, self.earned))
        return replace(self, contacts=self.contacts[at], responses=self.responses[at], spent=spent, earned=earned)

    def costs(self) -> Floats:
        """Money for the contacts of each customer with each offer, (n, m)."""
        return np.asarray(self.accounting.contact_cost * self.contacts, dtype=np.float64) if self.spent is None else self.spent

    def revenues(self) -> Floats:
        """Money that the answers of each customer to each offer brought, (n, m)."""
        return np.asarray(self.accounting.revenue * self.responses, dtype=np.float64) if self.earned is None else self.earned

    def profit(self) -> Floats:
        """Money each customer brought over all contacts, (n,)."""
        return np.asarray((self.revenues() - self.costs()).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Purchases of customers with so many repeat purchases in days that the model had not seen: foretold beside actual, per customer."""

    repeats: str  # "0", "1", ..., "4 or more"
    customers: int
    foretold: float
    came: float


@dataclass(frozen=True, slots=True)
class ForecastCheck:
    """How a forecast did whose model knew only the days before the last `held_out` of them."""

    held_out: int  # days
    purchases: tuple[Calibration, ...]
    foretold: float  # money of all customers together
    came: float
    inside: float  # share of customers whose money was in their 95 % interval


STAGES_OF_LIFE = ("not bought yet", "new", "active", "lapsing", "lost")  # by the values of the feature lifecycle


@dataclass(frozen=True, slots=True)
class Learnt:
    """What features take from all customers together; kept with the model, so that others change no customer's later."""

    shares: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # by feature: facts that the mean of all weighs, and that mean
    value: Mapping[str, float] = field(default_factory=dict)  # parameters of BG/NBD and gamma-gamma; empty = not foretold
    check: ForecastCheck | None = None
    lifecycle: tuple[float, float] | None = None  # days since the last purchase: active up to the first, lapsing up to the second


@dataclass(frozen=True, slots=True)
class Forecast:
    """What each customer will spend in the next days, (n,) each; NaN for customers who have not bought."""

    horizon: int  # days
    spend: Floats
    low: Floats  # 95 % interval of what the customer will spend
    high: Floats
    check: ForecastCheck


@dataclass(frozen=True, slots=True)
class Features:
    """One row per customer, everything known strictly before `as_of`."""

    as_of: datetime  # in the project's time zone
    features: tuple[Feature, ...]
    customer_ids: Texts  # (n,) sorted, distinct
    values: Floats  # (m, p) of the customers at `rows`, NaN where the fact is missing
    inputs: tuple[str, ...]  # names of the features that segmentation may cluster on
    value: Floats | None  # (n,) what a customer is worth, for ordering segments; None = unknown
    value_name: str  # e.g. "amount spent, USD"
    outcome: Outcome | None
    notes: tuple[str, ...] = ()  # which facts are missing and which table would bring them
    rows: Ints | None = None  # (m,) ascending positions of a random sample, where all are too many for memory; None = everybody
    forecast: Forecast | None = None
    learnt: Learnt = Learnt()
    # (n,) by what it is of, e.g. "spend": "enough" own facts, "shrunk" to the mean of all, "prior-only" = that mean; None = no figure
    sufficiency: Mapping[str, Texts] = field(default_factory=dict)

    def column(self, name: str) -> Floats:
        """The values of one feature, shape (m,)."""
        return self.values[:, [f.name for f in self.features].index(name)]

    def sample(self) -> Features:
        """The customers whose values are here, as if they were all: itself but for very many customers."""
        return self if self.rows is None else self._of(self.rows, self.values)

    def of(self, at: Ints) -> Features:
        """Some customers, of those whose values are all here, as if they were all."""
        if self.rows is not None:
            raise AssertionError("the values are of a sample already")
        return self._of(at, self.values[at])

    def _of(self, at: Ints, values: Floats) -> Features:
        o, f = self.outcome, self.forecast
        return replace(
            self,
            customer_ids=self.customer_ids[at],
            values=values,
            value=None if self.value is None else self.value[at],
            outcome=None if o is None else o.of(at),
            rows=None,
            forecast=f and replace(f, spend=f.spend[at], low=f.low[at], high=f.high[at]),
            sufficiency={name: tiers[at] for name, tiers in self.sufficiency.items()},
        )
