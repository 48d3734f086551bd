"""The verb and the table of checks. A new check is a file here and a line in CHECKS."""

from __future__ import annotations

from collections.abc import Callable

from netlift import plugins
from netlift.records import Finding, Plan, ReviewResult
from netlift.review.country import country
from netlift.review.frequency_pressure import frequency_pressure
from netlift.review.lawful_basis import lawful_basis
from netlift.review.measurability import measurability
from netlift.review.message import message
from netlift.review.segments_targeted import segments_targeted
from netlift.review.sensitive_direct import sensitive_direct
from netlift.review.small_audience import small_audience
from netlift.settings import ReviewSettings

POLICY_VERSION = "2"  # raise it with any change of a check or a threshold: it is part of what is approved

Check = Callable[[Plan, ReviewSettings], tuple[Finding, ...]]

CHECKS: dict[str, Check] = {
    "lawful_basis": lawful_basis,
    "country": country,
    "sensitive_direct": sensitive_direct,
    "small_audience": small_audience,
    "frequency_pressure": frequency_pressure,
    "message": message,
    "measurability": measurability,
    "segments_targeted": segments_targeted,
}

SEVERITIES = ("block", "review", "note")  # the most severe first


def review(plan: Plan, policy: ReviewSettings) -> ReviewResult:
    """All findings on a plan, the most severe first; the verdict is the most severe of them, `pass` where only notes remain."""
    findings = [f for check in plugins.table("checks", CHECKS).values() for f in check(plan, policy)]
    findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    worst = findings[0].severity if findings else "note"
    return ReviewResult("pass" if worst == "note" else worst, tuple(findings), POLICY_VERSION)
