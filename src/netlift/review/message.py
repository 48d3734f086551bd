"""MESSAGE_MISSING: everybody who is contacted gets a complete message."""

from __future__ import annotations

from netlift.records import Finding
from netlift.review.campaign import Campaign
from netlift.settings import ReviewSettings


def message(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:  # noqa: ARG001 - the shape of every check
    """Block where an offer has no message on a channel it is sent on, or a message lacks sender, subject or text."""
    plan = campaign.plan
    if plan is None:
        return ()
    contacted = plan.audience.contacted()
    needed = sorted(set(zip(plan.audience.offer[contacted], plan.audience.channel[contacted], strict=True)), key=str)
    written = {(m.offer, m.channel) for m in plan.messages}
    found = [
        Finding("MESSAGE_MISSING", "block", "messages", f"Offer '{offer}' has no message for {channel}. Write its subject and text.")
        for offer, channel in needed
        if (offer, channel) not in written
    ]
    for m in plan.messages:
        for part in ("sender", "subject", "text"):
            if not getattr(m, part).strip():
                text = f"The message of offer '{m.offer}' for {m.channel} has an empty {part}. Write it."
                found.append(Finding("MESSAGE_MISSING", "block", f"messages.{m.offer}.{part}", text))
    return tuple(found)
