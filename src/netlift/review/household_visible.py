"""HOUSEHOLD_VISIBLE: others at home see or hear it, so what is sensitive weighs one level more."""

from __future__ import annotations

from netlift.records import Finding
from netlift.review.campaign import SEVERITIES, Campaign, Severity, found, raised
from netlift.review.reveals_trait import revealed
from netlift.review.signals import by_class, signals
from netlift.settings import ReviewSettings

VISIBLE = ("post", "letter", "postcard", "phone", "call", "voice", "sms", "text")  # a letter box, a telephone, a preview on a locked screen


def household_visible(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Raise what is sensitive by one level on a channel that others notice; an opt-in does not make it private."""
    seen = [c for c in campaign.channels if c.lower() in VISIBLE]
    levels: list[Severity] = ["block"] if any(revealed(campaign)) else []
    for s in signals(campaign):
        if not campaign.lifts(s.topic):
            levels.append(raised(by_class(s.letter, s.topic, campaign)))
        elif s.letter == "A":
            levels.append("review")
    levels += [raised(by_class(f.sensitivity, "", campaign)) for f in campaign.inputs if f.sensitivity != "none"]
    if not seen or not levels:
        return ()
    text = f"Others in the household can notice what comes by {seen[0]}, and this campaign is sensitive. Send it by e-mail."
    return (found("HOUSEHOLD_VISIBLE", min(levels, key=SEVERITIES.index), "channel", text, evidence=seen[0], fix="other_channel"),)
