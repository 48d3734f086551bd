"""MEASURABILITY: without people left alone nobody can say what the campaign earned."""

from __future__ import annotations

import numpy as np

from netlift.records import Finding
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings

COARSE = 0.1  # share of answers: a smallest visible difference above this is said

POWER = 1.959964 + 0.841621  # standard errors for 5 % false alarms and 80 % power


def measurability(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Review where nobody is held out, note where too few are for a useful answer."""
    plan = campaign.plan
    if plan is None:
        return ()
    treated = int(plan.audience.contacted().sum())
    held_out = plan.audience.counts().get("holdout", 0)
    if treated == 0:
        return ()
    if held_out == 0:
        text = (
            f"The lift cannot be measured: none of the {treated:,} people is held out (experiment.holdout is {plan.holdout:g}). "
            "Hold out 10 % to learn what the campaign earns."
        )
        return (found("MEASURABILITY", "review", "holdout", text, evidence=f"{plan.holdout:g}", fix="hold_out"),)
    visible = POWER * float(np.sqrt(0.25 / held_out + 0.25 / treated))  # at an answer rate of one half, the worst case
    if visible <= COARSE:
        return ()
    text = (
        f"Only {held_out:,} people are held out: a difference in answers below {100 * visible:.0f} percentage points may stay unseen "
        "in the worst case. A larger holdout shows more."
    )
    return (Finding("MEASURABILITY", "note", "holdout", text),)
