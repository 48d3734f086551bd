"""A run's plan as the campaign that the checks read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from netlift import catalogue
from netlift.records import Plan
from netlift.review.campaign import Campaign, Condition, Consent, Contacts, Measured, Text


def described(plan: Plan, measured: Measured | None = None) -> Campaign:
    """The plan's messages, segments and contacts in the checks' terms; consent is proven person by person in the plan itself."""
    contacted = plan.audience.contacted()
    reached = sorted({int(s) for s in plan.audience.segment[contacted]})
    copy = [
        Text(f"messages.{m.offer}.{part}", getattr(m, part), tag=part == "sender")
        for m in plan.messages
        for part in ("sender", "subject", "text")
    ]
    copy += [Text(f"messages.{m.offer}.html", catalogue.visible_text(m.html)) for m in plan.messages if m.html]
    return Campaign(
        jurisdiction=plan.country,
        channels=tuple(np.unique(plan.audience.channel[contacted].astype(str)).tolist()),
        conditions=tuple(Condition(c.where, c.field, c.op, c.value, c.excluded) for c in plan.chosen_by),
        size=int(contacted.sum()),
        population=len(plan.audience.customer_ids),
        copy=tuple(copy),
        consent=Consent("consent", ("marketing", *plan.opt_ins), opt_in=bool(catalogue.covered_by(plan.opt_ins)), notice=plan.notice),
        contacts=Contacts(plan.contacts_7d[contacted] + 1, plan.contacts_30d[contacted] + 1, listed=True),
        offers=(*(Text(f"messages.{m.offer}", m.offer) for m in plan.messages), *(Text("offers.categories", c) for c in plan.categories)),
        lineage=(
            *(Text(f"segments.{s}", plan.segments[s]) for s in reached if s in plan.segments and not plan.inputs),
            *(Text(where, sql) for where, sql in plan.definitions.items()),
        ),
        sources=tuple(Text(f"sources.{s}", s) for s in plan.sources),
        purposes=plan.purposes,
        measured=measured or Measured(),
        inputs=plan.inputs,
        plan=plan,
    )


def with_people(campaign: Campaign, plan: Plan, stay: NDArray[np.bool_], *, held_out: bool = False) -> Campaign:
    """The campaign with a plan that contacts only those who stay, (n,); the others are left out, or held out."""
    audience = plan.audience
    contacted = audience.contacted()
    reason = audience.excluded_reason.copy()
    reason[contacted & ~stay] = "holdout" if held_out else "left out by the fix"
    arm = audience.arm.astype(object)
    if held_out:
        arm[contacted & ~stay] = "holdout"
    left = replace(plan, audience=replace(audience, excluded_reason=reason, arm=arm))
    kept = left.audience.contacted()
    told = Contacts(plan.contacts_7d[kept] + 1, plan.contacts_30d[kept] + 1, listed=True)
    channels = tuple(np.unique(audience.channel[kept].astype(str)).tolist())
    return replace(campaign, plan=left, size=int(kept.sum()), contacts=told, channels=channels)
