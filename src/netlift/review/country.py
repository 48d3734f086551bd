"""NO_COUNTRY: rules differ by country, so nothing is sent to an unknown one."""

from __future__ import annotations

from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings


def country(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block where the country is not known."""
    if campaign.jurisdiction:
        return ()
    text = "Unknown country: which rules hold for these people is not known. Write project.country in netlift.toml, e.g. 'US'."
    return (found("NO_COUNTRY", "block", "country", text, fix="name_country"),)
