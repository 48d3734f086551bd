"""The delivery ledger: one row for everybody of an audience, and the only way a message may leave.

    planned -> excluded                                        never to be sent, with the reason
    ready -> claimed -> committing -> accepted | failed | unknown
               |            |-> retry -> claimed …             certainly refused for now
               |-> ready                                       given back, or the claim's lease ran out
    ready | retry | claimed -> cancelled                       stopped or suppressed meanwhile
    ready | retry -> excluded | retry                          the rules of channels say no, or later (store/permission.py)

Every step is `UPDATE … WHERE state = … AND token = …`: a process whose claim ran out changes no row, and so sends nothing.
A row that is `committing` when its lease runs out becomes `unknown`, and is never sent again by itself, unless its channel
says `unknown = "resend"`: then it is `ready` again, and the person may get the message twice.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal

from django.db import connection, transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from netlift.records import Delivery, Message, Receipt
from netlift.rules import Verdict
from netlift.settings import environment
from netlift.store import database, models, permission, rates, statements, stops, vault, ways_back
from netlift.store.permission import Judged
from netlift.store.rates import Rates, Waiting
from netlift.store.statements import Due

OPEN = ("ready", "claimed", "committing", "retry")
BACK_OFF = (15, 60, 240, 960, 3600)  # seconds before the second, third, … attempt, each ± 20 %
CHUNK = 2000  # rows per statement
RENEWAL = 4  # a lease is renewed when a quarter of it is over


@dataclass(frozen=True, slots=True)
class Row:
    """A new row: everybody of the audience gets exactly one."""

    customer_id: str
    channel: str
    offer: str
    arm: str
    reason: str  # of the exclusion; "" = will be sent
    message_id: str
    domain: str = ""  # `rates.domain_of` the address


def fill(run_id: int, rows: Iterable[Row]) -> None:
    """Make the rows of a run, some thousand at a time; call it in the transaction that starts the sending."""
    table = models.Delivery._meta.db_table  # noqa: SLF001 -- Django's documented way
    names = "run_id, wave, customer_id, channel, offer, arm, state, reason, message_id, domain, attempts, token, changed_at"
    insert = f"INSERT INTO {table} ({names}) VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, 0, '', %s)"
    iterator, now = iter(rows), timezone.now()
    with connection.cursor() as cursor:
        when = connection.ops.adapt_datetimefield_value(now)
        while chunk := list(islice(iterator, CHUNK)):
            cursor.executemany(insert, [_values(run_id, row, when) for row in chunk])


def _values(run_id: int, row: Row, when: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- as the database has it
    state = "excluded" if row.reason else "ready"
    return run_id, row.customer_id, row.channel, row.offer, row.arm, state, row.reason, row.message_id, row.domain, when


def clear(run_id: int) -> None:
    """Take away the rows of an earlier version to which nothing was ever handed over: the next version has its own for them."""
    models.Delivery.objects.filter(run_id=run_id, state__in=("planned", "excluded", "ready", "retry", "cancelled")).delete()


def counts(run_id: int) -> dict[str, int]:
    """Number of people in each state that occurs."""
    found = models.Delivery.objects.filter(run_id=run_id).values_list("state").annotate(Count("pk")).order_by("state")
    return dict(found)


def rows(run_id: int, *, state: str | None = None) -> Iterator[dict[str, Any]]:
    """Everybody of the run (in a state), sorted by customer id, read bit by bit; no contact data."""
    found = models.Delivery.objects.filter(run_id=run_id).order_by("customer_id", "channel")
    found = found if state is None else found.filter(state=state)
    for row in found.values("customer_id", "channel", "state", "attempts", "message_id", "reason").iterator(chunk_size=CHUNK):
        yield {**row}


def exclusions(run_id: int) -> dict[str, int]:
    """Number of excluded people by reason."""
    found = models.Delivery.objects.filter(run_id=run_id, state="excluded").values_list("reason")
    return dict(found.annotate(Count("pk")).order_by("reason"))


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
    """Take back what dead processes held, in all runs: claimed becomes ready, committing becomes unknown (or ready, where resent)."""
    now = timezone.now()
    if not statements.any_late(now):
        return
    late = models.Delivery.objects.filter(lease_until__lt=now)
    with transaction.atomic():
        late.filter(state="claimed", run__state__in=("sending", "paused")).update(state="ready", token="", lease_until=None, changed_at=now)
        reason = "the process ended while the message was being handed over; it may or may not have arrived"
        for run_id, channel in late.filter(state="committing").values_list("run_id", "channel").distinct().order_by():
            ended = {"lease_until": None, "changed_at": now, "attempts": F("attempts") + 1, "reason": reason}
            again = _resends(run_id, channel)
            of_it = late.filter(state="committing", run_id=run_id, channel=channel)
            of_it.update(state="ready" if again else "unknown", **({"token": ""} if again else {}), **ended)


def resolve(run_id: int, *, state: Literal["accepted", "failed", "resend"], customer_ids: Sequence[str] | None, reason: str) -> int:
    """Say what became of unknown rows (of these customers, or all): the answer is how many. Call it in the transaction of the act."""
    held = models.Delivery.objects.filter(run_id=run_id, state="unknown")
    chunks: list[QuerySet[models.Delivery]] = [held]
    if customer_ids is not None:
        chunks = [held.filter(customer_id__in=customer_ids[i : i + 500]) for i in range(0, len(customer_ids), 500)]
    now, new = timezone.now(), "ready" if state == "resend" else state
    return sum(chunk.update(state=new, reason=reason, token="", not_before=None, changed_at=now) for chunk in chunks)


def _resends(run_id: int, channel: str) -> bool:
    """Whether the campaign chose to send what may have arrived once more."""
    content = models.Run.objects.values_list("content", flat=True).get(pk=run_id)
    return bool(content.get("channels", {}).get(channel, {}).get("unknown") == "resend")


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
    return Q(state__in=("ready", "retry")) & (Q(not_before__isnull=True) | Q(not_before__lte=now))


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why a due row is not sent now: `state` for good, or put off (`until`)."""

    reason: str = ""
    until: datetime | None = None
    state: Literal["cancelled", "excluded", "ready"] = "cancelled"


