"""What the stages hand to each other, in flow order: the file to read first.

Every stage is a pure function from some of these records to the next one. From `Features` on, all per-customer
arrays have one entry per customer in the order of `Features.customer_ids` (n customers, sorted by id).
Money is in the project's currency; times are naive UTC unless a name says `local`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]  # entries are str, or None where nothing applies

Progress = Callable[[float, str], None]  # share done (0..1) within the stage, and what is being done


def silent(share: float, doing: str) -> None:
    """The progress of somebody who does not want to see any."""


# --- sources -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table that came in together, in a Parquet file that never changes: the canonical columns and `bucket`, sorted by it."""

    name: str  # changes with any row in it, so whatever was computed from a part may be kept under its name
    path: Path
    rows: int
    first: datetime | None  # of local_timestamp
    last: datetime | None


@dataclass(frozen=True, slots=True)
class HealthFigure:
    """One figure about the health of a table; `text` says it in words, and `remarkable` whether an analyst should look."""

    table: str
    kind: Literal["freshness", "volume", "missing", "drift", "coverage", "clock", "ids"]
    column: str  # "" where it is the table's
    value: float
    unit: str
    text: str
    remarkable: bool


@dataclass(frozen=True, slots=True)
class TableInput:
    """One canonical table as it was read. The rows themselves stay in the engine under `table`."""

    table: str
    source: str  # what the user named: a path, never a secret
    rows_in: int
    rows_ok: int
    rows_quarantined: int  # refused, with a reason, in the engine's table `quarantine`
    rows_left_out: int  # left out on purpose by `where`
    sha256: str  # of the bytes read; of the files' own, joined, where there are several
    columns: Mapping[str, str]  # canonical name -> "text" | "number" | "timestamp"
    findings: tuple[str, ...] = ()  # data-quality remarks in plain words
    parts: tuple[Part, ...] = ()  # the files the engine's view reads; empty = the rows are in the engine itself

    def __post_init__(self) -> None:
        """Hold the contract that no row is lost."""
        if self.rows_in != self.rows_ok + self.rows_quarantined + self.rows_left_out:
            raise AssertionError(f"rows of {self.table} do not add up: {self}")


