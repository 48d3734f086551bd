"""Checking a long audit trail, on SQLite and on PostgreSQL: seconds, and memory beside a trail of a thousand events.

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

EVENTS, FEW = {"sqlite": 1_000_000, "postgresql": 100_000}, 1_000
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
cpu = time.process_time()
check = audit.verify()
assert check.whole
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"events": check.head.events, "cpu_seconds": time.process_time() - cpu,
                  "memory_mb": memory}))
"""


def run() -> dict[str, dict[str, float]]:
    """CPU seconds of netlift and MB of memory at most, for both databases, beside a trail of a thousand events."""
    found = {}
    with postgres() as server:
        for name, many in EVENTS.items():
            found[name] = {}
            for events in (FEW, many):
                server.run(f"CREATE DATABASE trail_{events}")
                url = StoreServer(server).url(f"trail_{events}") if name == "postgresql" else ""
                with tempfile.TemporaryDirectory() as folder:
                    fill(Path(folder), url, events)
                    found[name] |= told(check(Path(folder), url), "of_few" if events == FEW else "")
                server.run(f"DROP DATABASE trail_{events}")
    return found


def fill(folder: Path, url: str, events: int) -> None:
    """Write a trail."""
    subprocess.run([sys.executable, "-c", FILL, str(events)], check=True, env=_environment(folder, url))


def check(folder: Path, url: str) -> dict[str, float]:
    """Check the trail in a process of its own."""
    done = subprocess.run([sys.executable, "-c", CHECK], check=True, env=_environment(folder, url), stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def told(found: dict[str, float], suffix: str) -> dict[str, float]:
    """The figures, rounded."""
    rounded = {"events": found["events"], "cpu_seconds": round(found["cpu_seconds"], 1), "memory_mb": round(found["memory_mb"])}
    return {f"{name}_{suffix}" if suffix else name: value for name, value in rounded.items()}


def _environment(folder: Path, url: str) -> dict[str, str]:
    return {**os.environ, "NETLIFT_DATA_DIR": str(folder / "netlift"), "NETLIFT_DATABASE_URL": url}
