"""The delivery ledger: one row for everybody of an audience, and the only way a message may leave.

    excluded                                                   never to be sent, with the reason
    ready -> claimed -> committing -> accepted | failed | unknown
               |            |-> retry -> claimed …             certainly refused for now
               |-> ready                                       given back, or the claim's lease ran out
    ready | retry | claimed -> cancelled                       stopped or suppressed meanwhile
    ready | retry -> excluded | retry                          the rules of channels say no, or later (store/permission.py)

Every step is `UPDATE … WHERE state = … AND token = …`: a process whose claim ran out changes no row, and so sends nothing.
A row that is `committing` when its lease runs out becomes `unknown`, and is never sent again by itself.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from netlift.records import Delivery, Message, Receipt
from netlift.rules import Verdict
from netlift.settings import environment
from netlift.store import models, permission, vault

OPEN = ("ready", "claimed", "committing", "retry")
BACK_OFF = (15, 60, 240, 960, 3600)  # seconds before the second, third, … attempt, each ± 20 %
CHUNK = 2000  # rows per statement


@dataclass(frozen=True, slots=True)
class Row:
    """A new row: everybody of the audience gets exactly one."""

    customer_id: str
    channel: str
    offer: str
    arm: str
    reason: str  # of the exclusion; "" = will be sent
    message_id: str


def fill(run_id: int, rows: Iterable[Row]) -> None:
    """Make the rows of a run; call it in the transaction that starts the sending."""
    models.Delivery.objects.bulk_create(
        (
            models.Delivery(
                run_id=run_id,
                customer_id=row.customer_id,
                channel=row.channel,
                offer=row.offer,
                arm=row.arm,
                state="excluded" if row.reason else "ready",
                reason=row.reason,
                message_id=row.message_id,
            )
            for row in rows
        ),
        batch_size=CHUNK,
    )


def counts(run_id: int) -> dict[str, int]:
    """Number of people in each state that occurs."""
    found = models.Delivery.objects.filter(run_id=run_id).values_list("state").annotate(Count("pk")).order_by("state")
    return dict(found)


def rows(run_id: int) -> list[dict[str, Any]]:
    """Everybody of the run, sorted by customer id; no contact data."""
    found = models.Delivery.objects.filter(run_id=run_id).order_by("customer_id", "channel")
    return [{**row} for row in found.values("customer_id", "channel", "state", "attempts", "message_id", "reason")]


def exclusions(run_id: int) -> dict[str, int]:
    """Number of excluded people by reason."""
    return dict(Counter(models.Delivery.objects.filter(run_id=run_id, state="excluded").values_list("reason", flat=True)))


def reached(run_id: int) -> frozenset[str]:
    """Who got a message, may have got one, or was refused for good: everybody whose message went further than its claim."""
    untouched = ("planned", "excluded", "ready", "claimed", "retry", "cancelled")
    return frozenset(models.Delivery.objects.filter(run_id=run_id).exclude(state__in=untouched).values_list("customer_id", flat=True))


def open_rows(run_id: int) -> int:
    """Number of people whose message is neither sent, nor failed, nor given up."""
    return models.Delivery.objects.filter(run_id=run_id, state__in=OPEN).count()


def is_due(run_id: int) -> bool:
    """Whether something can be done for a run now: a message is due, or all came to their end."""
    mine = models.Delivery.objects.filter(run_id=run_id)
    return mine.filter(_due_at(timezone.now())).exists() or not open_rows(run_id)


def lapse() -> None:
    """Take back what dead processes held, in all runs: claimed becomes ready, committing becomes unknown."""
    now = timezone.now()
    late = models.Delivery.objects.filter(lease_until__lt=now)
    with transaction.atomic():
        late.filter(state="claimed", run__state="sending").update(state="ready", token="", lease_until=None, changed_at=now)
        reason = "the process ended while the message was being handed over; it may or may not have arrived"
        late.filter(state="committing").update(state="unknown", reason=reason, attempts=F("attempts") + 1, lease_until=None, changed_at=now)


def cancel_open(run_id: int, *, reason: str) -> int:
    """Cancel what is not being handed over yet; the answer is how many rows. Call it in the transaction of the stop."""
    waiting = models.Delivery.objects.filter(run_id=run_id, state__in=("ready", "retry", "claimed"))
    return waiting.update(state="cancelled", reason=reason, token="", lease_until=None, changed_at=timezone.now())


def cancel_of(customer_ids: Collection[str], *, reason: str, channel: str = "") -> int:
    """Cancel, in all runs, what is not being handed over yet to these customers, on one channel or ("") on any; how many rows."""
    ids, cancelled = sorted(customer_ids), 0
    for start in range(0, len(ids), vault.CHUNK):
        of = ids[start : start + vault.CHUNK]
        waiting = models.Delivery.objects.filter(customer_id__in=of, state__in=("ready", "retry", "claimed"))
        waiting = waiting.filter(channel=channel) if channel else waiting
        cancelled += waiting.update(state="cancelled", reason=reason, token="", lease_until=None, changed_at=timezone.now())
    return cancelled


def of_customer(customer_id: str) -> list[dict[str, Any]]:
    """Every row of a customer, in all runs."""
    names = ("run_id", "wave", "channel", "offer", "arm", "state", "reason", "message_id", "attempts", "changed_at")
    return [{**row} for row in models.Delivery.objects.filter(customer_id=customer_id).order_by("run_id", "pk").values(*names)]


def erase(customer_id: str, stand_in: str) -> int:
    """Put a stand-in in place of a customer's id; the rows stay, so that counts are true. How many rows."""
    return models.Delivery.objects.filter(customer_id=customer_id).update(customer_id=stand_in)


