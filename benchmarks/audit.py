"""Checking an audit trail of a million events, on SQLite and on PostgreSQL: seconds, and memory beside a trail of a thousand.

As root it starts PostgreSQL as Debian's account `postgres`, as the tests do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import postgres
from tests.store.servers import StoreServer

EVENTS, FEW = 1_000_000, 1_000
FILL = """
import sys
from netlift.store import chain, open_store
from netlift.store.models import AuditEvent
open_store()
before, rows = chain.BEGINNING, []
for number in range(1, int(sys.argv[1]) + 1):
    told = {"at": "2026-05-04T09:30:00.000000+00:00", "actor": "ada", "act": "act", "run": number % 1000}
    told["details"] = '{"approval_hash":"' + "ab" * 32 + '","state":"in_review","version":1}'
    own = chain.event_hash(number, *told.values(), before)
    rows.append(AuditEvent(pk=number, **told, previous_hash=before, hash=own))
    before = own
    if len(rows) == 10000:
        AuditEvent.objects.bulk_create(rows, batch_size=2000)
        rows = []
AuditEvent.objects.bulk_create(rows, batch_size=2000)
"""
CHECK = """
import json, resource, time
from netlift.store import audit, open_store
open_store()
began, cpu = time.perf_counter(), time.process_time()
check = audit.verify()
assert check.whole
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"events": check.head.events, "seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu,
                  "memory_mb": memory}))
"""


def run() -> dict[str, dict[str, float]]:
    """Seconds, CPU seconds of netlift, and MB of memory at most, for both databases."""
    with postgres() as server:
        server.run("CREATE DATABASE few", "CREATE DATABASE many")
        urls = {events: StoreServer(server).url(name) for events, name in ((FEW, "few"), (EVENTS, "many"))}
        return {"sqlite": _measured({FEW: "", EVENTS: ""}), "postgresql": _measured(urls)}


def _measured(urls: dict[int, str]) -> dict[str, float]:
    found = {}
    for events, url in urls.items():
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NETLIFT_DATA_DIR": str(Path(folder) / "netlift"), "NETLIFT_DATABASE_URL": url}
            subprocess.run([sys.executable, "-c", FILL, str(events)], check=True, env=environment)
            told = subprocess.run([sys.executable, "-c", CHECK], check=True, env=environment, stdout=subprocess.PIPE)
            found[events] = json.loads(told.stdout)
    many, few = found[EVENTS], found[FEW]
    return {
        "events": many["events"],
        "seconds": round(many["seconds"], 1),
        "cpu_seconds": round(many["cpu_seconds"], 1),
        "memory_mb": round(many["memory_mb"]),
        "memory_mb_of_a_thousand": round(few["memory_mb"]),
    }
