"""What campaigns brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

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
