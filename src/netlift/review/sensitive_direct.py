"""SENSITIVE_DIRECT: facts about health, belief, money troubles and the like among what the segments were made from."""

from __future__ import annotations

from typing import Literal

from netlift.records import Finding, Plan
from netlift.settings import ReviewSettings

Severity = Literal["block", "review", "note"]

CLASSES: dict[str, Severity] = {"A": "block", "B": "review", "C": "note"}


def sensitive_direct(plan: Plan, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """One finding per class of sensitive facts, by the class that the features stage gave them."""
    found = []
    for letter, severity in CLASSES.items():
        names = [f.name for f in plan.inputs if f.sensitivity == letter]
        if names:
            facts, them = ("a sensitive fact", "it") if len(names) == 1 else ("sensitive facts", "them")
            text = (
                f"Segments were made from {', '.join(names)}: {facts} of class {letter}. "
                f"Cheapest fix: leave {them} out of features.include."
            )
            found.append(Finding("SENSITIVE_DIRECT", severity, ", ".join(f"inputs.{name}" for name in names), text))
    return tuple(found)
