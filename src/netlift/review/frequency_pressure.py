"""FREQUENCY_PRESSURE: how often people are contacted over all campaigns, this one included."""

from __future__ import annotations

from netlift.records import Finding, Ints
from netlift.review.campaign import Campaign, found
from netlift.settings import ReviewSettings

MANY = {7: 3, 30: 8}  # days: contacts from which on the committee looks; more than this is pressure


def frequency_pressure(campaign: Campaign, policy: ReviewSettings) -> tuple[Finding, ...]:
    """Review above the usual pressure, in 7 and in 30 days. Over the hard cap people are left out: block where they still are in."""
    windows: tuple[tuple[int, Ints, int], ...] = (
        (7, campaign.contacts.in_7d, policy.max_contacts_7d),
        (30, campaign.contacts.in_30d, policy.max_contacts_30d),
    )
    return tuple(f for days, contacts, cap in windows for f in _window(campaign, days, contacts, cap))


def _window(campaign: Campaign, days: int, contacts: Ints, cap: int) -> tuple[Finding, ...]:
    listed = campaign.contacts.listed
    where = f"contacts_{days}d" if listed else f"pressure.sent_last_{days}d"
    over, many = int((contacts > cap).sum()), int((contacts > MANY[days]).sum())
    most = int(contacts.max()) if contacts.size else 0
    if over and listed:
        text = f"{over:,} people would get more than {cap} contacts in {days} days, the hard cap. Leave them out; preparing again does so."
        return (found("FREQUENCY_PRESSURE", "block", where, text, evidence=str(most), fix="fewer_contacts"),)
    if not listed and many:
        capped = f" Whoever is over the hard cap of {cap} is left out." if over else ""
        text = (
            f"People would get {most} contacts in {days} days, this campaign included; usual are at most {MANY[days]}.{capped} Send less."
        )
        return (found("FREQUENCY_PRESSURE", "review", where, text, evidence=str(most), fix="fewer_contacts"),)
    if many:
        text = (
            f"{many:,} of {len(contacts):,} people would get more than {MANY[days]} contacts in {days} days, this one included "
            f"(most: {most}). Leave them out or send later."
        )
        return (found("FREQUENCY_PRESSURE", "review", where, text, evidence=str(most), fix="fewer_contacts"),)
    return ()