@dataclass(frozen=True, slots=True)
class Tables:
    """The checked canonical tables, in the order of the settings."""

    inputs: tuple[TableInput, ...]
    health: tuple[HealthFigure, ...] = ()
    buckets: int = 1  # `bucket` of tables in parts = bucket_of(customer_id, buckets): whole customers, so features need one at a time

    def told(self) -> Tables:
        """What there is to tell of the tables when their rows are gone: without parts."""
        return replace(self, inputs=tuple(replace(i, parts=()) for i in self.inputs), buckets=1)

    def parts(self, table: str) -> tuple[Part, ...]:
        """The parts of a table; empty where its rows are in the engine itself."""
        return next((i.parts for i in self.inputs if i.table == table), ())

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table was given, with all of these columns."""
        return any(i.table == table and set(columns) <= set(i.columns) for i in self.inputs)

    def addressed(self, alias: str) -> str:
        """SQL condition on rows of `contacted`: the customer was addressed, not left alone to compare with."""
        return f"NOT is_held_out({alias}.arm)" if self.has("contacted", "arm") else "TRUE"

    def columns(self, table: str) -> Mapping[str, str]:
        """Columns of a table and their kinds; empty where the table was not given."""
        return next((i.columns for i in self.inputs if i.table == table), {})


# --- features ----------------------------------------------------------------------------------------------------


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


# --- segments ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """One algorithm at one number of segments. NaN where a figure could not be had."""

    algorithm: str
    k: int
    stability: float  # mean pairwise adjusted Rand index of fits on disjoint sub-samples, judged on common customers
    stability_null_p: float  # p of the structure test (a property of the data)
    silhouette: float
    usefulness: float  # decision value per customer on the split named in `judged_on`, money
    usefulness_low: float  # one-sided 95 % bounds
    usefulness_high: float
    usefulness_p: float  # permutation test; NaN but for the chosen one, which alone is tested
    seconds: float
    judged_on: Literal["choose", "report", "none"] = "none"
    chosen: bool = False
    stage: str = ""  # the stage of life whose customers are meant; "" = all


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether segments exist and whether they are worth money."""

    structure: Literal["natural", "overlapping", "constructed", "none"]
    useful: bool
    reason: str  # one or two plain sentences
    evidence: Mapping[str, float] = field(default_factory=dict)  # z, p, valley share, V, its bounds, sample sizes


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The chosen segmentation, or the statement that there is none."""

    verdict: Verdict
    comparison: tuple[Candidate, ...]
    algorithm: str  # "" where the verdict is none
    segment: Ints  # (n,) 1..k ordered by value, 1 = most valuable; all 0 where the verdict is none
    x: Floats  # (n,) map coordinates; no unit
    y: Floats
    anomaly_score: Floats  # (n,) 0..1, share of a frozen reference that is less unusual
    anomaly_reason: Texts  # (n,) the most unusual facts in words
    inputs: tuple[str, ...]  # names of the features clustered on
    warnings: tuple[str, ...] = ()
    membership: Floats | None = field(default=None, repr=False)  # (n, k) P(segment 1), ..., P(segment k); None where the verdict is none
    model: bytes | None = field(
        default=None, repr=False
    )  # the frozen model that gave everybody the above and can give it to customers never seen
    stages: Mapping[int, str] = field(default_factory=dict)  # by segment: the stage of life its customers are in; empty = not told apart


# --- insight -----------------------------------------------------------------------------------------------------


# What a figure rests on: "enough" facts of its own, "few", few and so "shrunk" to what is known of all, or "prior-only": that alone.
Sufficiency = Literal["enough", "few", "shrunk", "prior-only"]
RESTS_ON: Mapping[str, str] = {
    "enough": "enough facts",
    "few": "few facts",
    "shrunk": "few facts, drawn to the others",
    "prior-only": "no facts, only the others'",
}


@dataclass(frozen=True, slots=True)
class Trait:
    """Mean of one feature in a segment beside the mean of all customers."""

    feature: str
    mean: float
    base_mean: float
    unit: str
    difference: float  # (mean - base mean) / standard deviation of all customers
    enough: float = 1.0  # share of the segment's customers whose own facts tell it
    shrunk: float = 0.0  # share of those with few facts, drawn to the mean of all; of the others nothing is known


@dataclass(frozen=True, slots=True)
class Response:
    """Answers to past contacts: rate with a 95 % interval."""

    contacts: int
    responses: int
    rate: float
    low: float
    high: float
    sufficiency: Sufficiency = "enough"


@dataclass(frozen=True, slots=True)
class Profit:
    """Money per past contact under one named accounting, with a 95 % interval."""

    accounting: str
    per_contact: float
    low: float
    high: float
    total: float
    sufficiency: Sufficiency = "enough"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment explained."""

    segment: int
    name: str
    size: int
    share: float
    summary: str
    rules: tuple[str, ...]
    rules_fidelity: float  # Cohen's kappa of its rules against this segment, on customers the rules were not made on
    profile: tuple[Trait, ...]
    response: Response | None
    profit: Profit | None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What all customers would say to a question of a survey: the share who give one answer, or the mean of all answers."""

    question: str
    answer: str | None  # None = the figures are of the mean of an answer in numbers
    answered: int  # customers who answered the question
    customers: int  # of those, who gave this answer
    raw: float  # share or mean among those who answered
    weighted: float  # the same with weights that make them look like all customers
    low: float  # 95 % interval of `weighted`
    high: float
    effective: float  # as many equal answers would be worth the same
    missed: float  # share of all customers for whom nobody like them in segment, money or recency answered, or too few
    sufficiency: Sufficiency = "enough"


@dataclass(frozen=True, slots=True)
class Insight:
    """What sets the segments apart. Empty where the verdict is none."""

    segments: tuple[Segment, ...]
    base_response: Response | None
    base_profit: Profit | None
    warnings: tuple[str, ...] = ()
    opinions: tuple[Opinion, ...] = ()


# --- offers ------------------------------------------------------------------------------------------------------

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


# --- experiments -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assignment:
    """Arms of the people who may be contacted."""

    experiment: str
    holdout: float  # share asked for
    arm: Texts  # (n,) "holdout", "treated", or an offer's arm name; None where excluded
    counts: Mapping[str, int]
    detectable: float | None  # smallest difference in response rate found with 80 % power, as a share; None = no base rate
    note: str
    offer: Texts | None = None  # (n,) the offer drawn in an A/B test; entries None where the chosen offer stands


# --- review ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """What is said for one offer on one channel: templates, before anybody's fields are filled in."""

    offer: str
    channel: str
    sender: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody, with what will happen to them: the rows of audience.parquet. All arrays (n,).

    `excluded_reason` is None for whoever gets a message; who is held out has the arm and the reason "holdout".
    """

    customer_ids: Texts
    segment: Ints
    offer: Texts
    channel: Texts
    arm: Texts
    expected_profit: Floats
    excluded_reason: Texts

    def contacted(self) -> NDArray[np.bool_]:
        """Who gets a message: not excluded and not held out."""
        return np.array([r is None and a != "holdout" for r, a in zip(self.excluded_reason, self.arm, strict=True)], dtype=bool)

    def counts(self) -> dict[str, int]:
        """Number of people contacted, held out, and excluded by reason; adds up to everybody."""
        labels = [r or ("holdout" if a == "holdout" else "contacted") for r, a in zip(self.excluded_reason, self.arm, strict=True)]
        names, numbers = np.unique(np.array(labels, dtype=str), return_counts=True)
        return dict(zip(names.tolist(), numbers.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be sent and to whom: what the committee approves."""

    name: str
    country: str
    audience: Audience
    messages: tuple[Message, ...]
    segments: Mapping[int, str]  # names
    inputs: tuple[Feature, ...]  # the features the segments were made from
    holdout: float
    salt_id: str  # names the experiment and its salt; the salt itself is in the store
    consent: Texts
    contacts_7d: Ints
    contacts_30d: Ints
    budget: float  # contact cost x people contacted
    categories: tuple[str, ...] = ()  # what the offers that will be sent are about


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a policy check."""

    code: str  # reason code of the policy, e.g. NO_LAWFUL_BASIS
    severity: Literal["block", "review", "note"]
    where: str  # the part of the plan it was found in
    text: str  # what is wrong and what to do, in one or two sentences
    evidence: str = ""  # the very words, figure or column
    fix: str = ""  # the kind of edit that takes it away; empty = none is known


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """All findings; the verdict is the most severe of them."""

    verdict: Literal["block", "review", "pass"]
    findings: tuple[Finding, ...]
    policy_version: str


# --- campaigns ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed row of the ledger: a message for one person. Never logged: it holds contact data."""

    delivery_id: int
    token: str  # the claim's fencing token
    customer_id: str
    address: str
    fields: Mapping[str, Any]
    message: Message
    message_id: str  # deterministic, so that it can be looked for in the receiver's records
    attempts: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery.

    accepted: the relay took it. retry: certainly refused for now. failed: certainly refused for good.
    unknown: the body was on the wire and no answer came; held, never resent silently.
    """

    delivery_id: int
    state: Literal["accepted", "retry", "failed", "unknown"]
    reason: str  # the server's answer, without addresses


# --- measurement -------------------------------------------------------------------------------------------------


Evidence = Literal["randomised", "adjusted", "naive"]  # how far a lift may be believed, most first


@dataclass(frozen=True, slots=True)
class Estimate:
    """The lift of some campaigns by one estimator. None where it cannot be estimated; `warnings` say why."""

    scope: str  # a campaign id, a campaign type, "any", a run, or a segment of a run
    estimator: str
    evidence: Evidence
    lift: float | None  # relative: 0.05 = 5 % more sales
    low: float | None  # 95 % interval, customers as clusters
    high: float | None
    incremental_sales: float | None  # money over the campaigns' customers and days
    incremental_profit: float | None  # margin x incremental sales − contacts x cost; None where the margin is not known
    customers: int  # whose campaign days are measured
    comparison: str  # against what, in words
    warnings: tuple[str, ...] = ()
    incremental_low: float | None = None  # money at both ends of the lift's interval
    incremental_high: float | None = None
    profit_low: float | None = None
    profit_high: float | None = None
    return_on_spend: float | None = None  # incremental profit per money spent on contacts: 0 = they earned what they cost
    return_low: float | None = None
    return_high: float | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """All estimates, which one to believe, and the sentence that says so."""

    estimates: tuple[Estimate, ...]
    best: Estimate | None
    sentence: str
    start: date  # first and last local day of the sales measured
    end: date


# --- reports -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything the director's report shows, whatever the format."""

    title: str
    run_id: str
    created: datetime
    currency: str
    features: Features
    segmentation: Segmentation
    insight: Insight
    choice: Choice
    assignment: Assignment
    audience: Audience
    review: ReviewResult
    tables: Tables
    deliveries: Mapping[str, int] = field(default_factory=dict)  # ledger counts per state; empty before launch
    measurement: Measurement | None = None
    seed: int | None = None  # of the run; the map's sample is drawn with it
