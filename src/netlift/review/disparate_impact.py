"""DISPARATE_IMPACT: a group gets an advantage less often than others."""

from __future__ import annotations

from collections.abc import Iterator

from netlift import catalogue
from netlift.records import Finding
from netlift.review.ages import ages, spares_minors
from netlift.review.campaign import Campaign, Condition, Rate, Severity, found
from netlift.review.proxy_protected import significant
from netlift.settings import ReviewSettings

FOUR_FIFTHS = 0.8  # of the selection rate of the others
LIFE_CHANCES = ("housing", "employment", "credit")
HELD_BACK = frozenset({"financial_status", "age", "parenting", "family_status", "ethnicity", "disability", "religion", "immigration"})


def disparate_impact(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Note every ratio below four fifths; review it where it is sure and the offer matters; block for housing, work and credit."""
    return (*_measured(campaign), *_by_rule(campaign))


def _severity(campaign: Campaign) -> Severity:
    if any(campaign.offering(kind) for kind in LIFE_CHANCES):
        return "block"
    return "review" if campaign.material else "note"


def _measured(campaign: Campaign) -> Iterator[Finding]:
    for name, rate in campaign.measured.ratio.items():
        ratio = _worst(name, rate)
        if ratio < FOUR_FIFTHS:
            sure = significant(rate, campaign.size)
            text = f"People with {name} get this {rate.ratio:.2g} times as often as others, below four fifths. Leave nobody out by it."
            where = f"audience.measured.selection_ratio.{name}"
            yield found(
                "DISPARATE_IMPACT", _severity(campaign) if sure else "note", where, text, evidence=f"{rate.ratio:g}", fix="drop_exclusion"
            )


def _worst(name: str, rate: Rate) -> float:
    """Of the group named; where it has but one counterpart, of the two."""
    if catalogue.phrases(name, "people.gender", name=True) and rate.ratio > 0:
        return min(rate.ratio, 1 / rate.ratio)
    return rate.ratio


def _by_rule(campaign: Campaign) -> Iterator[Finding]:
    """A rule on such an attribute for housing, work or credit, or an exclusion by it, needs no measuring: the rate is 0."""
    severity = _severity(campaign)
    for c in campaign.conditions:
        if _attribute(c) and not spares_minors(c) and (severity == "block" or (c.excluded and campaign.material)):
            text = f"'{c.field}' decides who gets this, so whole groups get it never. Choose by other facts."
            yield found("DISPARATE_IMPACT", severity, f"{c.where}.field", text, evidence=c.field, fix="drop_condition")


def _attribute(condition: Condition) -> bool:
    if condition.modelled or condition.count == 0:
        return False
    named = any(catalogue.phrases(condition.leaf, f"people.{kind}", name=True) for kind in ("gender", "place"))
    about = {h.topic for h in catalogue.about(condition.leaf, "fields", "traits", name=True)}
    return named or ages(condition) is not None or bool(about & (HELD_BACK - {"age"}))
