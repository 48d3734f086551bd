"""The statements that run for every group of messages, as parametrised SQL that SQLite and PostgreSQL both take.

They are what Django's queries would be; building those cost more than running them. Values are always given beside the text.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection

from netlift.rules import Consent
from netlift.store.models import Bucket, CallList, Contact, Delivery, EmergencyStop, PastContact, Run, Suppression
from netlift.store.models import Consent as KeptConsent

Value = TypeVar("Value")

DELIVERY, RUN, CONTACT, SUPPRESSION, BUCKET, STOP, CONSENT, LIST, PAST = (
    model._meta.db_table  # noqa: SLF001 -- Django's documented way
    for model in (Delivery, Run, Contact, Suppression, Bucket, EmergencyStop, KeptConsent, CallList, PastContact)
)
DUE = ("id", "customer_id", "state", "offer", "message_id", "domain", "attempts", "not_before")
SAID = "person, status, kind, given_at, wording, source, proof, confirmed_at, confirmed_from, expires_at, facts"
MANY = 500  # values in a list, below SQLite's limit of variables
OURS = "run_id = %s AND token = %s AND state = 'claimed'"


class Standing(NamedTuple):
    """What is read before every group of messages."""

    may_send: bool  # the run is in the state `sending`, and neither it nor everything was stopped
    news: tuple[int | None, ...]  # other than before, whenever something was written down on which may hang whether a person gets one


def standing(run_id: int) -> Standing:
    """Whether a run may send now, and what is known now."""
    stopped = f"EXISTS (SELECT 1 FROM {STOP} WHERE lifted_at IS NULL)"
    sends = f"EXISTS (SELECT 1 FROM {RUN} WHERE id = %s AND state = 'sending' AND halt IS NULL AND NOT {stopped})"
    newest = ", ".join(f"(SELECT max(id) FROM {table})" for table in (SUPPRESSION, CONSENT, LIST, PAST))
    ((may, *news),) = _rows(f"SELECT {sends}, {newest}", (run_id,))
    return Standing(bool(may), tuple(news))


def suppressed(channel: str, customer_ids: Sequence[str]) -> frozenset[str]:
    """Who of these customers must not be contacted on this channel: their own hash, or that of an address, is suppressed."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(customer_ids):
        found += _rows(_suppressed(len(some)), (*some, channel))
    return frozenset(row[0] for row in found)


def any_late(now: datetime) -> bool:
    """Whether the lease of any row has run out."""
    return bool(_rows(f"SELECT 1 FROM {DELIVERY} WHERE lease_until < %s LIMIT 1", (at(now),)))


class Due(NamedTuple):
    """A row whose time has come."""

    pk: int
    customer_id: str
    state: str
    offer: str
    message_id: str
    domain: str
    attempts: int
    not_before: datetime | None


def due(run_id: int, channel: str, size: int, *, now: datetime) -> list[Due]:
    """Up to so many rows, locked: whose time has come first, then those that never waited. Each query walks along the index `claimable`."""
    found: list[Due] = []
    waiting = "not_before <= %s"
    for state, when, values in (("ready", waiting, (at(now),)), ("retry", waiting, (at(now),)), ("ready", "not_before IS NULL", ())):
        if len(found) < size:
            which = f"run_id = %s AND channel = %s AND state = %s AND {when} ORDER BY not_before, id LIMIT %s {_lock()}"
            rows = _rows(f"SELECT {', '.join(DUE)} FROM {DELIVERY} WHERE {which}", (run_id, channel, state, *values, size - len(found)))
            found += [Due._make((*row[:-1], moment(row[-1]))) for row in rows]
    return found


def tried(run_id: int, channel: str, states: Sequence[str], number: int) -> list[tuple[str, str]]:
    """State and customer of so many rows in these states, the last ones first."""
    which = f"run_id = %s AND channel = %s AND state IN ({_marks(len(states))}) ORDER BY changed_at DESC LIMIT %s"
    found = _rows(f"SELECT state, customer_id FROM {DELIVERY} WHERE {which}", (run_id, channel, *states, number))
    return [(row[0], row[1]) for row in found]


def contacts(customer_ids: Sequence[str], states: Sequence[str]) -> list[tuple[str, int, str, str, datetime]]:
    """Customer, run, channel, state and moment of these customers' rows in these states, in the order of time."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(customer_ids):
        which = f"customer_id IN ({_marks(len(some))}) AND state IN ({_marks(len(states))})"
        found += _rows(f"SELECT customer_id, run_id, channel, state, changed_at FROM {DELIVERY} WHERE {which}", (*some, *states))
    return sorted(((*row[:4], _known(row[4])) for row in found), key=lambda row: row[4])


def consents(people: Sequence[str], channel: str, purpose: str) -> list[tuple[str, Consent]]:
    """What these people (keyed hashes) said."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(people):
        which = f"person IN ({_marks(len(some))}) AND channel = %s AND purpose = %s"
        found += _rows(f"SELECT {SAID} FROM {CONSENT} WHERE {which}", (*some, channel, purpose))
    return [
        (
            person,
            Consent(status, kind, moment(given), wording, source, proof, moment(confirmed), by, moment(expires), frozenset(facts.split())),
        )
        for person, status, kind, given, wording, source, proof, confirmed, by, expires, facts in found
    ]