def held_back(
    of: tuple[int, str], due: Sequence[Due], known: Mapping[str, Mapping[str, str]], *, field: str, judged: Judged
) -> dict[int, HeldBack]:
    """Who of the claimed rows is held back for what he may get, and why; rates come after (`_too_fast`).

    Args:
        of: the run and the channel.
        due: rows of them, held by this process.
        known: their contact data by customer id.
        field: the contact field that holds the address.
        judged: when they were claimed.
    """
    found: dict[int, HeldBack] = {}
    if not due:
        return found
    suppressed = statements.suppressed(of[1], [row.customer_id for row in due])
    for row in due:
        if row.customer_id in suppressed:
            found[row.pk] = HeldBack("suppressed after the approval")
        elif field not in known.get(row.customer_id, {}):
            found[row.pk] = HeldBack("no address any more")
    asked = [row.customer_id for row in due if row.pk not in found]
    barred = permission.barred(*of, asked, known, now=judged.at, claimed_at=judged.claimed_at)
    return found | {row.pk: _by_rules(barred[row.customer_id]) for row in due if row.customer_id in barred}


def _by_rules(verdict: Verdict) -> HeldBack:
    """Excluded for good, or put off to a moment within the campaign."""
    return HeldBack(verdict.words, state="excluded") if verdict.at is None else HeldBack(verdict.detail, verdict.at, "ready")


def _too_fast(free: Sequence[Due], channel: str, limits: Rates) -> dict[int, HeldBack]:
    waiting = [Waiting(row.pk, row.domain, row.not_before if row.state == "ready" else None) for row in free]
    late = rates.put_off(waiting, channel, limits, timezone.now()) if waiting else {}
    return {number: HeldBack(until=until, state="ready") for number, until in late.items()}


