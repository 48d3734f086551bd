"""NO_LAWFUL_BASIS: nobody is contacted without the proof of a consent. NOBODY_REACHED: somebody must be left to contact."""

from __future__ import annotations

import numpy as np

from netlift.records import Finding, Plan
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings

PROVEN = frozenset({"consent", "opt_in", "explicit_consent", "double_opt_in"})
BY_CHANNEL = {
    "soft_opt_in": frozenset({"email", "mail", "sms"}),
    "legitimate_interest": frozenset({"post", "letter"}),
}  # channel rules, CONSENT


def lawful_basis(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block where a contacted person has no proof of consent, or where nobody can be contacted at all."""
    plan = campaign.plan
    if plan is None:
        return _stated(campaign)
    contacted = plan.audience.contacted()
    if not contacted.any():
        return (_nobody(plan),)
    unproven = int(np.count_nonzero([not proof for proof in plan.consent[contacted]]))
    if not unproven:
        return ()
    text = (
        f"{unproven:,} of the {int(contacted.sum()):,} people to be contacted have no proof of consent (source and date). "
        "Leave them out; preparing the run again does so."
    )
    return (found("NO_LAWFUL_BASIS", "block", "consent", text, evidence=f"{unproven:,}", fix="consent_filter"),)


def _stated(campaign: Campaign) -> tuple[Finding, ...]:
    """The basis a file of cases names."""
    basis = campaign.consent.basis
    if basis in PROVEN or (basis in BY_CHANNEL and BY_CHANNEL[basis].issuperset(campaign.channels)):
        return ()
    by = ", ".join(campaign.channels)
    text = f"No lawful basis for marketing by {by} is held (basis: {basis or 'not given'}). Send only to people who consented to {by}."
    return (found("NO_LAWFUL_BASIS", "block", "consent.basis", text, evidence=basis, fix="consent_filter"),)


def _nobody(plan: Plan) -> Finding:
    """Nobody is left: a matter of consent only where most people gave none."""
    counts = sorted(plan.audience.counts().items(), key=lambda item: -item[1])
    if not counts:
        return Finding("NOBODY_REACHED", "block", "audience", "Nobody can be contacted, because there are no customers.")
    reasons = "; ".join(f"{reason}: {n:,}" for reason, n in counts)
    text = f"Nobody can be contacted ({reasons}). Remove the most frequent reason first and prepare the run again."
    code = "NO_LAWFUL_BASIS" if counts[0][0].startswith("no consent") else "NOBODY_REACHED"
    return Finding(code, "block", "audience", text)
