"""PURPOSE_MISMATCH: what a column was given for must cover marketing."""

from __future__ import annotations

from collections.abc import Iterator

from netlift import catalogue
from netlift.records import Finding
from netlift.review.campaign import Campaign, Condition, at, found
from netlift.settings import ReviewSettings


def purpose_mismatch(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block service answers used for advertising; note answers whose purpose is not recorded."""
    return tuple(_found(campaign))


def _found(campaign: Campaign) -> Iterator[Finding]:
    agreed = campaign.consent.purposes
    if agreed and not any(_is(p, "marketing") for p in agreed):
        yield _blocked("consent.purposes", ", ".join(agreed), f"People agreed to {', '.join(agreed)} only, which does not cover marketing.")
    yield from _sources(campaign)
    for condition in campaign.conditions:
        declared = campaign.purposes.get(condition.field)
        if declared and not _is(declared, "marketing"):
            yield _blocked(
                f"{condition.where}.field", condition.field, f"'{condition.field}' was collected for {declared}, not for marketing."
            )
        elif not declared and _for_service(condition):
            yield _blocked(f"{condition.where}.field", condition.field, f"'{condition.field}' comes from service, not from marketing.")
        elif not declared and condition.field.startswith("survey.") and not any(_is(p, "survey") for p in agreed):
            text = f"For which purpose '{condition.field}' was asked is not recorded; it must be marketing."
            yield found("PURPOSE_MISMATCH", "note", f"{condition.where}.field", text, evidence=condition.field, fix="drop_condition")
    for part in campaign.copy:
        for hit in catalogue.phrases(part.text, "purpose.told_service")[:1]:
            if campaign.conditions and any(c.field.startswith(("survey.", "service.", "support.")) for c in campaign.conditions):
                yield _blocked(at(part, hit), hit.text, f"The copy says that the fact was given to service: '{hit.text}'.")


def _sources(campaign: Campaign) -> Iterator[Finding]:
    for source in campaign.sources:
        declared = campaign.purposes.get(source.text)
        if declared and not _is(declared, "marketing"):
            yield _blocked(source.where, source.text, f"The data of '{source.text}' are for {declared}, not for marketing.")


def _is(purpose: str, kind: str) -> bool:
    return bool(catalogue.phrases(purpose, f"purpose.{kind}", name=True))


def _for_service(condition: Condition) -> bool:
    return bool(catalogue.phrases(condition.field.split(".", 1)[0], "purpose.service", name=True))


def _blocked(where: str, evidence: str, why: str) -> Finding:
    return found("PURPOSE_MISMATCH", "block", where, f"{why} Do not use it, or ask for that consent.", evidence=evidence, fix="purpose")
