"""A run's plan as the campaign that the checks read."""

from __future__ import annotations

from netlift.records import Plan
from netlift.review.campaign import Campaign, Consent, Contacts, Measured, Text


def described(plan: Plan, measured: Measured | None = None) -> Campaign:
    """The plan's messages, segments and contacts in the checks' terms; consent is proven person by person in the plan itself."""
    contacted = plan.audience.contacted()
    reached = sorted({int(s) for s in plan.audience.segment[contacted]})
    copy = [
        Text(f"messages.{m.offer}.{part}", getattr(m, part), tag=part == "sender")
        for m in plan.messages
        for part in ("sender", "subject", "text")
    ]
    return Campaign(
        jurisdiction=plan.country,
        channels=tuple(sorted({str(c) for c in plan.audience.channel[contacted]})),
        conditions=(),
        size=int(contacted.sum()),
        population=len(plan.audience.customer_ids),
        copy=tuple(copy),
        consent=Consent(basis="consent", purposes=("marketing",)),
        contacts=Contacts(plan.contacts_7d[contacted] + 1, plan.contacts_30d[contacted] + 1, listed=True),
        offers=(*(Text(f"messages.{m.offer}", m.offer) for m in plan.messages), *(Text("offers.categories", c) for c in plan.categories)),
        lineage=tuple(Text(f"segments.{s}", plan.segments[s]) for s in reached if s in plan.segments and not plan.inputs),
        measured=measured or Measured(),
        inputs=plan.inputs,
        plan=plan,
    )
