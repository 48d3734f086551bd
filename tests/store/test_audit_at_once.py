from __future__ import annotations

import subprocess
import sys

import pytest
from django.db import DatabaseError, connection, transaction

from netlift.store import audit, chain
from netlift.store.models import AuditEvent

EACH = 500
APPEND = f"""
import sys
from django.db import transaction
from netlift.store import audit, open_store
open_store()
print("ready", flush=True)
sys.stdin.readline()
for number in range({EACH}):
    with transaction.atomic():
        audit.record("act", actor=sys.argv[1], run_id=number)
"""


def test_two_processes_append_one_chain(owner: str) -> None:
    """Two processes with 500 events each at the same time: one whole chain of 1,000, with everybody's events in it."""
    processes = [
        subprocess.Popen([sys.executable, "-c", APPEND, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("ada", "eve")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=300)
    assert [process.returncode for process in processes] == [0, 0]
    check = audit.verify()
    assert (check.whole, check.head.events) == (True, 1 + 2 * EACH)
    actors = list(AuditEvent.objects.filter(act="act").order_by("pk").values_list("actor", flat=True))
    assert (actors.count("ada"), actors.count("eve")) == (EACH, EACH)


@pytest.mark.parametrize("both_databases", ["postgres"], indirect=True)
def test_postgres_refuses_truncate(owner: str) -> None:
    """Emptying the table at once is refused as well, and so is adding rows of one's own number twice."""
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE store_auditevent")
    with pytest.raises(DatabaseError, match="duplicate key"), transaction.atomic():
        AuditEvent.objects.create(pk=2, at="", actor="eve", act="x", details="{}", previous_hash=chain.BEGINNING, hash="0")
    assert audit.verify().head.events == 1


def test_approvals_carry_the_head_before_them(owner: str) -> None:
    """The event of an approval has the signed head of all events before it; a rolled-back one leaves nothing."""
    with transaction.atomic():
        audit.record("approve", actor=owner, run_id=1, details={"text": "fine"})
    ((_, told),) = audit.events(1, "approve")
    assert (told["text"], told["head"]["events"]) == ("fine", 1)
    assert audit.verify().heads == 1
