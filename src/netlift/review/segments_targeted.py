"""SEGMENTS_LEFT_OUT: leaving people out selects as much as picking them does, so the committee sees it."""

from __future__ import annotations

import numpy as np

from netlift.records import Finding
from netlift.review.campaign import Campaign
from netlift.settings import ReviewSettings


def segments_targeted(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Note which segments get nothing while others are contacted."""
    plan = campaign.plan
    if plan is None:
        return ()
    contacted = plan.audience.contacted()
    everybody = np.unique(plan.audience.segment)
    left_out = np.setdiff1d(everybody, plan.audience.segment[contacted])
    if not contacted.any() or not left_out.size:
        return ()
    names = "; ".join(f"{s} ({plan.segments.get(int(s), 'no name')}): {int((plan.audience.segment == s).sum()):,} people" for s in left_out)
    text = f"{len(left_out)} of {len(everybody)} segments get nothing: {names}. Check that nobody is left out unfairly."
    return (Finding("SEGMENTS_LEFT_OUT", "note", "audience.segment", text),)
