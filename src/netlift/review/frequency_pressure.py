"""FREQUENCY_PRESSURE: how often people are contacted over all campaigns, this one included."""

from __future__ import annotations

from netlift.records import Finding, Ints, Plan
from netlift.settings import ReviewSettings

MANY = {7: 3, 30: 8}  # days: contacts from which on the committee looks; more than this is pressure


def frequency_pressure(plan: Plan, policy: ReviewSettings) -> tuple[Finding, ...]:
    """Block over the hard cap, review above the usual pressure; both in 7 and in 30 days."""
    contacted = plan.audience.contacted()
    windows: tuple[tuple[int, Ints, int], ...] = (
        (7, plan.contacts_7d[contacted] + 1, policy.max_contacts_7d),
        (30, plan.contacts_30d[contacted] + 1, policy.max_contacts_30d),
    )
    return tuple(f for days, contacts, cap in windows for f in _window(days, contacts, cap))


def _window(days: int, contacts: Ints, cap: int) -> tuple[Finding, ...]:
    where = f"contacts_{days}d"
    over, many = int((contacts > cap).sum()), int((contacts > MANY[days]).sum())
    if over:
        text = f"{over:,} people would get more than {cap} contacts in {days} days, the hard cap. Leave them out; preparing again does so."
        return (Finding("FREQUENCY_PRESSURE", "block", where, text),)
    if many:
        text = (
            f"{many:,} of {len(contacts):,} people would get more than {MANY[days]} contacts in {days} days, this one included "
            f"(most: {int(contacts.max())}). Leave them out or send later."
        )
        return (Finding("FREQUENCY_PRESSURE", "review", where, text),)
    return ()
