"""What somebody can do who owns the database, and that it is found: 1,000 events, on both databases."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from netlift.store import audit, heads, store_folder
from netlift.store.chain import BEGINNING, event_hash
from netlift.store.models import AuditEvent
from tests.store import stores

EVENTS, SEED = 1000, 20260504
EDITS = 12  # of each column, and of the file
TEXTS = ("at", "actor", "act", "details", "previous_hash", "hash")
COLUMNS = (*TEXTS, "run", "id")


@pytest.fixture
def trail(owner: str) -> Path:
    """1,000 events, a head noted by the worker at 600, one exported at the end; the answer is the exported head's file."""
    with transaction.atomic():
        for number in range(2, EVENTS + 1):
            audit.record("approve" if number == 500 else "act", actor=owner, run_id=number, details={"step": number, "text": "grün"})
            if number == 600:
                heads.append(store_folder() / "audit" / "heads.jsonl", audit.signed_head())
    exported = store_folder().parent / "exported.json"
    exported.write_text(audit.signed_line())
    stores.drop_triggers()
    assert audit.verify_all([exported]).text == "All 1,000 events are as they were written, and 3 noted heads agree."
    return exported


def sql(statement: str, *values: Any) -> None:
    """Change the table past netlift."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def first_bad() -> int | None:
    """What verify names."""
    return audit.verify_all().first_bad


def test_every_changed_byte_of_every_column(trail: Path) -> None:
    """One byte, one number: found, and the event is named."""
    draw = random.Random(SEED)
    for column in COLUMNS:
        for _ in range(EDITS):
            number = draw.randint(1, EVENTS)
            old = AuditEvent.objects.filter(pk=number).values_list(column, flat=True)[0]
            if column == "id":
                new: Any = EVENTS + 1 + draw.randrange(1000)
            elif column == "run":
                new = draw.choice([None, number + 1, -number])
            else:
                place = draw.randrange(len(str(old)))
                new = f"{str(old)[:place]}{chr(ord(str(old)[place]) ^ 1)}{str(old)[place + 1 :]}"
            if new == old:
                continue
            with undone():
                sql(f"UPDATE store_auditevent SET {column} = %s WHERE id = %s", new, number)
                assert first_bad() == number, (column, old, new)
    assert audit.verify_all().whole


@pytest.mark.parametrize("both_databases", ["sqlite"], indirect=True)
def test_every_changed_byte_of_the_file(trail: Path) -> None:
    """A byte of an event's row, changed in the file itself, also where it is no text any more or damages the file."""
    draw, file = random.Random(SEED), store_folder() / "netlift.sqlite3"
    connections.close_all()
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()
    whole = file.read_bytes()
    for number in sorted(draw.sample(range(2, EVENTS + 1), 8 * EDITS)):
        at, actor, act, details, previous, own = AuditEvent.objects.filter(pk=number).values_list(*TEXTS)[0]
        connections.close_all()
        begin = whole.index((at + actor + act).encode())
        end = whole.index((details + previous + own).encode(), begin) + len((details + previous + own).encode())
        place = draw.randrange(begin, end)
        with file.open("r+b") as raw:
            raw.seek(place)
            raw.write(bytes([whole[place] ^ 1 << draw.randrange(8)]))
        assert first_bad() == number, (number, place - begin)
        connections.close_all()
        with file.open("r+b") as raw:
            raw.seek(place)
            raw.write(whole[place : place + 1])
    assert audit.verify_all().whole


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is taken back at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_deleted(trail: Path) -> None:
    """An event that is missing is named."""
    for number in (1, 2, 500, 998, 999):
        with undone():
            sql("DELETE FROM store_auditevent WHERE id = %s", number)
            assert first_bad() == number


def test_swapped(trail: Path) -> None:
    """Of two events that changed places the first is named."""
    for one, other in ((1, 2), (3, 900), (999, 1000)):
        with undone():
            for old, new in ((one, 5000), (other, one), (5000, other)):
                sql("UPDATE store_auditevent SET id = %s WHERE id = %s", new, old)
            assert first_bad() == one


def test_cut_off(trail: Path) -> None:
    """The missing end is named: by the exported head always, by the one noted at 600 where more is missing."""
    for left, named in ((999, None), (600, None), (599, 600), (0, 1)):
        with undone():
            sql("DELETE FROM store_auditevent WHERE id > %s", left)
            assert audit.verify_all([trail]).first_bad == left + 1
            assert first_bad() == named


def rewrite(change: Callable[[int, str], str], begin: int = 1) -> None:
    """What can be done with the database and without the signing key: every hash from `begin` on is computed anew."""
    before, rows = BEGINNING, list(AuditEvent.objects.order_by("pk").values_list("pk", *TEXTS[:4], "run", "hash"))
    with transaction.atomic():
        sql("DELETE FROM store_auditevent")
        for number, at, actor, act, details, run, hash_ in rows:
            changed = change(number, details) if number >= begin else details
            own = event_hash(number, at, actor, act, run, changed, before) if number >= begin else hash_
            values = {"at": at, "actor": actor, "act": act, "run": run, "details": changed, "previous_hash": before, "hash": own}
            AuditEvent.objects.create(pk=number, **values)
            before = own


def test_rewritten(trail: Path) -> None:
    """A chain that is whole in itself is given away by the heads inside, noted and exported."""
    rewrite(lambda number, details: details.replace("grün", "rot") if number == 3 else details)
    check = audit.verify_all([trail])
    assert audit.verify_all().first_bad == 1
    assert [finding.text.split(":")[0] for finding in check.findings] == ["The trail was rewritten"] * 3
    assert check.head.events == EVENTS


def test_rewritten_and_noted_heads_deleted(trail: Path) -> None:
    """Also those inside the events: only who kept a head elsewhere can tell, and does."""
    (store_folder() / "audit" / "heads.jsonl").unlink()
    rewrite(lambda number, details: '{"step":500}' if number == 500 else details, begin=3)
    assert audit.verify_all().whole
    assert audit.verify_all([trail]).first_bad == 1


def test_rewritten_end(trail: Path) -> None:
    """Events after the last head inside and the last noted one: found by the exported head alone."""
    rewrite(lambda number, details: details.replace("grün", "rot") if number == 900 else details, begin=900)
    assert audit.verify_all().whole
    assert not audit.verify_all([trail]).whole


def test_a_head_inside_put_in_by_somebody_without_the_key(trail: Path) -> None:
    """The rewritten chain has a head that fits it and that nobody signed."""
    head_500: list[str] = []

    def forged(number: int, details: str) -> str:
        if number != 500:
            return details.replace("grün", "rot") if number == 499 else details
        before = AuditEvent.objects.filter(pk=499).values_list("hash", flat=True)[0]
        head_500.append(before)
        return details.replace(details.partition('"hash":"')[2][:64], before)

    (store_folder() / "audit" / "heads.jsonl").unlink()
    rewrite(forged, begin=499)
    assert head_500
    check = audit.verify_all()
    assert (check.first_bad, check.findings[0].text) == (500, "The head in event 500 was not signed by the key of this data directory.")
