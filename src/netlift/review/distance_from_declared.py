"""DISTANCE_FROM_DECLARED: how much of the choice people gave knowingly, and how much was watched or guessed."""

from __future__ import annotations

from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings

MOSTLY = 0.5


def shares(campaign: Campaign) -> dict[str, float]:
    """Share of the conditions that are declared, observed, inferred; empty without conditions."""
    kinds = {"declared": "declared", "observed": "observed", "modelled": "inferred", "third party": "inferred"}
    counted = [(kinds[c.distance], max(1, c.count)) for c in campaign.conditions]
    total = sum(n for _, n in counted)
    return {kind: sum(n for k, n in counted if k == kind) / total for kind in ("declared", "observed", "inferred")} if total else {}


def distance_from_declared(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Note a choice that is mostly inferred."""
    parts = shares(campaign)
    if parts.get("inferred", 0.0) <= MOSTLY:
        return ()
    inferred = [c for c in campaign.conditions if c.distance in {"modelled", "third party"}]
    text = "Of the conditions, " + ", ".join(f"{share:.0%} are {kind}" for kind, share in parts.items()) + "."
    return (
        found(
            "DISTANCE_FROM_DECLARED",
            "note",
            ", ".join(f"{c.where}.field" for c in inferred),
            text,
            evidence=", ".join(c.field for c in inferred),
        ),
    )
