"""Sending under kill -9: real worker processes killed at random moments over and over, against a mail server with faults.

The server is a recording one of its own that lists a recipient before it answers, refuses 3 % for now (451) and ends 1 % of the
connections after the body. A watcher samples the ledger all the while. Workers are forked, so that a kill costs no import.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection, connections
from tests.workflow import plans

from netlift.campaigns.testing import FastSink
from netlift.store import ledger, open_store, vault
from netlift.workflow import show
from netlift.workflow.launch import start
from netlift.workflow.worker import work

FORK = multiprocessing.get_context("fork")
PEOPLE, WORKERS, LEASE = 10_000, 2, 2  # LEASE in seconds
SUMMED = (
    *("kills", "people", "samples", "samples_wrong", "people_twice", "not_ended", "accepted_not_arrived", "arrived_not_told"),
    "dropped",
)
REFUSE, DROP, DOMAINS = 0.03, 0.01, 100


def _sink(record: Path, port: Synchronized[int], dropped: Synchronized[int]) -> None:
    with FastSink(record=record, refuse=REFUSE, drop=DROP, seed=1) as sink:
        port.value = sink.port
        while True:
            time.sleep(0.02)
            dropped.value = sink.dropped


def _watch(database: Path, people: int, wrong: Synchronized[int], samples: Synchronized[int]) -> None:
    """Count the rows of the ledger again and again: as many as there are people, at every moment."""
    while True:
        with suppress(sqlite3.OperationalError):
            counted = sqlite3.connect(database, timeout=5)
            (rows,) = counted.execute("SELECT count(*) FROM store_delivery").fetchone()
            counted.close()
            samples.value += 1
            wrong.value += rows not in {0, people}
        time.sleep(0.05)


def _worker(store: Path) -> None:

    ledger.BACK_OFF = (0.2, 0.5, 1, 1, 1)  # type: ignore[assignment]
    open_store(store)
    work(once=True)


def campaign(folder: Path, *, policy: str, kills: int, seed: int, people: int, seconds: float = 120) -> dict[str, Any]:
    """One campaign, killed `kills` times, or until it has ended or the seconds are over; then it is sent to its end."""
    draw, record = random.Random(seed), folder / "arrived"
    port, dropped = FORK.Value("i", 0), FORK.Value("i", 0)
    sink = FORK.Process(target=_sink, args=(record, port, dropped), daemon=True)
    sink.start()
    while not port.value:
        time.sleep(0.02)
    plans.opened(folder / "store")
    usual = plans.settings
    with mock.patch.object(plans, "settings", lambda p=2525, **more: usual(p, unknown=policy, **more)):
        run_id = plans.approved(folder / "run", plans.plan(plans.audience(people, people // 20)), port=port.value)
    ids = [f"c{i:04d}" for i in range(people)]
    vault.put({"customer_id": c, "email": f"{c}@shop{i % DOMAINS}.example", "name": c} for i, c in enumerate(ids))
    start(run_id, actor=plans.OPERATOR)
    connections.close_all()
    wrong, samples = FORK.Value("i", 0), FORK.Value("i", 0)
    watcher = FORK.Process(target=_watch, args=(folder / "store" / "netlift.sqlite3", people, wrong, samples), daemon=True)
    watcher.start()
    workers = [_forked(folder / "store") for _ in range(WORKERS)]
    killed, deadline = 0, time.monotonic() + seconds
    while killed < kills and time.monotonic() < deadline:
        time.sleep(draw.uniform(0.05, 0.35))
        i = draw.randrange(WORKERS)
        if workers[i].is_alive():
            os.kill(workers[i].pid or 0, signal.SIGKILL)
            killed += 1
        workers[i].join()
        if workers[i].exitcode == 0:
            break
        workers[i] = _forked(folder / "store")
    for worker in workers:
        worker.join()
    for _ in range(10):
        last = _forked(folder / "store")
        last.join()
        if show.plan(run_id)["state"] == "completed":
            break
    time.sleep(0.1)  # for the last count of the sink
    for process in (watcher, sink):
        process.kill()
    return _judged(
        run_id, record, killed, {"samples": samples.value, "samples_wrong": wrong.value, "people": people, "dropped": dropped.value}
    )


def _forked(store: Path) -> BaseProcess:
    process = FORK.Process(target=_worker, args=(store,))
    process.start()
    return process


def _judged(run_id: str, record: Path, killed: int, more: dict[str, Any]) -> dict[str, Any]:

    told = show.deliveries(run_id)
    arrived = Counter(line.split("@")[0] for line in record.read_text().splitlines())
    ended = {"accepted", "failed", "unknown", "excluded"}
    states = {row["customer_id"]: row["state"] for row in told["rows"]}
    with connection.cursor() as cursor:
        whole = cursor.execute("PRAGMA integrity_check").fetchone()[0]
    state = show.plan(run_id)["state"]
    connections.close_all()
    return {
        "kills": killed,
        **more,
        "state": state,
        "counts": told["counts"],
        "people_twice": sum(n > 1 for n in arrived.values()),
        "copies_too_many": sum(n - 1 for n in arrived.values()),
        "not_ended": sum(s not in ended for s in states.values()),
        "accepted_not_arrived": sum(s == "accepted" and c not in arrived for c, s in states.items()),
        "arrived_not_told": sum(states.get(c) not in {"accepted", "unknown"} for c in arrived),
        "integrity": whole,
    }


def run(*, kills: int = 1000, per_campaign: int = 340, people: int = PEOPLE, seconds: float = 600) -> dict[str, Any]:
    """A campaign with resend, then campaigns with hold until so many kills or seconds are over."""
    os.environ["NETLIFT_LEASE_SECONDS"] = str(LEASE)
    began = time.monotonic()
    campaigns: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        resend = campaign(Path(folder), policy="resend", kills=60, seed=99, people=people // 10)
    print(resend, flush=True)
    while (killed := sum(c["kills"] for c in campaigns)) < kills and (left := seconds - (time.monotonic() - began)) > 0:
        with tempfile.TemporaryDirectory() as folder:
            most = min(per_campaign, kills - killed)
            one = campaign(Path(folder), policy="hold", kills=most, seed=len(campaigns), people=people, seconds=left)
            campaigns.append(one)
        print(campaigns[-1], flush=True)
    hold = {name: sum(c[name] for c in campaigns) for name in SUMMED}
    hold |= {"campaigns": len(campaigns), "unknown": sum(c["counts"].get("unknown", 0) for c in campaigns)}
    hold["integrity_ok"] = all(c["integrity"] == "ok" for c in campaigns)
    hold["all_completed"] = all(c["state"] == "completed" for c in campaigns)
    return {"hold": hold, "resend": resend}
