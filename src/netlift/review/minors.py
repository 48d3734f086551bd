"""MINORS: nobody below 18 is profiled or addressed."""

from __future__ import annotations

from collections.abc import Iterator

from netlift import catalogue
from netlift.records import Finding
from netlift.review.ages import ADULT, Ages, adults_only, ages, spares_minors, told
from netlift.review.campaign import Campaign, Condition, at, found
from netlift.review.signals import signals
from netlift.settings import ReviewSettings

WIDE = 60  # years: an upper end from here on only rules out the oldest, and says nothing of the young
SIGNS = 2  # different words of school life that make an offer for children one to children


def minors(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block ages below 18, known, modelled or addressed; review where the ages have no lower end."""
    adults = adults_only(campaign.conditions)
    made = [f for c in campaign.conditions for f in _ages(c, adults=adults)]
    made += [_blocked(span.where, span.evidence) for t in (*campaign.lineage, *campaign.inferred) for span in told(t) if _young(span)]
    made += [_blocked(s.where, s.evidence) for s in signals(campaign) if s.topic == "minors"]
    return (*made, *(() if adults else _addressed(campaign)))


def _blocked(where: str, evidence: str, fix: str = "adults_only") -> Finding:
    text = f"'{evidence}' is about people below {ADULT}, who may not be profiled for advertising. Leave them out."
    return found("MINORS", "block", where, text, evidence=evidence, fix=fix)


def _ages(condition: Condition, *, adults: bool) -> Iterator[Finding]:
    span = ages(condition)
    if span is None or spares_minors(condition):
        return
    where, evidence = (span.where, span.evidence) if span.evidence else (f"{condition.where}.field", condition.field)
    if _young(span):
        yield _blocked(where, evidence)
    elif span.low < ADULT and span.high < WIDE and not adults:
        text = f"'{evidence}' has no lower end, so people below {ADULT} may be among them. Add an age of at least {ADULT}."
        yield found("MINORS", "review", where, text, evidence=evidence, fix="adults_only")


def _young(span: Ages) -> bool:
    """Whether ages below 18 are picked, and not only not ruled out."""
    return span.low < ADULT and (span.low > 0 or span.high < ADULT)


def _addressed(campaign: Campaign) -> Iterator[Finding]:
    for text in campaign.copy:
        claims = [h for h in catalogue.about(text.text, "claims", name=text.tag) if h.topic == "minors"]
        signs = [h for h in catalogue.about(text.text, "hints", name=text.tag) if h.topic == "minors"]
        if claims:
            yield _blocked(at(text, claims[0]), claims[0].text, "neutral_copy")
        elif campaign.offering("child_directed") and len({h.text.lower() for h in signs}) >= SIGNS:
            yield _blocked(at(text, signs[0]), signs[0].text, "neutral_copy")
