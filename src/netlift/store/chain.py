"""The hash that chains an audit event to the one before it."""

from __future__ import annotations

import hashlib

from netlift.store.canonical import canonical

BEGINNING = "0" * 64  # what stands for the hash before the first event


def event_hash(number: int, at: str, actor: str, act: str, run: int | None, details: str, previous_hash: str) -> str:
    """The hash of an event: everything in its row, after the hash of the event before."""
    told = {"number": number, "at": at, "actor": actor, "act": act, "run": run, "details": details}
    return hashlib.sha256(previous_hash.encode() + canonical(told)).hexdigest()
