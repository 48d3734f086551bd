"""How fast messages may go: per channel, recipient domain and sender, kept in the database so that a restart grants no burst.

Each rate is a bucket of the generic cell rate algorithm (ITU-T I.371, annex A): the moment `next_at` moves on by 1 / rate with
every message. A message whose slot lies ahead is put off to it, and its slot is booked: it does not ask again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F

from netlift.store import keys, statements
from netlift.store.models import Bucket, Delivery

BURST = 1.0  # seconds' worth of messages that may go at once after a rest
GRACE = timedelta(seconds=60)  # a booked slot that was missed by more than this counts no longer
SLOWER, LOWEST = 0.5, 1 / 64  # factor at each refusal, and the least
FASTER = 1.02  # factor for each message accepted: at 3 % refusals a domain keeps its rate, above it slows down
SLOWED_RATE = 100.0  # messages per second, times its factor, of a domain that was slowed down and has no rate of its own
SETTLE = timedelta(seconds=1)  # the pause after a refusal; refusals within it are one: their messages were on the way together
BIG = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "icloud.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "yandex.ru",
        "mail.ru",
        "qq.com",
        "163.com",
        "orange.fr",
        "free.fr",
        "libero.it",
    }
)


@dataclass(frozen=True, slots=True)
class Rates:
    """The limits of one channel; None or empty = no limit."""

    per_second: float | None = None
    per_second_per_domain: float | None = None
    warm_up: tuple[int, ...] = ()
    sender: str = ""  # address whose first days the warm-up counts


@dataclass(frozen=True, slots=True)
class Waiting:
    """A due row, as far as the rates care."""

    delivery_id: int
    domain: str
    booked: datetime | None  # its slot


def domain_of(address: str, *, key: bytes) -> str:
    """What the ledger may know of a recipient's domain: the name of a large public provider, else a keyed hash; "" = none."""
    name = address.rpartition("@")[2].lower() if "@" in address else ""
    return name if name in BIG or not name else keys.keyed_hash("domain", name, key=key)[:32]


def put_off(due: Sequence[Waiting], channel: str, rates: Rates, now: datetime) -> dict[int, datetime]:
    """Which of the due messages must wait, and until when; the others may go now. Call it in the transaction of the claim."""
    asking = [row for row in due if row.booked is None or row.booked < now - GRACE]
    until: dict[int, datetime] = {}
    _warm_up(asking, rates, now, until)
    asking = [row for row in asking if row.delivery_id not in until]
    limits = _limits({row.domain for row in asking}, channel, rates, now)
    for row in asking:
        slots = [_slot(*limits[name], now) for name in ("", row.domain) if name in limits]
        if slots and max(slots) > now:
            until[row.delivery_id] = max(slots)
    _keep(limits)
    return until


def slow_down(channel: str, domain: str, now: datetime) -> None:
    """A receiver asked for less (421, 450, 451): halve the rate of its domain only, and give up the slots booked at the old one."""
    bucket, _ = Bucket.objects.get_or_create(key=_key("domain", channel, domain), defaults={"next_at": now})
    if bucket.slowed_at is not None and now - bucket.slowed_at < SETTLE:
        return
    bucket.factor, bucket.slowed_at, bucket.next_at = max(LOWEST, bucket.factor * SLOWER), now, now + SETTLE
    bucket.save()
    Delivery.objects.filter(channel=channel, domain=domain, state="ready", not_before__isnull=False).update(not_before=None)


def speed_up(channel: str, accepted: Mapping[str, int]) -> None:
    """Domains took so many messages: those that were slowed down get a little faster."""
    if accepted:
        for key, factor in statements.slowed([_key("domain", channel, domain) for domain in accepted]):
            faster = min(1.0, factor * FASTER ** accepted[key.rpartition(":")[2]])
            Bucket.objects.filter(key=key).update(factor=faster)


def _warm_up(asking: Sequence[Waiting], rates: Rates, now: datetime, until: dict[int, datetime]) -> None:
    """Put what is beyond today's share of the warm-up plan off to the next day (UTC)."""
    if not rates.warm_up or not asking:
        return
    today = now.astimezone(UTC).date()
    sender = keys.keyed_hash("sender", rates.sender)[:32]
    before = Bucket.objects.filter(key__startswith=_key("day", sender, "")).exclude(key=_key("day", sender, str(today))).count()
    if before >= len(rates.warm_up):
        return
    day, _ = Bucket.objects.get_or_create(key=_key("day", sender, str(today)), defaults={"next_at": now})
    left = max(0, rates.warm_up[before] - day.count)
    tomorrow = datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC)
    until.update({row.delivery_id: tomorrow for row in asking[left:]})
    Bucket.objects.filter(pk=day.pk).update(count=F("count") + len(asking[:left]))


def _limits(domains: Iterable[str], channel: str, rates: Rates, now: datetime) -> dict[str, tuple[Bucket, float]]:
    """The buckets that limit these domains, and "" for the channel, each with its rate in messages per second."""
    named = {_key("domain", channel, domain): domain for domain in domains if domain}
    if rates.per_second:
        named[_key("channel", channel)] = ""
    found = {bucket.key: bucket for bucket in Bucket.objects.select_for_update().filter(key__in=named)}
    limits: dict[str, tuple[Bucket, float]] = {}
    for key, domain in named.items():
        bucket = found.get(key)
        rate = rates.per_second if domain == "" else rates.per_second_per_domain
        if bucket is None and rate is None:
            continue
        bucket = bucket or Bucket(key=key, next_at=now - timedelta(seconds=BURST))
        if rate is None and bucket.factor >= 1:
            continue
        limits[domain] = (bucket, (rate or SLOWED_RATE) * bucket.factor)
    return limits


def _slot(bucket: Bucket, rate: float, now: datetime) -> datetime:
    slot = max(bucket.next_at, now - timedelta(seconds=max(0.0, BURST - 1 / rate)))
    bucket.next_at = slot + timedelta(seconds=1 / rate)
    return slot


def _keep(limits: Mapping[str, tuple[Bucket, float]]) -> None:
    for bucket, _ in limits.values():
        bucket.save()


def _key(*parts: str) -> str:
    return ":".join(parts)
