"""What comes from outside while a campaign is being sent: a signal, the file STOP, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection, connections

from netlift.settings import ChannelSettings
from netlift.store import stops
from netlift.workflow import show
from netlift.workflow.launch import start
from tests.flow import test_kill as kill
from tests.workflow import plans

PEOPLE = 200
MOUNT, UMOUNT, RESERVE = "/bin/mount", "/bin/umount", 4  # MB of the small disk


def started(folder: Path, port: int) -> str:
    """A run of 200 people that waits for a worker."""
    run_id = plans.approved(folder, plans.plan(plans.audience(PEOPLE, 0)), port=port)
    start(run_id, actor=plans.OPERATOR)
    connections.close_all()
    return run_id


def copies(record: Path) -> Counter[str]:
    """How many letters each person has."""
    return Counter(recipient for recipient, _ in kill.arrived(record))


def test_sigterm_drains(tmp_path: Path) -> None:
    """A worker that gets SIGTERM finishes its message, gives the others back and ends with 0; another sends the rest."""
    plans.opened(tmp_path / "netlift")
    record = tmp_path / "arrived"
    with kill.sink(record, "--delay", "0.01") as port:
        run_id = started(tmp_path / "run", port)
        with kill.netlift("worker") as worker:
            kill.wait_for(record, 20, worker)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=15) == 0
        counts = show.counts(run_id)
        assert set(counts) == {"accepted", "ready"}
        assert 20 <= counts["accepted"] == len(copies(record)) <= 20 + 50
        connections.close_all()
        with kill.netlift(*kill.WORKER) as worker:
            assert worker.wait(timeout=60) == 0
    assert show.counts(run_id) == {"accepted": PEOPLE}
    assert set(copies(record).values()) == {1}


def test_the_stop_file_holds_within_two_seconds(tmp_path: Path) -> None:
    """Two seconds after the file STOP appears no further message arrives; once it is gone the rest is sent, nobody twice."""
    plans.opened(tmp_path / "netlift")
    record, stop = tmp_path / "arrived", tmp_path / "netlift" / stops.FILE
    with kill.sink(record, "--delay", "0.01") as port:
        run_id = started(tmp_path / "run", port)
        with kill.netlift("worker") as one, kill.netlift("worker"):
            kill.wait_for(record, 20, one)
            stop.touch()
            time.sleep(2)
            held = len(kill.arrived(record))
            assert held < PEOPLE
            time.sleep(3)
            assert len(kill.arrived(record)) == held
            stop.unlink()
            kill.wait_for(record, PEOPLE - held, one)
            time.sleep(1)
    assert show.counts(run_id) == {"accepted": PEOPLE}
    assert set(copies(record).values()) == {1}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 4 MB with the store on it; needs root."""
    disk = tmp_path / "small"
    disk.mkdir()
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", f"size={RESERVE}m", "tmpfs", str(disk)], check=True)
    monkeypatch.setenv("NETLIFT_DATA_DIR", str(disk / "netlift"))
    try:
        yield disk
    finally:
        connections.close_all()
        subprocess.run([UMOUNT, "--lazy", str(disk)], check=True)


def test_a_full_disk(small: Path, tmp_path: Path) -> None:
    """A full disk ends the worker with one sentence; the store stays whole, and with room again the rest is sent, nobody twice."""
    plans.opened(small / "netlift")
    record, ballast = tmp_path / "arrived", small / "ballast"
    with kill.sink(record, "--delay", "0.01") as port:
        run_id = started(tmp_path / "run", port)
        environment = {**os.environ, "NETLIFT_LEASE_SECONDS": kill.LEASE}
        command = [str(Path(sys.executable).with_name("netlift")), *kill.WORKER]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as worker:
            kill.wait_for(record, 20, worker)  # type: ignore[arg-type]
            fill(ballast)
            said, _ = worker.communicate(timeout=60)
        assert worker.returncode != 0, said
        assert "disk is full" in said
        assert "Traceback" not in said
        assert len(kill.arrived(record)) < PEOPLE
        ballast.unlink()
        with closing(connection.cursor()) as cursor:
            assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connections.close_all()
        time.sleep(float(kill.LEASE))
        with kill.netlift(*kill.WORKER) as again:
            assert again.wait(timeout=60) == 0
    counts = show.counts(run_id)
    assert sum(counts.values()) == PEOPLE
    assert set(counts) <= {"accepted", "unknown"}
    assert counts.get("unknown", 0) <= ChannelSettings.model_fields["connections"].default  # were on the wire
    assert set(copies(record).values()) == {1}
    assert len(copies(record)) >= PEOPLE - counts.get("unknown", 0)


def fill(ballast: Path) -> None:
    """Take all the room that is left."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return
