"""SMALL_AUDIENCE: a handful of people could be recognised, and feel picked out."""

from __future__ import annotations

import re

from netlift.records import Finding
from netlift.review.campaign import Campaign, Severity, found
from netlift.review.reveals_trait import revealed
from netlift.review.signals import unlifted
from netlift.settings import ReviewSettings

TINY = 50  # people below whom personal words or sensitive facts block
COMFORTABLE = 300  # people from whom on size is no matter

# A place in the message that is filled with something about the reader, or depends on it.
FIELD = re.compile(r"\{(?:%[-+]?\s*(?:el)?if\b|\{?[-+]?)(?:\s|\(|not\b)*(\w+)")
NOT_PERSONAL = {"unsubscribe", "unsubscribe_url", "unsubscribe_link", "sender"}


def small_audience(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:
    """Judge the number of people who will get a message; an empty audience is another check's matter."""
    people = campaign.size
    personal = _personal(campaign) if 0 < people < TINY else ""
    if personal:
        return (_finding("block", people, f"The plan uses {personal}, which picks people out. Take it away or widen the audience."),)
    if 0 < people < policy.min_audience:
        return (_finding("review", people, f"The floor is {policy.min_audience}. Widen the audience, e.g. by joining segments."),)
    if 0 < people < COMFORTABLE:
        return (_finding("note", people, "Consider joining segments."),)
    return ()


def _finding(severity: Severity, people: int, advice: str) -> Finding:
    text = f"Only {people:,} people will get the message. {advice}"
    return found("SMALL_AUDIENCE", severity, "audience.size", text, evidence=str(people), fix="widen")


def _personal(campaign: Campaign) -> str:
    """The first personal word of a message or sensitive fact that people are chosen by; empty = none."""
    fields = {f for t in campaign.copy for f in FIELD.findall(t.text)} - NOT_PERSONAL
    if fields:
        return f"the personal field '{min(fields)}'"
    sensitive = [f.name for f in campaign.inputs if f.sensitivity in {"A", "B"}]
    sensitive += [s.evidence for s in unlifted(campaign) if s.letter in "AB"]
    if sensitive:
        return f"the sensitive fact '{sensitive[0]}'"
    said = [hit.text for _, hit in revealed(campaign)]
    return f"the personal words '{said[0]}'" if said else ""
