"""Arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netlift.records.basics import Texts


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
