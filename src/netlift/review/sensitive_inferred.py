"""SENSITIVE_INFERRED: a sensitive trait reached by a score, a look-alike seed, a combination of products or a segment's definition."""

from __future__ import annotations

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.review.sensitive_direct import words
from netlift.review.signals import baskets, by_class, opaque, signals
from netlift.settings import ReviewSettings


def sensitive_inferred(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Follow the lineage to seed, label and features; an opt-in for what was said does not cover guessing, so it goes to review."""
    made: dict[tuple[str, str], Finding] = {}
    for s in signals(campaign):
        if not s.inferred:
            continue
        severity = by_class(s.letter, s.topic, campaign)
        if campaign.lifts(s.topic) and severity == "block":
            severity = "review"
        text = (
            f"'{s.evidence}' lets {words(s.topic)} (class {s.letter}) be inferred, which nobody in the audience has told for this purpose."
        )
        made.setdefault((s.where, s.topic), found("SENSITIVE_INFERRED", severity, s.where, text, evidence=s.evidence, fix="drop_condition"))
    return (*made.values(), *_half_baskets(campaign), *_unnamed(campaign))


def _half_baskets(campaign: Campaign) -> tuple[Finding, ...]:
    """A combination without the offer that completes it: the committee looks."""
    return tuple(
        found(
            "SENSITIVE_INFERRED",
            "review",
            where,
            f"Together, {items} can stand for {words(topic)}. Choose people by fewer of them.",
            evidence=items,
            fix="drop_condition",
        )
        for topic, offered, where, items in baskets(campaign)
        if not offered and not campaign.lifts(topic)
    )


def _unnamed(campaign: Campaign) -> tuple[Finding, ...]:
    """A score that does not say what it predicts, beside an offer that would say it."""
    offers = [t for t in (*campaign.offers, *campaign.copy) if any(b.offered(t.text) for b in catalogue.baskets())]
    return tuple(
        found(
            "SENSITIVE_INFERRED",
            "block",
            f"{c.where}.field",
            f"What '{c.field}' predicts is not stated, and the offer ('{offers[0].text}') would complete a sensitive inference. "
            "State its label and features, or drop it.",
            evidence=c.field,
            fix="drop_condition",
        )
        for c in campaign.conditions
        if offers and opaque(c) and not campaign.consent.opt_in
    )
