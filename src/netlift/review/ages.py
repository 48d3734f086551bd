"""Ages and years of birth in the conditions of an audience, as numbers, dates or words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import inf

from netlift import catalogue
from netlift.catalogue.ages import Kind, said
from netlift.review.campaign import Condition, Text

ADULT = 18  # years; the policy keeps 18 also where 16 would do
NO_AGE = re.compile(
    "day|week|month|account|order|tenure|visit|session|since|member|page|basket|usage|percent|storage|device|phone|car|house"
)
NAMELESS = re.compile(r"^[a-z]{0,4}[_.-]?\d+$", re.IGNORECASE)  # f3, attr_7: the name says nothing
TEENS = (10, 17)
THINGS = ("purchases.", "browsing.", "cart.", "transactions.", "payments.", "products.")  # whose years are not a person's


@dataclass(frozen=True, slots=True)
class Ages:
    """The ages a condition picks, both ends in, and where its words say so ("" = its field does)."""

    low: float
    high: float
    where: str = ""
    evidence: str = ""


def today() -> date:
    """The day on which ages are counted."""
    return datetime.now(tz=UTC).date()


def ages(condition: Condition) -> Ages | None:
    """The ages that a condition is about; None where it is about something else."""
    kind = _kind(condition)
    spans = [s for s in _spans(condition, kind) if s is not None]
    if not spans:
        return None
    low, high = min(s.low for s in spans), max(s.high for s in spans)
    first = next((s for s in spans if s.evidence), spans[0])
    if condition.op in {">=", ">"}:
        low, high = (-inf, high - (condition.op == ">" and kind == "birth")) if kind == "birth" else (low, inf)
    elif condition.op in {"<=", "<"}:
        low, high = (low, inf) if kind == "birth" else (-inf, high - (condition.op == "<"))
    nameless = kind == "free" and not first.evidence
    if nameless and not TEENS[0] <= low <= high <= TEENS[1]:
        return None
    return Ages(low, high, first.where, first.evidence)


def told(text: Text) -> Iterator[Ages]:
    """Ages that a name or a definition says by itself."""
    for span in said(text.text, "free", today=today()):
        yield Ages(span.low, span.high, f"{text.where}:{span.start}-{span.end}", text.text[span.start : span.end])


def _kind(condition: Condition) -> Kind:
    leaf = condition.leaf
    if catalogue.phrases(leaf, "people.birth", name=True):
        return "birth"
    if catalogue.phrases(leaf, "people.age", name=True) and not NO_AGE.search(leaf.lower()):
        return "age"
    return "free"


def _spans(condition: Condition, kind: Kind) -> Iterator[Ages | None]:
    for value in condition.value if isinstance(condition.value, list | tuple) else [condition.value]:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield _number(condition, float(value), kind)
    if condition.field.startswith(THINGS):
        return
    for text in condition.texts:
        for span in said(text.text, kind, today=today()):
            yield Ages(span.low, span.high, f"{text.where}:{span.start}-{span.end}", text.text[span.start : span.end])


def _number(condition: Condition, value: float, kind: Kind) -> Ages | None:
    if kind == "age":
        return Ages(value, value)
    if kind == "birth":
        if 1900 < value < 2100:
            return Ages(today().year - value, today().year - value)
        days = said(f"{value:.0f}", "birth", today=today()) if abs(value) < 1e9 else ()
        return Ages(days[0].low, days[0].high) if days else None
    named = condition.field.split(".")[0] in {"profile", "attributes", "person", "customer", condition.leaf}
    return Ages(value, value) if named and NAMELESS.match(condition.leaf) else None


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
