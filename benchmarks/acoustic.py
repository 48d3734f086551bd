"""100,000 people through the channel acoustic with faults on the way, the stand-in in another process; the counts must agree exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from netlift.campaigns.testing import acoustic

PEOPLE, REFUSED, OPTED_OUT = 100_000, 1_000, 500
JOB_SECONDS = 10.0
CLIENT = """
import json, os, resource, sys, time
from contextlib import closing
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from netlift import campaigns
from netlift.campaigns.channels.acoustic import client, events, flow
from netlift.campaigns.channels.acoustic.steps import kept
from netlift.records import Message
from netlift.settings import channel_settings
from netlift.store import ledger, open_store, people, runs, vault
from netlift.store.models import Run

def peak():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)

def timed(act):
    wall, cpu = time.monotonic(), time.process_time()
    found = act()
    return found, {"seconds": round(time.monotonic() - wall, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}

section, number, refused = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
flow.LOOK_PAUSE = client.FIRST_WAIT = 0.1
open_store()
people.add("ada", "author")
run = int(runs.create(name="Shop", author="ada"))
ids = [f"c{i:06d}" for i in range(number)]
vault.put({"customer_id": c, "email": c + ("@nowhere" if i < refused else "@example.com"), "name": f"Zoë {i}"} for i, c in enumerate(ids))
ledger.fill(run, [ledger.Row(c, "email", "Wine", "treated", "", f"<{c}@shop.example>") for c in ids])
Run.objects.filter(pk=run).update(state="sending")
before = peak()
message = {"Wine": Message("Wine", "email", "Shop <news@shop.example>", "Hello", "Hello {{ name }}")}
with closing(campaigns.open_channel(channel_settings(section))) as channel:
    channel.open()
    rows = ledger.RunLedger(run, "email", message, address_field="email")
    _, delivering = timed(lambda: campaigns.deliver(rows, channel))
    sending = peak()
    print("ordered", flush=True)
    sys.stdin.readline()
    kinds, collecting = timed(lambda: Counter(e.kind for e in channel.events(since=datetime.now(UTC) - timedelta(hours=1))))
    (steps,) = kept(channel.client().folder)
    told = events.counts(channel.client(), steps)
print(json.dumps({
    "ledger": ledger.counts(run), "events": dict(kinds), "differences": events.differences(kinds, told), "delivering": delivering,
    "collecting": collecting, "peak_gb": peak(), "peak_gb_before": before, "peak_gb_sending": sending,
}))
"""


def run() -> dict[str, Any]:
    """Counts of the ledger, of the platform and of the events; wall and CPU seconds, and memory, of the sending process."""
    with (
        tempfile.TemporaryDirectory() as folder,
        acoustic.Acoustic(Path(folder) / "vendor", job_seconds=JOB_SECONDS, repeat=0.05) as server,
    ):
        _trouble(server)
        environment = {
            **os.environ,
            "NETLIFT_DATA_DIR": str(Path(folder) / "data"),
            "ACOUSTIC_SECRET": acoustic.CLIENT["client_secret"],
            "ACOUSTIC_REFRESH": acoustic.CLIENT["refresh_token"],
            "ACOUSTIC_SFTP": acoustic.PASSWORD,
        }
        command = [sys.executable, "-c", CLIENT, json.dumps(_section(server)), str(PEOPLE), str(REFUSED)]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline() == "ordered\n"
            server.advance(3600)
            process.stdin.write("\n")
            process.stdin.flush()
            told: dict[str, Any] = json.loads(process.stdout.read())
        mailed = Counter(address for _, address in server.organisation.delivered)
        return {
            "people": PEOPLE,
            "refused_rows": REFUSED,
            "opted_out_there": OPTED_OUT,
            **told,
            "mailed": len(mailed),
            "mailed_twice": sum(count > 1 for count in mailed.values()),
            "calls": dict(Counter(operation for operation, _ in server.log)),
            "most_at_once": max(at_once for _, at_once in server.log),
        }


def _trouble(server: acoustic.Acoustic) -> None:
    """One of everything that goes wrong, and people who opted out there and are known to us as willing."""
    order = server.faults.order
    order("token", "busy")
    order("GetLists", "fault", errorid=145)
    order("CreateContactList", "reset", after=True)
    order("GetJobStatus", "throttled")
    order("GetJobStatus", "empty")
    order("ImportList", "fault", errorid=9001)
    order("GetListMetaData", "html")
    order("ScheduleMailing", "empty", after=True)
    order("RawRecipientDataExport", "truncated", after=True)
    database = server.organisation.databases[acoustic.DATABASE]
    for i in range(REFUSED, REFUSED + OPTED_OUT):
        values = {"EMAIL": f"c{i:06d}@example.com", "CUSTOMER_ID": f"c{i:06d}"}
        database.contacts[str(i)] = acoustic.Contact(str(i), values, opted_out=True)
    expired: list[str] = []

    def expire(operation: str, when: str) -> None:
        if (operation, when) == ("ImportList", "after") and not expired:
            expired.append(operation)
            server.expire()

    server.called = expire


def _section(server: acoustic.Acoustic) -> dict[str, Any]:
    return {
        "kind": "acoustic",
        "sender": "Shop <news@shop.example>",
        "url": server.url,
        "client_id": acoustic.CLIENT["client_id"],
        "client_secret_env": "ACOUSTIC_SECRET",
        "refresh_token_env": "ACOUSTIC_REFRESH",
        "sftp_host": "127.0.0.1",
        "sftp_port": server.sftp.port,
        "sftp_user": acoustic.USER,
        "sftp_password_env": "ACOUSTIC_SFTP",
        "sftp_host_key": server.sftp.host_key,
        "database": acoustic.DATABASE,
        "template": acoustic.TEMPLATE,
        "columns": {"FIRST_NAME": "name", "OFFER": "message.offer"},
    }
