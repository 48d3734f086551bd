"""What came back: which row it is about, each thing once, and what the row becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Q
from django.utils import timezone

from netlift.records import Returned
from netlift.store import keys, tokens
from netlift.store.canonical import digest
from netlift.store.models import Delivery, Event

TRACKED = ("click", "open")
_SENT = frozenset({"ready", "claimed", "committing", "retry", "accepted", "unknown"})
BEFORE: Mapping[str, frozenset[str]] = {  # a row may be in these; what comes in another order ends in the same state
    "accepted": frozenset({"unknown"}),
    "delivered": _SENT,
    "bounced": _SENT | {"delivered"},
    "complained": _SENT | {"delivered", "bounced"},
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that came back. `parts` tell it from all others, however often it is heard."""

    parts: Sequence[str]
    kind: str
    run: int | None
    channel: str
    subject: str  # keyed hash of the customer's id; of clicks and openings `tracked_subject`
    source: Literal["mailbox", "webhook", "one-click", "page", "link"]
    detail: str = ""
    machine: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


def note(heard: Heard) -> bool:
    """Keep it; False where it was heard before. Call it in the transaction of what it brings about."""
    values = {
        "kind": heard.kind,
        "run": heard.run,
        "channel": heard.channel,
        "subject": heard.subject,
        "source": heard.source,
        "detail": heard.detail[:60],
        "machine": heard.machine,
        "evidence": dict(heard.evidence),
    }
    return Event.objects.get_or_create(event_id=digest([heard.kind, *heard.parts]), defaults=values)[1]


def row_of(returned: Returned) -> Delivery | None:
    """The row that it is about: the one of the signed return address, or of the Message-ID; None where they name none, or several."""
    by = keys.vault_keys()
    named = {number for token in returned.tokens if (number := tokens.read_return_path(token, by=by)) is not None}
    if returned.message_id:
        found = Delivery.objects.filter(message_id=returned.message_id).exclude(message_id="").values_list("pk", flat=True)
        named.update(found)
    return Delivery.objects.filter(pk=named.pop()).first() if len(named) == 1 else None


def settle(delivery_id: int, state: Literal["accepted", "delivered", "bounced", "complained"], reason: str) -> bool:
    """Write what became of a message into its row, where that is news; whether it was."""
    row = Delivery.objects.filter(pk=delivery_id, state__in=BEFORE[state])
    return bool(row.update(state=state, reason=reason, token="", lease_until=None, not_before=None, changed_at=timezone.now()))


def unknown(run_id: int) -> dict[str, int]:
    """Message-IDs of the unknown rows of a run, and their numbers."""
    held = Delivery.objects.filter(run_id=run_id, state="unknown").exclude(message_id="")
    return dict(held.values_list("message_id", "pk"))


def customer_subject(customer_id: str) -> str:
    """How events name a person."""
    return keys.keyed_hash("customer", customer_id)


def tracked_subject(delivery_id: int) -> str:
    """How clicks and openings name whose they are: a pseudonym of one message, which no other campaign shares."""
    return keys.keyed_hash("tracked delivery", str(delivery_id))


def visits(subject: str) -> list[tuple[int, str, str, datetime]]:
    """Clicks and openings of one message so far: number, kind, link, when."""
    found = Event.objects.filter(subject=subject, kind__in=TRACKED).order_by("pk")
    return list(found.values_list("pk", "kind", "detail", "at"))


def mark_machine(numbers: Iterable[int], why: str) -> None:
    """These clicks were a machine's after all."""
    Event.objects.filter(pk__in=list(numbers), machine="").update(machine=why)


def counts(run_id: int) -> list[dict[str, Any]]:
    """By kind of event: people (for clicks and openings only where a person did it), and how often machines did it."""
    mine = Event.objects.filter(run=run_id).values("kind").order_by("kind")
    told = mine.annotate(people=Count("subject", distinct=True, filter=Q(machine="")), by_machines=Count("pk", filter=~Q(machine="")))
    return [{**row} for row in told]


def of_customer(customer_id: str) -> list[dict[str, str]]:
    """Everything that came back of a customer, in order."""
    mine = Delivery.objects.filter(customer_id=customer_id).values_list("pk", flat=True)
    subjects = [customer_subject(customer_id), *map(tracked_subject, mine)]
    found = Event.objects.filter(subject__in=subjects).order_by("pk")
    return [
        {"kind": kind, "channel": channel, "detail": detail, "machine": machine, "at": at.isoformat(timespec="seconds")}
        for kind, channel, detail, machine, at in found.values_list("kind", "channel", "detail", "machine", "at")
    ]


def forget_tracked(customer_id: str) -> int:
    """Delete a customer's clicks and openings; how many. Call it before the ledger forgets whose rows they are."""
    mine = Delivery.objects.filter(customer_id=customer_id).values_list("pk", flat=True)
    return Event.objects.filter(subject__in=[tracked_subject(number) for number in mine], kind__in=TRACKED).delete()[0]
