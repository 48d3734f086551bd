"""What sets segments apart, and what customers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