class RunLedger:
    """The ledger of one run on one channel, with the methods that `campaigns.deliver` asks for."""

    def __init__(
        self,
        run_id: int,
        channel: str,
        messages: Mapping[str, Message],
        *,
        address_field: str,
        limits: Rates = Rates(),  # noqa: B008 -- frozen
        resend: bool = False,
    ) -> None:
        self._run_id = run_id
        self._channel = channel
        self._messages = messages  # by offer
        self._address_field = address_field
        self._limits = limits
        self._resend = resend  # what may have arrived
        self._back = ways_back.ways_back(run_id, channel)
        self._lease = timedelta(seconds=environment().lease_seconds)
        self._token = ""  # of the last claim
        self._renewed = timezone.now()  # the lease of the last claim
        self._judged = Judged()  # the last claim
        self._news: tuple[int | None, ...] = ()  # what is known now
        self._claimed: dict[int, tuple[str, int]] = {}  # of the last claim: domain and attempts by number
        self._open: set[int] = set()  # of these the ones that are neither committing nor ended

    def claim(self, size: int) -> list[Delivery]:
        """Up to `size` messages that are due, held for this process; none when the run was stopped."""
        lapse()
        while True:
            found, claimed = self._claim(size)
            if claimed or not found:
                return claimed

    def _claim(self, size: int) -> tuple[int, list[Delivery]]:
        """One look at the due rows: how many there were, and those that are held now.

        They are held first and judged after: nobody waits for it, and who claims the same people for another run sees them.
        """
        token = uuid.uuid4().hex
        with database.turn():
            database.take_turns(database.CLAIMING)
            if not self._may_send():
                return 0, []
            now, judged = database.now(), Judged(timezone.now(), self._news)
            due = statements.due(self._run_id, self._channel, size, now=judged.at)
            statements.claim([row.pk for row in due], token, now=now, until=judged.at + self._lease)
        judged = replace(judged, claimed_at=now)
        self._token, self._renewed, self._judged = token, judged.at, judged
        known = vault.fields([row.customer_id for row in due])
        back = held_back((self._run_id, self._channel), due, known, field=self._address_field, judged=judged)
        with database.turn():
            free = [row for row in due if row.pk not in back]
            back |= _too_fast(free, self._channel, self._limits)
            statements.put_back((self._run_id, token), [(why.state, why.reason, why.until, pk) for pk, why in back.items()], now=now)
        held = [row for row in due if row.pk not in back]
        self._claimed = {row.pk: (row.domain, row.attempts) for row in held}
        self._open = set(self._claimed)
        return len(due), [self._delivery(row, token, known[row.customer_id]) for row in held]

    def committing(self, deliveries: Sequence[Delivery], finished: Sequence[Receipt]) -> frozenset[int]:
        """Write down that the bodies of these messages, all of one claim, go on the wire now, and what became of the ones before.

        The answer is the numbers of those that may: not where the claim was lost, the run was stopped, or the person was suppressed.
        """
        token, now = deliveries[0].token, timezone.now()
        with database.turn():
            self.record(token, finished)
            if not self._may_send():
                return frozenset()
            barred = self._barred(deliveries, now)
            wanted = [d.delivery_id for d in deliveries if d.customer_id not in barred]
            may = statements.commit((self._run_id, token), wanted, until=now + self._lease)
            self._renew(token, now)
        self._open -= may
        return may

    def _barred(self, deliveries: Sequence[Delivery], now: datetime) -> frozenset[str]:
        """Who was suppressed, or is not allowed by the rules any more; the claim's verdicts hold for a moment, unless there is news.

        Only SQLite's writers come one after the other, so that nothing older than the newest row comes later: PostgreSQL is asked anew.
        """
        mine = deliveries[0].token == self._token
        if mine and connection.vendor == "sqlite" and self._judged.holds(now, self._news):
            return frozenset()
        known = {d.customer_id: d.fields for d in deliveries}
        claimed_at = self._judged.claimed_at if mine else None
        barred = permission.barred(self._run_id, self._channel, list(known), known, now=now, claimed_at=claimed_at)
        return statements.suppressed(self._channel, list(known)) | frozenset(barred)

    def _renew(self, token: str, now: datetime) -> None:
        """Hold what waits for its turn for longer, once a part of its lease is over."""
        if token != self._token:
            self._of_claim(token).filter(state="claimed").update(lease_until=now + self._lease)
        elif now - self._renewed > self._lease / RENEWAL:
            statements.renew((self._run_id, token), list(self._claimed), until=now + self._lease)
            self._renewed = now

    def record(self, token: str, receipts: Sequence[Receipt]) -> None:
        """Write down what became of messages. A row that lapsed to unknown meanwhile learns the truth."""
        if not receipts:
            return
        with database.turn():
            now, known = timezone.now(), self._tried(receipts)
            self._record(token, receipts, known, now)
            accepted = Counter(known[r.delivery_id][0] for r in receipts if r.state == "accepted")
            rates.speed_up(self._channel, {domain: n for domain, n in accepted.items() if domain})
            for domain in {known[r.delivery_id][0] for r in receipts if _asks_for_less(r)} - {""}:
                rates.slow_down(self._channel, domain, now)
        self._open.difference_update(r.delivery_id for r in receipts)

    def release(self, token: str) -> None:
        """Give back what was claimed and not tried."""
        now = timezone.now()
        if token == self._token and not self._open:
            return
        with database.turn():
            if token == self._token:
                statements.release((self._run_id, token), list(self._claimed), now=now)
                return
            self._of_claim(token).filter(state="claimed").update(state="ready", token="", lease_until=None, changed_at=now)

    def renew(self, token: str) -> None:
        """Hold what was claimed and is not committed yet for another lease."""
        self._of_claim(token).filter(state="claimed").update(lease_until=timezone.now() + self._lease)

    def held(self) -> frozenset[str]:
        """The tokens of claims of which messages are committing, or became unknown."""
        mine = models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel, state__in=("committing", "unknown"))
        return frozenset(mine.values_list("token", flat=True).distinct()) - {""}

    def next_due(self) -> datetime | None:
        """When something can be claimed again; None = nothing is open, or nothing may be sent."""
        if not self._may_send():
            return None
        mine = models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel)
        if mine.filter(state="ready", not_before__isnull=True).exists():
            return timezone.now()
        times = mine.filter(state__in=OPEN).aggregate(
            lease=Min("lease_until"), wait=Min("not_before", filter=Q(state__in=("ready", "retry")))
        )
        return min(filter(None, times.values()), default=None)

    def open_rows(self) -> int:
        """Number of messages on this channel that still wait for their end."""
        return models.Delivery.objects.filter(run_id=self._run_id, channel=self._channel, state__in=OPEN).count()

    def _may_send(self) -> bool:
        standing = statements.standing(self._run_id)
        self._news = standing.news
        return standing.may_send and not stops.by_file()

    def _of_claim(self, token: str) -> QuerySet[models.Delivery]:
        """The rows of a claim; those of the last one are found by their numbers, not by a walk through the run."""
        mine = models.Delivery.objects.filter(run_id=self._run_id, token=token)
        return mine.filter(pk__in=self._claimed) if token == self._token else mine

    def _delivery(self, row: Due, token: str, fields: Mapping[str, str]) -> Delivery:
        return Delivery(
            delivery_id=row.pk,
            token=token,
            customer_id=row.customer_id,
            address=fields[self._address_field],
            fields={**fields, **ways_back.link_fields(self._back, row.pk)},
            message=self._messages[row.offer],
            message_id=row.message_id,
            attempts=row.attempts,
            unsubscribe_url=ways_back.unsubscribe_url(self._back, row.pk, row.customer_id),
            return_path=ways_back.return_path(self._back, row.pk),
            status_url=ways_back.status_url(self._back, row.pk),
        )

    def _tried(self, receipts: Sequence[Receipt]) -> dict[int, tuple[str, int]]:
        """Domain and attempts so far by number; the database is asked only for what is not of the last claim."""
        others = [r.delivery_id for r in receipts if r.delivery_id not in self._claimed]
        asked = models.Delivery.objects.filter(pk__in=others).values_list("pk", "domain", "attempts") if others else ()
        return self._claimed | {number: (domain, attempts) for number, domain, attempts in asked}

    def _record(self, token: str, receipts: Sequence[Receipt], known: Mapping[int, tuple[str, int]], now: datetime) -> None:
        """One statement for all: a row whose claim was lost before its message was begun does not change."""
        values, moment, spread = [], statements.at(now), random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load; one for all, so that a batch stays one
        for receipt in receipts:
            attempts = known.get(receipt.delivery_id, ("", 0))[1] + 1
            state, reason, not_before = receipt.state, receipt.reason, None
            if state == "retry" or (state == "unknown" and self._resend):
                state, reason, not_before = self._put_off(attempts, reason, now, spread)
            key = (receipt.delivery_id, self._run_id, token)
            values.append((state, reason, attempts, statements.at(not_before), moment, *key))
        statements.end(values)

    def _put_off(self, attempts: int, reason: str, now: datetime, spread: float) -> tuple[Literal["retry", "failed"], str, datetime | None]:
        """Refused for now: when to try again, unless it was tried often enough or the run has ended meanwhile."""
        if attempts > len(BACK_OFF):
            return "failed", f"given up after {attempts} attempts: {reason}", None
        if not models.Run.objects.filter(pk=self._run_id, state__in=("sending", "paused")).exists():
            return "failed", f"not tried again because the run had ended: {reason}", None
        return "retry", reason, now + timedelta(seconds=BACK_OFF[attempts - 1] * spread)


def _asks_for_less(receipt: Receipt) -> bool:
    return receipt.state == "retry" and receipt.reason[:3] in {"421", "450", "451"}
