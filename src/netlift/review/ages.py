"""Ages and years of birth in the conditions of an audience."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from netlift import catalogue
from netlift.review.campaign import Condition

ADULT = 18  # years; the policy keeps 18 also where 16 would do
NO_AGE = re.compile("day|week|month|account|order|tenure|visit|session|since|member|page|basket|usage|percent|storage")
NAMELESS = re.compile(r"^[a-z]{0,4}[_.-]?\d+$", re.IGNORECASE)  # f3, attr_7: the name says nothing
TEENS = (10, 17)


@dataclass(frozen=True, slots=True)
class Ages:
    """The ages a condition picks, both ends in."""

    low: float
    high: float


def ages(condition: Condition) -> Ages | None:
    """The ages that a condition is about; None where it is about something else."""
    leaf = condition.leaf
    span = _range(condition)
    if span is None:
        return None
    if catalogue.phrases(leaf, "people.birth", name=True):
        year = datetime.now(tz=UTC).year
        return Ages(year - span[1], year - span[0]) if max(abs(v) for v in span if abs(v) != inf) > 1900 else None
    if catalogue.phrases(leaf, "people.age", name=True) and not NO_AGE.search(leaf.lower()):
        return Ages(*span)
    nameless = bool(NAMELESS.match(leaf)) and condition.field.split(".")[0] in {"profile", "attributes", "person", "customer", leaf}
    return Ages(*span) if nameless and TEENS[0] <= span[0] <= span[1] <= TEENS[1] else None


def _range(condition: Condition) -> tuple[float, float] | None:
    value = condition.value
    numbers = [float(v) for v in (value if isinstance(value, list | tuple) else [value]) if isinstance(v, int | float) and v is not True]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    if condition.op in {">=", ">"}:
        return low, inf
    if condition.op in {"<=", "<"}:
        return -inf, high - (condition.op == "<")
    return low, high


def adults_only(conditions: tuple[Condition, ...]) -> bool:
    """Whether some condition leaves only adults: a lowest age, or everybody younger left out."""
    return any(_adult(c) for c in conditions)


def _adult(condition: Condition) -> bool:
    span = ages(condition)
    if span is None:
        return False
    return spares_minors(condition) if condition.excluded else span.low >= ADULT


def spares_minors(condition: Condition) -> bool:
    """Whether an exclusion takes out everybody below 18 (and not just some ages, which would select by them)."""
    span = ages(condition)
    return span is not None and condition.excluded and span.low <= 0 and span.high >= ADULT - 1
