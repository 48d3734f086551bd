"""What the ledger costs for each message: CPU time of claim, committing and record, beside a bare sqlite3 loop with the same commits.

SQLite in WAL with synchronous = FULL; claims of 64, bodies in groups of 8, each of which also records the group before.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from tests.store import stores

from netlift.campaigns.deliver import BATCH
from netlift.records import Message, Receipt
from netlift.store import ledger, people, vault
from netlift.store.models import Run

PEOPLE, GROUP, DOMAINS = 16_000, 8, 100
Answer = TypeVar("Answer")


def run(*, people_: int = PEOPLE) -> dict[str, Any]:
    """CPU milliseconds of a message by part, and the ratio to the bare loop."""
    os.environ["NETLIFT_VAULT_KEY"] = Fernet.generate_key().decode()
    with tempfile.TemporaryDirectory() as folder:
        parts = _ledger(Path(folder) / "store", people_)
        bare = _bare(Path(folder) / "bare.sqlite3", people_)
    wall, total = parts.pop("wall"), sum(cpu for name, cpu in parts.items() if name != "wall")
    return {
        "people": people_,
        "claim_of": BATCH,
        "group": GROUP,
        "cpu_ms": {name: round(cpu / people_ * 1000, 3) for name, cpu in (parts | {"all": total}).items()},
        "wall_ms": round(wall / people_ * 1000, 3),
        "bare_cpu_ms": round(bare["cpu"] / people_ * 1000, 3),
        "bare_wall_ms": round(bare["wall"] / people_ * 1000, 3),
        "cpu_ratio": round(total / bare["cpu"], 1),
        "messages_per_cpu_second": round(people_ / total),
    }


def _ledger(folder: Path, count: int) -> dict[str, float]:
    """CPU seconds by part, and the wall clock's."""
    stores.fresh(folder)
    sending = Run.objects.create(name="x", author=get_user_model().objects.get(username=people.acting(None)), state="sending")
    ids = [f"c{i:06d}" for i in range(count)]
    vault.put({"customer_id": c, "email": f"{c}@shop.example", "name": c} for c in ids)
    ledger.fill(sending.pk, (ledger.Row(c, "email", "Wine", "", "", f"<{c}@x>", f"d{i % DOMAINS}") for i, c in enumerate(ids)))
    message = Message("Wine", "email", "a@shop.example", "Hi", "Hello")
    book = ledger.RunLedger(sending.pk, "email", {"Wine": message}, address_field="email")
    spent: dict[str, float] = defaultdict(float)

    def timed(name: str, act: Callable[[], Answer]) -> Answer:
        began, clock = time.process_time(), time.perf_counter()
        answer = act()
        spent[name] += time.process_time() - began
        spent["wall"] += time.perf_counter() - clock
        return answer

    while batch := timed("claim", lambda: book.claim(BATCH)):
        finished: list[Receipt] = []
        for i in range(0, len(batch), GROUP):
            group = batch[i : i + GROUP]
            may = timed("committing", lambda group=group, finished=finished: book.committing(group, finished))
            finished = [Receipt(number, "accepted", "250 ok") for number in sorted(may)]
        timed("record", lambda token=batch[0].token, finished=finished: book.record(token, finished))
        timed("release", lambda token=batch[0].token: book.release(token))
    if ledger.counts(sending.pk) != {"accepted": count}:
        raise RuntimeError(f"not everybody was accepted: {ledger.counts(sending.pk)}")
    return dict(spent)


def _bare(path: Path, count: int) -> dict[str, float]:
    """The same commits by sqlite3 alone: nothing is looked up, decrypted or checked."""
    base = sqlite3.connect(path, isolation_level=None)
    base.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE d (id INTEGER PRIMARY KEY, state TEXT, token TEXT)"
    )
    base.execute("CREATE INDEX claimable ON d (state, id)")
    base.execute("BEGIN")
    base.executemany("INSERT INTO d VALUES (?, 'ready', '')", ((i,) for i in range(count)))
    base.execute("COMMIT")
    began, clock = time.process_time(), time.perf_counter()
    change = "UPDATE d SET state = ?, token = 't' WHERE id = ? AND state = ?"
    for first in range(0, count, BATCH):
        numbers, last = range(first, min(first + BATCH, count)), list[int]()
        _commit(base, change, [("claimed", i, "ready") for i in numbers])
        for i in range(0, len(numbers), GROUP):
            group = list(numbers[i : i + GROUP])
            ended = [("accepted", one, "committing") for one in last]
            _commit(base, change, [*ended, *(("committing", one, "claimed") for one in group)])
            last = group
        _commit(base, change, [("accepted", one, "committing") for one in last])
    spent = {"cpu": time.process_time() - began, "wall": time.perf_counter() - clock}
    base.close()
    return spent


def _commit(base: sqlite3.Connection, change: str, values: list[tuple[str, int, str]]) -> None:
    base.execute("BEGIN IMMEDIATE")
    base.executemany(change, values)
    base.execute("COMMIT")
