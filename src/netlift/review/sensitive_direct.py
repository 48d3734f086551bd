"""SENSITIVE_DIRECT: a rule, exclusion, product list, answer or column that says something sensitive of people."""

from __future__ import annotations

from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.review.signals import by_class, unlifted
from netlift.settings import ReviewSettings


def sensitive_direct(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """One finding per sensitive condition, and one per class of what segments were made from."""
    return (*_conditions(campaign), *_inputs(campaign))


def _conditions(campaign: Campaign) -> tuple[Finding, ...]:
    made: dict[tuple[str, str], Finding] = {}
    for s in unlifted(campaign):
        if not s.inferred:
            severity = by_class(s.letter, s.topic, campaign)
            what = f"{words(s.topic)} (class {s.letter})"
            text = f"People are chosen by '{s.evidence}', which tells of {what}, without an explicit opt-in for that."
            made.setdefault(
                (s.where, s.topic), found("SENSITIVE_DIRECT", severity, s.where, text, evidence=s.evidence, fix="drop_condition")
            )
    return tuple(made.values())


def _inputs(campaign: Campaign) -> tuple[Finding, ...]:
    made = []
    for letter in ("A", "B", "C"):
        names = [f.name for f in campaign.inputs if f.sensitivity == letter]
        if names:
            facts, them = ("a sensitive fact", "it") if len(names) == 1 else ("sensitive facts", "them")
            text = (
                f"Segments were made from {', '.join(names)}: {facts} of class {letter}. "
                f"Cheapest fix: leave {them} out of features.include."
            )
            where = ", ".join(f"inputs.{name}" for name in names)
            made.append(found("SENSITIVE_DIRECT", by_class(letter, "", campaign), where, text, evidence=", ".join(names), fix="drop_input"))
    return tuple(made)


def words(topic: str) -> str:
    """A topic in words."""
    return topic.replace("_", " ")
