"""The audit trail: an append-only chain, h_i = SHA256(h_(i-1) || canonical(event_i)).

The chain alone shows edits, deletions and swaps. Cutting off its end or rewriting all of it shows only against a head
(number of events and last hash) that was noted elsewhere: approvals and reports carry one, `verify` takes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from netlift.store.canonical import canonical
from netlift.store.models import AuditEvent

BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """How far the trail went at some moment."""

    events: int
    hash: str


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the trail is whole; `first_bad` is the number of the first event that is not as it was written."""

    head: Head
    first_bad: int | None
    text: str

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return self.first_bad is None


def record(act: str, *, actor: str, run_id: int | None = None, details: Mapping[str, Any] | None = None) -> None:
    """Add an event. Call it inside the transaction of the act itself, so that neither exists without the other.

    Raises:
        RuntimeError: there is no transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"the audit event '{act}' must be written in the transaction of the act")
    last = AuditEvent.objects.order_by("-pk").first()
    event = AuditEvent(
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        actor=actor,
        act=act,
        run=run_id,
        details=canonical(details or {}).decode(),
        previous_hash=last.hash if last else BEGINNING,
        pk=last.pk + 1 if last else 1,
    )
    event.hash = _hash(event)
    event.save(force_insert=True)


def events(run_id: int, act: str) -> list[tuple[str, dict[str, Any]]]:
    """Actor and details of every such act on a run, in order."""
    found = AuditEvent.objects.filter(run=run_id, act=act).order_by("pk")
    return [(actor, json.loads(details)) for actor, details in found.values_list("actor", "details")]


def acts(act: str) -> list[dict[str, Any]]:
    """Details of every such act that belongs to no run, in order."""
    return [
        json.loads(details) for details in AuditEvent.objects.filter(run=None, act=act).order_by("pk").values_list("details", flat=True)
    ]


def head() -> Head:
    """The end of the trail, to be noted elsewhere."""
    last = AuditEvent.objects.order_by("-pk").first()
    return Head(last.pk, last.hash) if last else Head(0, BEGINNING)


def verify(anchor: Head | None = None) -> Check:
    """Recompute the whole chain, and compare it with a head that was noted earlier."""
    before, number, anchored = BEGINNING, 0, anchor is None or anchor == Head(0, BEGINNING)
    for event in AuditEvent.objects.order_by("pk").iterator():
        number += 1
        if event.pk != number or event.previous_hash != before or event.hash != _hash(event):
            return Check(Head(number - 1, before), number, f"Event {number} is missing or is not as it was written.")
        before = event.hash
        anchored = anchored or Head(number, before) == anchor
    if anchored:
        return Check(Head(number, before), None, f"All {number:,} events are as they were written.")
    if anchor and number < anchor.events:
        missing = f"The trail ends after event {number}, but {anchor.events} events were noted earlier."
        return Check(Head(number, before), number + 1, missing)
    return Check(Head(number, before), 1, f"The trail was rewritten: event {anchor.events if anchor else 0} is not the one noted earlier.")


def _hash(event: AuditEvent) -> str:
    told = {"number": event.pk, "at": event.at, "actor": event.actor, "act": event.act, "run": event.run, "details": event.details}
    return hashlib.sha256(event.previous_hash.encode() + canonical(told)).hexdigest()
