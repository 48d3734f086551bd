"""The audit trail: an append-only chain, h_i = SHA256(h_(i-1) || canonical(event_i)).

The chain alone shows edits, deletions and swaps. Cutting off its end or rewriting all of it shows only against a head
(number of events and last hash) that was noted elsewhere: see `signing` and `heads`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from netlift.errors import NetliftError
from netlift.store import database, heads, signing
from netlift.store.canonical import canonical
from netlift.store.chain import BEGINNING, event_hash
from netlift.store.models import AuditEvent
from netlift.store.opening import store_folder
from netlift.store.signing import Head, SignedHead
from netlift.store.verifying import Check, Finding, verify, verify_all

__all__ = [
    "Check",
    "Finding",
    "Head",
    "SignedHead",
    "acts",
    "events",
    "head",
    "note_head",
    "record",
    "signed_head",
    "signed_line",
    "verify",
    "verify_all",
]

SEALED = frozenset({"approve", "launch"})  # acts whose event carries the signed head of all events before it


def record(act: str, *, actor: str, run_id: int | None = None, details: Mapping[str, Any] | None = None) -> None:
    """Add an event. Call it inside the transaction of the act itself, so that neither exists without the other.

    Raises:
        RuntimeError: there is no transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"the audit event '{act}' must be written in the transaction of the act")
    database.take_turns(database.RECORDING)  # until the end of the transaction, so that the chain cannot fork
    before = head()
    told = {"head": signing.told(_sign(before))} if act in SEALED else {}
    event = AuditEvent(
        at=_now(),
        actor=actor,
        act=act,
        run=run_id,
        details=canonical({**(details or {}), **told}).decode(),
        previous_hash=before.hash,
        pk=before.events + 1,
    )
    event.hash = event_hash(event.pk, event.at, event.actor, event.act, event.run, event.details, before.hash)
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
    """The end of the trail."""
    last = AuditEvent.objects.order_by("-pk").values_list("pk", "hash").first()
    return Head(*last) if last else Head(0, BEGINNING)


def signed_head() -> SignedHead:
    """The end of the trail under the signature of this data directory, to be kept elsewhere: in reports, e-mails, other disks.

    Call it outside of a transaction: events that are rolled back afterwards would be missed for ever.
    """
    return _sign(head())


def signed_line() -> str:
    """The signed head as a line of JSON, as reports and files of heads hold it."""
    return signing.line(signed_head())


def note_head() -> list[NetliftError]:
    """Note the head in every file of heads whose newest is older than an hour; the answer is what went wrong."""
    problems: list[NetliftError] = []
    for path in heads.files():
        try:
            if heads.is_due(path, datetime.now(UTC)):
                heads.append(path, signed_head())
        except NetliftError as error:  # one disk that is full must keep neither the other from its head, nor letters from leaving
            problems.append(error)
    return problems


def _sign(before: Head) -> SignedHead:
    return signing.sign(before, _now(), store_folder())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
