"""The verb: what the committee is told of a plan."""

from __future__ import annotations

import numpy as np

from netlift.records import Finding, Plan, Remedy, ReviewResult
from netlift.review.campaign import Campaign, Measured
from netlift.review.describe import described
from netlift.review.fixes import Fix, cheapest
from netlift.review.policy import POLICY_VERSION, judge, verdict
from netlift.review.scorecard import score
from netlift.settings import ReviewSettings

UNTOLD = "What it does to people and profit cannot be told before the run is prepared again."
NO_PROFIT = "What it does to profit cannot be told: no profit is expected of these people on evidence."


def review(plan: Plan, policy: ReviewSettings, measured: Measured | None = None) -> ReviewResult:
    """All findings on a plan, the most severe first, with score and cheapest fix; `pass` where only notes remain."""
    campaign = described(plan, measured)
    findings = judge(campaign, policy)
    points, added = score(campaign, findings)
    told = verdict(findings)
    remedy = None if told == "pass" else _remedy(campaign, findings, policy)
    return ReviewResult(told, findings, POLICY_VERSION, points, added, remedy)


def _remedy(campaign: Campaign, findings: tuple[Finding, ...], policy: ReviewSettings) -> Remedy:
    fix = cheapest(campaign, findings, policy)
    people, profit, note = _effect(fix)
    before = _profit(campaign)
    return Remedy(
        fix.text,
        tuple(e.words for e in fix.edits),
        fix.verdict,
        fix.score,
        people_before=campaign.size,
        people=people,
        profit_before=before,
        profit=profit,
        note=note,
    )


def _effect(fix: Fix) -> tuple[int | None, float | None, str]:
    """People and expected profit after the edits, from the plan's own people, or why they cannot be told."""
    if fix.campaign is None or not fix.edits or any(e.stay is None for e in fix.edits):
        return None, None, UNTOLD
    profit = _profit(fix.campaign)
    return fix.campaign.size, profit, NO_PROFIT if profit is None else ""


def _profit(campaign: Campaign) -> float | None:
    """Money expected of everybody contacted; None where nothing is known of anybody."""
    if campaign.plan is None:
        return None
    expected = campaign.plan.audience.expected_profit[campaign.plan.audience.contacted()]
    return round(float(np.nansum(expected)), 2) if np.isfinite(expected).any() or not expected.size else None