def elsewhere(people: Sequence[str], *, since: datetime, until: datetime) -> list[tuple[str, datetime]]:
    """Contacts that netlift did not make: person (keyed hash) and moment."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(people):
        which = f"person IN ({_marks(len(some))}) AND at > %s AND at <= %s"
        found += _rows(f"SELECT person, at FROM {PAST} WHERE {which}", (*some, at(since), at(until)))
    return [(row[0], _known(row[1])) for row in found]


def claim(numbers: Sequence[int], token: str, *, now: datetime, until: datetime) -> None:
    """Hold these rows, locked by the transaction, under a token."""
    changes = "state = 'claimed', token = %s, lease_until = %s, not_before = NULL, changed_at = %s"
    for some in _parts(numbers):
        _run(f"UPDATE {DELIVERY} SET {changes} WHERE id IN ({_marks(len(some))})", (token, at(until), at(now), *some))


def put_back(claimed: tuple[int, str], rows: Iterable[tuple[str, str, datetime | None, int]], *, now: datetime) -> None:
    """Let claimed rows go: each with its state, reason, when it may be claimed again, and number."""
    changes = "state = %s, reason = %s, not_before = %s, token = '', lease_until = NULL, changed_at = %s"
    values = [(state, reason, at(until), at(now), number, *claimed) for state, reason, until, number in rows]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {DELIVERY} SET {changes} WHERE id = %s AND {OURS}", values)


def commit(claimed: tuple[int, str], numbers: Sequence[int], *, until: datetime) -> frozenset[int]:
    """Claimed -> committing, of those that still belong to the claim (run, token); the answer is their numbers."""
    changes, found = "state = 'committing', lease_until = %s", list[tuple[Any, ...]]()
    for some in _parts(numbers):
        which = f"id IN ({_marks(len(some))}) AND {OURS}"
        found += _rows(f"UPDATE {DELIVERY} SET {changes} WHERE {which} RETURNING id", (at(until), *some, *claimed))
    return frozenset(row[0] for row in found)


def renew(claimed: tuple[int, str], numbers: Sequence[int], *, until: datetime) -> None:
    """Hold for longer what is still claimed of these rows."""
    for some in _parts(numbers):
        _run(f"UPDATE {DELIVERY} SET lease_until = %s WHERE id IN ({_marks(len(some))}) AND {OURS}", (at(until), *some, *claimed))


def release(claimed: tuple[int, str], numbers: Sequence[int], *, now: datetime) -> None:
    """Give back what is still claimed of these rows."""
    changes = "state = 'ready', token = '', lease_until = NULL, changed_at = %s"
    for some in _parts(numbers):
        _run(f"UPDATE {DELIVERY} SET {changes} WHERE id IN ({_marks(len(some))}) AND {OURS}", (at(now), *some, *claimed))


def slowed(keys: Sequence[str]) -> list[tuple[str, float]]:
    """The key and factor of those of these buckets that are slowed down."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(keys):
        found += _rows(f"SELECT key, factor FROM {BUCKET} WHERE factor < 1 AND key IN ({_marks(len(some))})", some)
    return found


def end(values: Iterable[tuple[Any, ...]]) -> None:
    """Write down the ends of messages, each: state, reason, attempts, not_before, changed_at, id, run, token.

    A row whose claim was lost before its message was begun does not change.
    """
    changes = "state = %s, reason = %s, attempts = %s, not_before = %s, lease_until = NULL, changed_at = %s"
    where = "id = %s AND run_id = %s AND token = %s AND state IN ('claimed', 'committing', 'unknown')"
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {DELIVERY} SET {changes} WHERE {where}", list(values))


def at(moment: datetime | None) -> Any:  # noqa: ANN401 -- as the database has it
    """A moment as the database keeps it."""
    return connection.ops.adapt_datetimefield_value(moment) if moment else None


def moment(value: Any) -> datetime | None:  # noqa: ANN401 -- as the database has it
    """A moment as Python keeps it, aware: SQLite has texts in UTC."""
    if value is None:
        return None
    found: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _known(value: Any) -> datetime:  # noqa: ANN401 -- as the database has it
    found = moment(value)
    assert found is not None  # noqa: S101 -- the column is never empty
    return found


def _lock() -> str:
    return "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""


@functools.cache
def _suppressed(count: int) -> str:
    """One look into the index of the suppressed hashes for each of a customer's, however many are suppressed."""
    hashes = "s.hash IN (c.customer_hash, c.email_hash, c.phone_hash) AND s.channel IN ('', %s)"
    listed = f"c.customer_id IN ({_marks(count)})"
    return f"SELECT c.customer_id FROM {CONTACT} c WHERE {listed} AND EXISTS (SELECT 1 FROM {SUPPRESSION} s WHERE {hashes})"


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def _parts(values: Sequence[Value]) -> list[Sequence[Value]]:
    return [values[i : i + MANY] for i in range(0, len(values), MANY)]


def _rows(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return list(cursor.fetchall())


def _run(text: str, values: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
