"""Sending survives kill -9 and stopped processes: nobody twice, nobody lost, what is unknown is listed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netlift.store import audit
from netlift.workflow import show
from tests.workflow import plans

SESSIONS = 8  # of one process, each with a message in flight
PEOPLE, HELD_OUT, EXCLUDED = 400, 40, {"c0005": "no consent", "c0006": "suppressed"}
LEASE = "2"  # seconds
LAUNCH, WORKER = ("launch", "1", "--as", plans.OPERATOR), ("worker", "--once")


@contextmanager
def sink(record: Path, *options: str) -> Iterator[int]:
    """The mail server in a process of its own; it lists a message before it answers. Gives its port."""
    command = [sys.executable, "-m", "netlift.campaigns.testing", "--record", str(record), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline().split()[-1])
        finally:
            process.terminate()


@contextmanager
def netlift(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """netlift in a process of its own, on the store of this test; gone at the end whatever happens."""
    command = [str(Path(sys.executable).with_name("netlift")), *arguments]
    environment = {**os.environ, "NETLIFT_LEASE_SECONDS": LEASE}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def arrived(record: Path) -> list[tuple[str, str]]:
    """Recipient and Message-ID of everything that reached the mail server, in order."""
    if not record.exists():
        return []
    lines = record.read_text(encoding="utf-8").splitlines()
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def wait_for(record: Path, more: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until so many further messages have arrived, or the process has ended."""
    goal = len(arrived(record)) + more
    while len(arrived(record)) < goal and process.poll() is None:
        time.sleep(0.002)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A store; the answer is the folder for the run."""
    plans.opened(tmp_path / "netlift")
    return tmp_path / "run"


def check_nobody_twice_nobody_lost(record: Path, most_unknown: int) -> None:
    """Compare the ledger with what the mail server has."""
    ledger = show.deliveries("1")
    recipients = Counter(recipient for recipient, _ in arrived(record))
    assert not [recipient for recipient, copies in recipients.items() if copies > 1], "nobody twice"
    rows = {f"{row['customer_id']}@example.com": row for row in ledger["rows"]}
    assert len(rows) == PEOPLE == sum(ledger["counts"].values()), "a row for everybody"
    assert set(ledger["counts"]) <= {"accepted", "unknown", "excluded"}, "everybody came to an end"
    assert ledger["counts"]["excluded"] == HELD_OUT + len(EXCLUDED)
    assert ledger["counts"].get("unknown", 0) <= most_unknown, "at most the messages in flight per kill"
    assert all(rows[recipient]["state"] in {"accepted", "unknown"} for recipient in recipients)
    assert {r for r, row in rows.items() if row["state"] == "accepted"} <= set(recipients), "accepted means arrived"
    assert all(rows[recipient]["message_id"] == message_id for recipient, message_id in arrived(record))
    assert show.plan("1")["state"] == "completed"
    assert audit.verify().whole


def test_nobody_twice_nobody_lost_after_kills(run: Path, tmp_path: Path) -> None:
    """Killed three times while launching and three times as a worker, the run ends whole."""
    record, draw = tmp_path / "arrived", random.Random(5)
    kills = 0
    with sink(record) as port:
        plans.approved(run, plans.plan(plans.audience(PEOPLE, HELD_OUT, EXCLUDED)), port=port)
        for command in (LAUNCH, LAUNCH, LAUNCH, WORKER, WORKER, WORKER):
            with netlift(*command) as process:
                wait_for(record, draw.randint(10, 50), process)
                time.sleep(draw.uniform(0, 0.02))
                kills += process.poll() is None
                process.send_signal(signal.SIGKILL)
        assert kills == 6
        assert show.plan("1")["state"] == "sending"
        with netlift(*WORKER) as process:
            assert process.wait(timeout=120) == 0
    check_nobody_twice_nobody_lost(record, most_unknown=kills * SESSIONS)


def test_two_workers_and_one_that_sleeps_through_its_lease(run: Path, tmp_path: Path) -> None:
    """A process stopped for longer than its lease wakes up and sends nothing that another has taken over."""
    record = tmp_path / "arrived"
    with sink(record) as port:
        plans.approved(run, plans.plan(plans.audience(PEOPLE, HELD_OUT, EXCLUDED)), port=port)
        with netlift(*LAUNCH) as sleeper, netlift("worker") as worker:
            wait_for(record, 20, sleeper)
            sleeper.send_signal(signal.SIGSTOP)
            deadline = time.monotonic() + 120
            while show.plan("1")["state"] != "completed" and time.monotonic() < deadline:
                time.sleep(0.1)
            sleeper.send_signal(signal.SIGCONT)
            assert sleeper.wait(timeout=60) == 0
            worker.kill()
    check_nobody_twice_nobody_lost(record, most_unknown=SESSIONS)
