"""VULNERABLE_PRESSURE: urgency towards people in distress, grief or addiction."""

from __future__ import annotations

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, at, found
from netlift.review.signals import signals
from netlift.settings import ReviewSettings

VULNERABLE = frozenset({"financial_distress", "addiction", "gambling", "bereavement", "mental_health"})


def vulnerable(campaign: Campaign) -> str:
    """What makes the audience vulnerable, in its own words; empty = nothing seen. No opt-in changes it."""
    chosen = [s.evidence for s in signals(campaign) if s.topic in VULNERABLE]
    chosen += [
        f.name for f in campaign.inputs for h in catalogue.about(f.name, "fields", "products", "traits", name=True) if h.topic in VULNERABLE
    ]
    said = [
        h.text
        for t in campaign.copy
        for h in catalogue.about(t.text, "traits", "claims", name=t.tag)
        if h.topic in VULNERABLE and h.of_reader
    ]
    return next(iter(chosen + said), "")


def vulnerable_pressure(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block wording that presses people whom the audience or the copy shows to be vulnerable."""
    why = vulnerable(campaign)
    if not why:
        return ()
    return tuple(
        found(
            "VULNERABLE_PRESSURE",
            "block",
            at(text, hit),
            f"'{hit.text}' presses people who are vulnerable ('{why}'). Take the urgency away.",
            evidence=hit.text,
            fix="neutral_copy",
        )
        for text in campaign.copy
        for hit in catalogue.phrases(text.text, "urgency")[:1]
    )