def _due_at(now: datetime) -> Q:
    return Q(state="ready") | Q(state="retry", not_before__lte=now)


class RunLedger:
    """The ledger of one run on one channel, with the methods that `campaigns.deliver` asks for."""

    def __init__(self, run_id: int, channel: str, messages: Mapping[str, Message], *, address_field: str) -> None:
        self._run_id = run_id
        self._channel = channel
        self._messages = messages  # by offer
        self._address_field = address_field
        self._lease = timedelta(seconds=environment().lease_seconds)

    def claim(self, size: int) -> list[Delivery]:
        """Up to `size` messages that are due, held for this process; none when the run was stopped."""
        lapse()
        token, now = uuid.uuid4().hex, timezone.now()
        with transaction.atomic():
            if not models.Run.objects.filter(pk=self._run_id, state="sending").exists():
                return []
            due = list(self._due(now).select_for_update(skip_locked=True).order_by("pk")[:size])
            customers = [row.customer_id for row in due]
            suppressed, known = vault.suppressed(self._channel, customers), vault.fields(customers)
            erased = {c for c in customers if self._address_field not in known.get(c, {})}
            self._update(due, suppressed, state="cancelled", reason="suppressed after the approval")
            self._update(due, erased - suppressed, state="cancelled", reason="no address any more")
            barred = self._barred(due, [c for c in customers if c not in suppressed | erased], known, now)
            held = [row for row in due if row.customer_id not in suppressed | erased | barred]
            self._update(held, customers, state="claimed", token=token, lease_until=now + self._lease)
        return [self._delivery(row, token, known[row.customer_id]) for row in held]

    def committing(self, deliveries: Sequence[Delivery], finished: Sequence[Receipt]) -> frozenset[int]:
        """Write down that the bodies of these messages, all of one claim, go on the wire now, and what became of the ones before.

        The answer is the numbers of those that may: not where the claim was lost, the run was stopped, or the person was suppressed.
        """
        token = deliveries[0].token
        with transaction.atomic():
            self.record(token, finished)
            suppressed = vault.suppressed(self._channel, [d.customer_id for d in deliveries])
            now = timezone.now()
            judged = self._judged([d.customer_id for d in deliveries], {d.customer_id: d.fields for d in deliveries}, now)
            wanted = [d.delivery_id for d in deliveries if d.customer_id not in suppressed and d.customer_id not in judged]
            self._of_claim(token).filter(state="claimed").update(lease_until=now + self._lease)
            mine = self._of_claim(token).filter(pk__in=wanted, state="claimed", run__state="sending").select_for_update(of=("self",))
            may = frozenset(mine.values_list("pk", flat=True))
            self._of_claim(token).filter(pk__in=may).update(state="committing", changed_at=now)
            return may

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """Write down what became of messages. A row that lapsed to unknown meanwhile learns the truth."""
        spread = random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, guards nothing
        now = timezone.now()  # and one for all: what was refused as a batch comes back as one
        with transaction.atomic(savepoint=False):
            for receipt in receipts:
                self._record(token, receipt, now, spread)

    def release(self, token: str) -> None:
        """Give back what was claimed and not tried."""
        self._of_claim(token).filter(state="claimed").update(state="ready", token="", lease_until=None, changed_at=timezone.now())

    def renew(self, token: str) -> None:
        """Hold what was claimed and is not committed yet for another lease."""
        self._of_claim(token).filter(state="claimed").update(lease_until=timezone.now() + self._lease)

    def held(self) -> frozenset[str]:
        """The tokens of claims of which messages are committing, or became unknown."""
        mine = models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel, state__in=("committing", "unknown"))
        return frozenset(mine.values_list("token", flat=True).distinct()) - {""}

    def next_due(self) -> datetime | None:
        """When something can be claimed again; None = nothing is open."""
        mine = models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel, run__state="sending")
        if mine.filter(state="ready").exists():
            return timezone.now()
        times = mine.filter(state__in=OPEN).aggregate(lease=Min("lease_until"), retry=Min("not_before", filter=Q(state="retry")))
        return min(filter(None, times.values()), default=None)

    def open_rows(self) -> int:
        """Number of messages on this channel that still wait for their end."""
        return models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel, state__in=OPEN).count()

    def _due(self, now: datetime) -> QuerySet[models.Delivery]:
        mine = models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel)
        return mine.filter(_due_at(now))

    def _judged(self, customers: Sequence[str], known: Mapping[str, Mapping[str, str]], now: datetime) -> dict[str, Verdict]:
        """Whom the rules do not allow now, and why."""
        judged = permission.verdicts(self._run_id, self._channel, customers, known, now=now)
        return {customer: verdict for customer, verdict in judged.items() if verdict.kind != "allowed"}

    def _barred(
        self, due: Sequence[models.Delivery], customers: Sequence[str], known: Mapping[str, Mapping[str, str]], now: datetime
    ) -> set[str]:
        """Write down whom the rules do not allow now: excluded for good, or put off until a moment within the campaign."""
        judged = self._judged(customers, known, now)
        for verdict in set(judged.values()):
            of = [customer for customer, one in judged.items() if one == verdict]
            if verdict.at is None:
                self._update(due, of, state="excluded", reason=verdict.words)
            else:
                self._update(due, of, state="retry", reason=verdict.detail, not_before=verdict.at)
        return set(judged)

    def _of_claim(self, token: str) -> QuerySet[models.Delivery]:
        return models.Delivery.objects.filter(run_id=self._run_id, token=token)

    def _update(self, found: Sequence[models.Delivery], customers: Iterable[str], **values: str | datetime) -> None:
        wanted = set(customers)
        keys = [row.pk for row in found if row.customer_id in wanted]
        models.Delivery.objects.filter(pk__in=keys).update(changed_at=timezone.now(), **values)

    def _delivery(self, row: models.Delivery, token: str, fields: Mapping[str, str]) -> Delivery:
        return Delivery(
            delivery_id=row.pk,
            token=token,
            customer_id=row.customer_id,
            address=fields[self._address_field],
            fields=fields,
            message=self._messages[row.offer],
            message_id=row.message_id,
            attempts=row.attempts,
        )

    def _record(self, token: str, receipt: Receipt, now: datetime, spread: float) -> None:
        row = self._of_claim(token).filter(pk=receipt.delivery_id, state__in=("claimed", "committing", "unknown")).first()
        if row is None:
            return  # the claim was lost before this message was begun
        row.attempts += 1
        row.state, row.reason, row.lease_until, row.changed_at = receipt.state, receipt.reason, None, now
        if receipt.state == "retry":
            self._put_off(row, spread)
        row.save(update_fields=["state", "reason", "attempts", "not_before", "lease_until", "changed_at"])

    def _put_off(self, row: models.Delivery, spread: float) -> None:
        """Refused for now: when to try again, unless it was tried often enough or the run has ended meanwhile."""
        if row.attempts > len(BACK_OFF):
            row.state, row.reason = "failed", f"given up after {row.attempts} attempts: {row.reason}"
        elif not models.Run.objects.filter(pk=self._run_id, state="sending").exists():
            row.state, row.reason = "failed", f"not tried again because the run had ended: {row.reason}"
        else:
            row.not_before = row.changed_at + timedelta(seconds=BACK_OFF[row.attempts - 1] * spread)
