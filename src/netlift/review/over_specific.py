"""OVER_SPECIFIC: so many personal conditions, or such rare combinations, that people are singled out."""

from __future__ import annotations

from collections.abc import Iterator

from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings

MANY = 5  # personal conditions
IN_SMALL_CELLS = 0.1  # share of the audience in cells of fewer than 11 people


def over_specific(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Review five or more conditions (counted inside conjunctions), or more than a tenth of the audience in small cells."""
    return tuple(_found(campaign))


def _found(campaign: Campaign) -> Iterator[Finding]:
    counted = [c for c in campaign.conditions if c.count]
    number = sum(c.count for c in counted)
    if number >= MANY:
        text = f"{number} personal conditions choose these people; from {MANY} on they are singled out. Drop some."
        evidence = ", ".join(c.field for c in counted)
        yield found("OVER_SPECIFIC", "review", ", ".join(c.where for c in counted), text, evidence=evidence, fix="fewer_conditions")
    share = campaign.measured.small_cells
    if share is not None and share > IN_SMALL_CELLS:
        text = f"{share:.0%} of the audience are in groups of fewer than 11 people with the same facts. Use coarser facts."
        yield found("OVER_SPECIFIC", "review", "audience.measured.small_cells", text, evidence=f"{share:g}", fix="other_facts")
