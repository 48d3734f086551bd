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

PEOPLE, MANY, EACH, LOOP, ROUNDS = 10_000, 1_000_000, 16_000, 500, 3
SESSIONS, USUAL = 32, 8  # of the comparison, and of a channel that sets none
SIZE = 4400  # bytes of a message of smtp-source and of the loop; netlift's is about as long


def run(*, people: int = PEOPLE, many: int = MANY, each: int = EACH, rounds: int = ROUNDS) -> dict[str, Any]:
    """Messages per second and ratios; CPU milliseconds per message by part; memory for many people beside few."""
    with tempfile.TemporaryDirectory() as name, _sink() as port:
        folder = Path(name)
        (folder / "key.pem").write_bytes(dkim.new_key("rsa"))
        key = str(folder / "key.pem")
        found = [_round(folder / str(i), each, port, key) for i in range(rounds)]  # each with its baseline: the machine is shared
        few, signed = (_launched(folder / f"split{bool(k)}", people, port, k, "split") for k in ("", key))
        more = _launched(folder / "many", many, port, "")
    middle = sorted(found, key=lambda one: float(one["launch"]["to_source"]))[rounds // 2]
    return {
        "people": people,
        "people_of_a_round": each,
        "sessions": SESSIONS,
        "sessions_usual": USUAL,
        "bytes": few["bytes"],
        "bytes_signed": signed["bytes"],
        "rates": middle,
        "rounds": [{name: one[name]["to_source"] for name in one if not name.startswith("source")} for one in found],
        "cpu_ms": _parts(few, people),
        "cpu_ms_signed": _parts(signed, people),
        "by_people": {str(number): _by_people(one, number) for number, one in ((people, few), (many, more))},
    }


def tables(told: dict[str, Any]) -> dict[str, str]:
    """The tables of docs/email.md by name."""
    names = {
        "source": f"smtp-source (Postfix), {SESSIONS} sessions",
        "channel": "netlift, ledger in memory",
        "channel_signed": "the same, signed with RSA of 2,048 bits",
        "launch": "netlift launch, with its ledger",
        "launch_signed": "the same, signed",
        "workers": f"two workers with {SESSIONS // 2} sessions each",
        "workers_signed": "the same, signed",
        "source_usual": f"smtp-source with {USUAL} sessions",
        "usual": f"netlift launch with {USUAL} sessions, as a channel that sets none",
        "usual_signed": "the same, signed",
        "loop": "a plain loop: smtplib, EmailMessage, dkimpy",
    }
    rates = ["| sender | messages a second | of smtp-source |", "|---|---|---|"]
    rates += [f"| {text} | {told['rates'][n]['per_second']:,} | {100 * told['rates'][n]['to_source']:.1f} % |" for n, text in names.items()]
    parts = ["| part | unsigned | signed |", "|---|---|---|"]
    plain, signed = told["cpu_ms"], told["cpu_ms_signed"]
    parts += [f"| {name} | {plain.get(name, 0):.3f} | {signed[name]:.3f} |" for name in signed]
    people = ["| people | CPU ms a message | memory |", "|---|---|---|"]
    people += [f"| {int(number):,} | {one['cpu_ms']:.3f} | {one['peak_mb']} MB |" for number, one in told["by_people"].items()]
    return {"rates": "\n".join(rates), "parts": "\n".join(parts), "people": "\n".join(people)}


def _round(folder: Path, people: int, port: int, key: str) -> dict[str, dict[str, float]]:
    """All ways after each other: messages a second."""
    rates = {
        "source": people / _source(port, people, SESSIONS),
        "source_usual": people / _source(port, people, USUAL),
        "channel": people / _child("channel", str(people), str(port), "", str(SESSIONS))["seconds"],
        "channel_signed": people / _child("channel", str(people), str(port), key, str(SESSIONS))["seconds"],
        "launch": people / _launched(folder / "unsigned", people, port, "")["seconds"],
        "launch_signed": people / _launched(folder / "signed", people, port, key)["seconds"],
        "usual": people / _launched(folder / "usual", people, port, "", sessions=USUAL)["seconds"],
        "usual_signed": people / _launched(folder / "usual_signed", people, port, key, sessions=USUAL)["seconds"],
        "workers": people / _launched(folder / "workers", people, port, "", processes=2)["seconds"],
        "workers_signed": people / _launched(folder / "workers_signed", people, port, key, processes=2)["seconds"],
        "loop": LOOP / _child("loop", str(port), key, str(LOOP), str(SIZE))["seconds"],
    }
    base = {name: rates["source_usual" if "usual" in name else "source"] for name in rates}
    return {name: {"per_second": round(rate), "to_source": round(rate / base[name], 3)} for name, rate in rates.items()}


def _launched(
    folder: Path, people: int, port: int, key: str, split: str = "", *, processes: int = 1, sessions: int = SESSIONS
) -> dict[str, Any]:
    """A run is begun in one process and sent by others, which have all sessions together."""
    folder.mkdir(parents=True)
    data = folder / "netlift"
    started = _child("prepare", str(folder), str(people), str(port), key, str(sessions // processes), data=data)
    command = [sys.executable, "-m", "benchmarks._sending", "send", started["run_id"], split]
    senders = [_started(command, data) for _ in range(processes)]
    for sender in senders:
        assert sender.stdout
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:  # all begin before the first one is waited for
        assert sender.stdin
        sender.stdin.write("\n")
        sender.stdin.flush()
    found = [json.loads(sender.communicate()[0]) for sender in senders]
    counts = max((one["counts"] for one in found), key=lambda told: int(told.get("accepted", 0)))  # of the last one
    assert counts == {"accepted": people}, counts
    seconds = max(one["ended"] for one in found) - min(one["began"] for one in found)
    return {**found[0], "seconds": seconds}


def _started(command: list[str], data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(command, env=_environment(data), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _environment(data: Path | None) -> dict[str, str]:
    return {**os.environ, "NETLIFT_DATA_DIR": str(data or ""), "OMP_NUM_THREADS": "1"}


def _parts(found: dict[str, Any], people: int) -> dict[str, float]:
    parts = {**found["parts"], "other": found["cpu_seconds"] - sum(found["parts"].values()), "all": found["cpu_seconds"]}
    return {name: round(1000 * spent / people, 3) for name, spent in parts.items()}


def _by_people(found: dict[str, Any], people: int) -> dict[str, float]:
    return {"cpu_ms": round(1000 * found["cpu_seconds"] / people, 3), "peak_mb": round(found["peak_mb"])}


def _child(*arguments: str, data: Path | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._sending", *arguments], env=_environment(data), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _source(port: int, people: int, sessions: int) -> float:
    """Seconds that smtp-source needs for as many messages."""
    command = ["smtp-source", "-N", "-d", "-s", str(sessions), "-m", str(people), "-l", str(SIZE)]
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
