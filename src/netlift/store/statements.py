"""The statements that run for every group of messages, as parametrised SQL that SQLite and PostgreSQL both take.

They are what Django's queries would be; building those cost more than running them. Values are always given beside the text.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection

from netlift.store.models import Bucket, Contact, Delivery, Run, Suppression

Value = TypeVar("Value")

DELIVERY, RUN, CONTACT, SUPPRESSION, BUCKET = (m._meta.db_table for m in (Delivery, Run, Contact, Suppression, Bucket))  # noqa: SLF001
MANY = 500  # values in a list, below SQLite's limit of variables
OURS = "run_id = %s AND token = %s AND state = 'claimed'"


def is_sending(run_id: int) -> bool:
    """Whether the run is in the state `sending`."""
    return bool(_rows(f"SELECT 1 FROM {RUN} WHERE id = %s AND state = 'sending'", (run_id,)))


def suppressed(channel: str, customer_ids: Sequence[str]) -> frozenset[str]:
    """Who of these customers must not be contacted on this channel: their own hash, or that of an address, is suppressed."""
    found: list[tuple[Any, ...]] = []
    for some in _parts(customer_ids):
        found += _rows(_suppressed(len(some)), (*some, channel))
    return frozenset(row[0] for row in found)


def claim(numbers: Sequence[int], token: str, *, now: datetime, until: datetime) -> None:
    """Hold these rows, locked by the transaction, under a token."""
    changes = "state = 'claimed', token = %s, lease_until = %s, not_before = NULL, changed_at = %s"
    for some in _parts(numbers):
        _run(f"UPDATE {DELIVERY} SET {changes} WHERE id IN ({_marks(len(some))})", (token, at(until), at(now), *some))


def commit(claimed: tuple[int, str], numbers: Sequence[int], *, now: datetime, until: datetime) -> frozenset[int]:
    """Claimed -> committing, of those that still belong to the claim (run, token); the answer is their numbers."""
    changes, found = "state = 'committing', lease_until = %s, changed_at = %s", list[tuple[Any, ...]]()
    for some in _parts(numbers):
        which = f"id IN ({_marks(len(some))}) AND {OURS}"
        found += _rows(f"UPDATE {DELIVERY} SET {changes} WHERE {which} RETURNING id", (at(until), at(now), *some, *claimed))
    return frozenset(row[0] for row in found)


def renew(claimed: tuple[int, str], numbers: Sequence[int], *, until: datetime) -> None:
    """Hold for longer what is still claimed of these rows."""
    for some in _parts(numbers):
        _run(f"UPDATE {DELIVERY} SET lease_until = %s WHERE id IN ({_marks(len(some))}) AND {OURS}", (at(until), *some, *claimed))


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
