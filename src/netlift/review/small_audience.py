"""SMALL_AUDIENCE: a handful of people could be recognised, and feel picked out."""

from __future__ import annotations

import re
from typing import Literal

from netlift.records import Finding, Plan
from netlift.settings import ReviewSettings

TINY = 50  # people below whom personal words or sensitive facts block
COMFORTABLE = 300  # people from whom on size is no matter

# A place in the message that is filled with something about the reader, or depends on it.
FIELD = re.compile(r"\{(?:%[-+]?\s*(?:el)?if\b|\{?[-+]?)(?:\s|\(|not\b)*(\w+)")
NOT_PERSONAL = {"unsubscribe", "unsubscribe_url", "unsubscribe_link", "sender"}


def small_audience(plan: Plan, policy: ReviewSettings) -> tuple[Finding, ...]:
    """Judge the number of people who will get a message; an empty audience is another check's matter."""
    people = int(plan.audience.contacted().sum())
    personal = _personal(plan) if 0 < people < TINY else ""
    if personal:
        return (_finding("block", people, f"The plan uses {personal}, which picks people out. Take it away or widen the audience."),)
    if 0 < people < policy.min_audience:
        return (_finding("review", people, f"The floor is {policy.min_audience}. Widen the audience, e.g. by joining segments."),)
    if 0 < people < COMFORTABLE:
        return (_finding("note", people, "Consider joining segments."),)
    return ()


def _finding(severity: Literal["block", "review", "note"], people: int, advice: str) -> Finding:
    text = f"Only {people:,} people will get the message. {advice}"
    return Finding("SMALL_AUDIENCE", severity, "audience", text)


def _personal(plan: Plan) -> str:
    """The first personal word of a message or sensitive fact that the segments were made from; empty = none."""
    fields = {f for m in plan.messages for f in FIELD.findall(f"{m.subject} {m.text}")} - NOT_PERSONAL
    if fields:
        return f"the personal field '{min(fields)}'"
    sensitive = [f.name for f in plan.inputs if f.sensitivity in {"A", "B"}]
    return f"the sensitive fact '{sensitive[0]}'" if sensitive else ""
