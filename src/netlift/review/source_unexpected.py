"""SOURCE_UNEXPECTED: social media, third parties, free text and support tickets are no source people expect."""

from __future__ import annotations

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, Severity, Text, found
from netlift.settings import ReviewSettings

KINDS = ("social", "third_party", "free_text", "support")


def source_unexpected(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block such a source unless its notice (GDPR Art. 14) is recorded; social media then still goes to review."""
    prefixes = [Text(f"{c.where}.field", c.field.split(".", 1)[0]) for c in campaign.conditions if "." in c.field]
    made = []
    for text in (*campaign.sources, *prefixes):
        kind = next((k for k in KINDS if catalogue.phrases(text.text, f"sources.{k}", name=True)), None)
        if kind and not (campaign.consent.notice and kind != "social"):
            severity: Severity = "review" if campaign.consent.notice else "block"
            said = f"The source '{text.text}' is one that people do not expect, and no notice to them is recorded. Leave it out."
            made.append(found("SOURCE_UNEXPECTED", severity, text.where, said, evidence=text.text, fix="drop_source"))
    return tuple(made)
