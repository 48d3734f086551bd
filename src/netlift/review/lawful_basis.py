"""NO_LAWFUL_BASIS: nobody is contacted without the proof of a consent, and somebody must be left to contact."""

from __future__ import annotations

import numpy as np

from netlift.records import Finding, Plan
from netlift.settings import ReviewSettings


def lawful_basis(plan: Plan, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block where a contacted person has no proof of consent, or where nobody can be contacted at all."""
    contacted = plan.audience.contacted()
    if not contacted.any():
        return (Finding("NO_LAWFUL_BASIS", "block", "audience", _nobody(plan)),)
    unproven = int(np.count_nonzero([not proof for proof in plan.consent[contacted]]))
    if not unproven:
        return ()
    text = (
        f"{unproven:,} of the {int(contacted.sum()):,} people to be contacted have no proof of consent (source and date). "
        "Leave them out; preparing the run again does so."
    )
    return (Finding("NO_LAWFUL_BASIS", "block", "consent", text),)


def _nobody(plan: Plan) -> str:
    counts = plan.audience.counts()
    if not counts:
        return "Nobody can be contacted, because there are no customers."
    reasons = "; ".join(f"{reason}: {n:,}" for reason, n in sorted(counts.items(), key=lambda item: -item[1]))
    return f"Nobody can be contacted ({reasons}). Remove the most frequent reason first and prepare the run again."
