"""How fast mail leaves: netlift's launch path beside Postfix's own load generator and a plain loop, into the same sink.

All in one run on one machine: the figures to read are the ratios, and CPU time per message.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netlift.campaigns import dkim

PEOPLE, MANY, LOOP, SESSIONS, ROUNDS = 10_000, 100_000, 500, 8, 3
SIZE = 4400  # bytes of a message of smtp-source; netlift's is as long


def run() -> dict[str, Any]:
    """Messages per second and ratios; CPU milliseconds per message by part; memory for many people beside few."""
    with tempfile.TemporaryDirectory() as name, _sink() as port:
        folder = Path(name)
        (folder / "key.pem").write_bytes(dkim.new_key("rsa"))
        key = str(folder / "key.pem")
        found = [_round(folder / str(i), port, key) for i in range(ROUNDS)]  # each with its own baseline: the machine is shared
        split = {signed: _launched(folder / f"split{signed}", PEOPLE, port, key if signed else "", "split") for signed in (False, True)}
        many = _launched(folder / "many", MANY, port, "", "")
    best = sorted(found, key=lambda one: one["unsigned_to_source"])[ROUNDS // 2]  # the middle one
    few = split[False]
    return {
        "people": PEOPLE,
        "sessions": SESSIONS,
        "bytes": few["bytes"],
        "bytes_signed": split[True]["bytes"],
        **best,
        "rounds": [one["unsigned_to_source"] for one in found],
        "rounds_signed": [one["signed_to_source"] for one in found],
        "cpu_ms": _parts(split[False], PEOPLE),
        "cpu_ms_signed": _parts(split[True], PEOPLE),
        "before_sending_cpu_ms": round(1000 * few["start"]["cpu_seconds"] / PEOPLE, 3),
        "many": {
            "people": MANY,
            "per_second": round(MANY / many["seconds"]),
            "cpu_ms": round(1000 * many["cpu_seconds"] / MANY, 3),
            "cpu_ms_of_few": round(1000 * few["cpu_seconds"] / PEOPLE, 3),
            "peak_mb": round(many["peak_mb"]),
            "peak_mb_of_few": round(few["peak_mb"]),
            "before_sending_cpu_ms": round(1000 * many["start"]["cpu_seconds"] / MANY, 3),
            "before_sending_peak_mb": round(many["start"]["peak_mb"]),
            "before_sending_peak_mb_of_few": round(few["start"]["peak_mb"]),
        },
    }


def _round(folder: Path, port: int, key: str) -> dict[str, Any]:
    """The four ways after each other."""
    source = PEOPLE / _source(port)
    unsigned = PEOPLE / _launched(folder / "unsigned", PEOPLE, port, "", "")["seconds"]
    signed = PEOPLE / _launched(folder / "signed", PEOPLE, port, key, "")["seconds"]
    loop = LOOP / _child("loop", str(port), key, str(LOOP), str(SIZE))["seconds"]
    return {
        "source_per_second": round(source),
        "unsigned_per_second": round(unsigned),
        "signed_per_second": round(signed),
        "loop_per_second": round(loop),
        "unsigned_to_source": round(unsigned / source, 3),
        "signed_to_source": round(signed / source, 3),
        "signed_to_loop": round(signed / loop, 1),
    }


def _launched(folder: Path, people: int, port: int, key: str, split: str) -> dict[str, Any]:
    """A run is begun in one process and sent in another."""
    folder.mkdir(parents=True)
    started = _child("prepare", str(folder), str(people), str(port), key, data=folder / "netlift")
    found = _child("send", started["run_id"], split, data=folder / "netlift")
    assert found["counts"] == {"accepted": people}, found["counts"]
    return {**found, "start": started}


def _parts(found: dict[str, Any], people: int) -> dict[str, float]:
    parts = {**found["parts"], "all": found["cpu_seconds"]}
    parts["other"] = parts["all"] - sum(found["parts"].values())
    return {name: round(1000 * spent / people, 3) for name, spent in parts.items()}


def _child(*arguments: str, data: Path | None = None) -> dict[str, Any]:
    environment = {**os.environ, "NETLIFT_DATA_DIR": str(data or ""), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._sending", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _source(port: int) -> float:
    """Seconds that smtp-source needs for as many messages."""
    command = ["smtp-source", "-N", "-d", "-s", str(SESSIONS), "-m", str(PEOPLE), "-l", str(SIZE)]
    began = time.monotonic()
    subprocess.run([*command, "-f", "news@shop.example", "-t", "c@example.com", f"127.0.0.1:{port}"], check=True)
    return time.monotonic() - began


@contextlib.contextmanager
def _sink() -> Iterator[int]:
    """Postfix's sink on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with subprocess.Popen(["smtp-sink", "-u", "nobody", "-h", "sink.test", f"127.0.0.1:{port}", "512"]) as process:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        try:
            yield port
        finally:
            process.terminate()
