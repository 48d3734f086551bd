"""FEATURE_LEAK: what segments were made from tells an attribute, so that the segments encode it."""

from __future__ import annotations

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, Severity, found
from netlift.settings import ReviewSettings

LEAKS = 0.70  # cross-validated AUC


def feature_leak(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """The label "encodes X" on every campaign that uses the segments; class A goes to review."""
    made = []
    for name, auc in campaign.measured.leak.items():
        if auc >= LEAKS:
            severity: Severity = "review" if catalogue.sensitivity(name) == "A" else "note"
            text = f"The segments encode {name}: it can be told from what they were made of with an AUC of {auc:.2f}."
            made.append(
                found("FEATURE_LEAK", severity, f"audience.measured.feature_auc.{name}", text, evidence=f"{auc:g}", fix="drop_input")
            )
    return tuple(made)
