"""The table of checks. A new check is a file here and a line in CHECKS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

from netlift import catalogue, plugins
from netlift.records import Finding
from netlift.review.campaign import SEVERITIES, Campaign
from netlift.review.country import country
from netlift.review.disparate_impact import disparate_impact
from netlift.review.distance_from_declared import distance_from_declared
from netlift.review.feature_leak import feature_leak
from netlift.review.frequency_pressure import frequency_pressure
from netlift.review.household_visible import household_visible
from netlift.review.lawful_basis import lawful_basis
from netlift.review.measurability import measurability
from netlift.review.message import message
from netlift.review.minors import minors
from netlift.review.over_specific import over_specific
from netlift.review.price_exploitation import price_exploitation
from netlift.review.proxy_protected import proxy_protected
from netlift.review.purpose_mismatch import purpose_mismatch
from netlift.review.reveals_tracking import reveals_tracking
from netlift.review.reveals_trait import reveals_trait
from netlift.review.segments_targeted import segments_targeted
from netlift.review.sensitive_direct import sensitive_direct
from netlift.review.sensitive_inferred import sensitive_inferred
from netlift.review.small_audience import small_audience
from netlift.review.source_unexpected import source_unexpected
from netlift.review.vulnerable_pressure import vulnerable_pressure
from netlift.settings import ReviewSettings

# Raise the number with any change of a check or a threshold: it is part of what is approved, as is the catalogue's version.
POLICY_VERSION = f"4/{catalogue.VERSION}"

Check = Callable[[Campaign, ReviewSettings], tuple[Finding, ...]]
Verdict = Literal["block", "review", "pass"]

CHECKS: dict[str, Check] = {
    "lawful_basis": lawful_basis,
    "country": country,
    "sensitive_direct": sensitive_direct,
    "sensitive_inferred": sensitive_inferred,
    "reveals_trait": reveals_trait,
    "reveals_tracking": reveals_tracking,
    "household_visible": household_visible,
    "minors": minors,
    "vulnerable_pressure": vulnerable_pressure,
    "price_exploitation": price_exploitation,
    "purpose_mismatch": purpose_mismatch,
    "source_unexpected": source_unexpected,
    "small_audience": small_audience,
    "over_specific": over_specific,
    "frequency_pressure": frequency_pressure,
    "proxy_protected": proxy_protected,
    "feature_leak": feature_leak,
    "disparate_impact": disparate_impact,
    "distance_from_declared": distance_from_declared,
    "message": message,
    "measurability": measurability,
    "segments_targeted": segments_targeted,
}


def judge(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:
    """What every check finds, the most severe first."""
    findings = [f for check in _checks().values() for f in check(campaign, policy)]
    return tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))


@cache
def _checks() -> dict[str, Check]:
    """Ours and those of installed packages, looked for once."""
    return plugins.table("checks", CHECKS)


def verdict(findings: tuple[Finding, ...]) -> Verdict:
    """The most severe finding decides."""
    worst = findings[0].severity if findings else "note"
    return "pass" if worst == "note" else worst
