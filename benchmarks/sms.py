"""Texts through Kannel to a centre (SMPP) under kill -9: nobody lost, nobody twice, what became of each message told by its own address.

Real parts: Debian's Kannel, a centre on npm's smpp, `netlift serve` for what the centre tells, forked workers that are killed. Quiet
hours are switched off, so that texts leave whenever this runs.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connections
from django.utils import timezone
from tests import kannel
from tests.workflow import plans

from netlift.rules import verdict
from netlift.settings import parse
from netlift.store import consents, ledger, open_store, tokens, vault
from netlift.workflow import show
from netlift.workflow.launch import start
from netlift.workflow.worker import work

FORK = multiprocessing.get_context("fork")
PEOPLE, KILLS, WORKERS, LEASE, PASSWORD = 10_000, 20, 2, 2, "p"
RECEIPT_MS = 1000  # one that comes sooner than Kannel has written its message down finds nothing there
SERVE = "from netlift.store import open_store; from netlift.console import serve; open_store(); serve(port={port})"


def run(*, people: int = PEOPLE, kills: int = KILLS) -> dict[str, Any]:
    """One campaign in full."""
    os.environ["NETLIFT_LEASE_SECONDS"] = str(LEASE)
    with tempfile.TemporaryDirectory() as folder:
        return campaign(Path(folder), people=people, kills=kills, seed=1)


def row(told: dict[str, Any]) -> str:
    """The line of docs/channels/sms.md."""
    receipts = told["receipts_missing"] + told["receipts_wrong"]
    cells = [told["kills"], f"{told['arrived']:,}", told["twice"], told["lost"], receipts, told["answered_stop"], told["stopped"]]
    return f"| {told['people']:,} | {' | '.join(map(str, [*cells, told['counts'].get('unknown', 0)]))} |"


def campaign(folder: Path, *, people: int, kills: int, seed: int) -> dict[str, Any]:
    """Send to so many people, with so many kills on the way; what arrived, and what is told of it."""
    draw = random.Random(seed)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ |= {"NETLIFT_PUBLIC_URL": f"http://127.0.0.1:{port}", "KANNEL_PASSWORD": PASSWORD}
    with mock.patch.object(verdict, "next_open", lambda start, *_, **__: start):
        plans.opened(folder / "store")
        answers = f"http://127.0.0.1:{port}/p/t/sms/{tokens.answers('sms')}"
        with (
            kannel.running(folder / "kannel", password=PASSWORD, answers=answers, receipt_ms=RECEIPT_MS) as gateway,
            _served(folder / "store", port),
        ):
            consents.import_list("US", ["+12125559999"], dated=timezone.now().date(), actor=plans.OPERATOR)
            run_id = plans.approved_texts(folder / "run", _settings(gateway.url), people, 0)
            start(run_id, actor=plans.OPERATOR)
            connections.close_all()
            killed = _killed(folder / "store", run_id, kills, people, draw)
            _wait_for_receipts(run_id)
            lost = (folder / "kannel" / "bearerbox.log").read_text(encoding="utf-8", errors="replace").count("could not find message")
            return {**_judged(run_id, gateway.arrived, killed, people), "receipts_lost_by_kannel": lost}


def _settings(url: str) -> Any:  # noqa: ANN401 -- Settings
    section = {
        "kind": "kannel",
        "url": url,
        "user": "netlift",
        "password_env": "KANNEL_PASSWORD",
        "sender": "+12125550100",
        "country": "US",
    }
    project = {"name": "Shop", "currency": "USD", "country": "US"}
    return parse({"project": project, "tables": {"customers": {"path": "c.csv"}}, "channels": {"sms": section}}, folder=Path(), sha256="0")


@contextmanager
def _served(store: Path, port: int) -> Iterator[None]:
    """The console, to which the centre tells what became of messages."""
    environment = {**os.environ, "NETLIFT_DATA_DIR": str(store)}
    with subprocess.Popen([sys.executable, "-c", SERVE.format(port=port)], env=environment) as server:
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)


def _killed(store: Path, run_id: str, kills: int, people: int, draw: random.Random) -> int:
    """Workers that are killed at random moments, evenly over the campaign, until it is completed; how many were."""
    workers, killed = [_forked(store) for _ in range(WORKERS)], 0
    while killed < kills and show.plan(run_id)["state"] != "completed":
        counts = show.counts(run_id)
        waiting = sum(counts.get(state, 0) for state in ("ready", "claimed", "committing", "retry"))
        if waiting > people * (1 - (killed + 1) / (kills + 1)):
            time.sleep(draw.uniform(0.02, 0.1))
            continue
        i = draw.randrange(WORKERS)
        if workers[i].is_alive():
            os.kill(workers[i].pid or 0, signal.SIGKILL)
            killed += 1
        workers[i].join()
        workers[i] = _forked(store)
    connections.close_all()
    for worker in workers:
        worker.join()
    for _ in range(10):
        if show.plan(run_id)["state"] == "completed":
            break
        connections.close_all()
        last = _forked(store)
        last.join()
    return killed


def _forked(store: Path) -> Any:  # noqa: ANN401 -- a process
    connections.close_all()
    process = FORK.Process(target=_worker, args=(store,))
    process.start()
    return process


def _worker(store: Path) -> None:
    ledger.BACK_OFF = (0.2, 0.5, 1, 1, 1)  # type: ignore[assignment]
    open_store(store)
    work(once=True)


def _wait_for_receipts(run_id: str) -> None:
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 10:
        told = sum(show.counts(run_id).get(state, 0) for state in ("delivered", "bounced"))
        if told != last:
            last, since = told, time.monotonic()
        time.sleep(0.5)


def _judged(run_id: str, record: Path, killed: int, people: int) -> dict[str, Any]:
    lines = [line.split("\t") for line in record.read_text(encoding="utf-8").splitlines()]
    arrived = Counter(number.removeprefix("+") for number, text in lines if text.startswith("Hello"))
    numbers = {f"c{i:04d}": f"1212555{i:04d}" for i in range(people)}
    states = {row["customer_id"]: row["state"] for row in show.rows(run_id)}
    stopped = [c for c, number in numbers.items() if number.endswith("00") and number in arrived]
    told = ("delivered", "bounced")
    wrong = sum(s in told and (numbers[c][-2:] in {"09", "59"}) != (s == "bounced") for c, s in states.items())
    return {
        "people": people,
        "kills": killed,
        "state": show.plan(run_id)["state"],
        "counts": show.counts(run_id),
        "arrived": len(arrived),
        "twice": sum(n > 1 for n in arrived.values()),
        "lost": sum(s in {"accepted", "delivered", "bounced"} and numbers[c] not in arrived for c, s in states.items()),
        "receipts_missing": sum(states[c] not in told for c, number in numbers.items() if number in arrived),
        "receipts_wrong": wrong,
        "answered_stop": len(stopped),
        "confirmations": sum(not text.startswith("Hello") for _, text in lines),
        "stopped": len(vault.suppressed("sms", stopped)),
    }
