"""Debian's Kannel between HTTP and a centre for text messages on Node.js, on this machine, for as long as a test needs them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONFIG = """group = core
admin-port = {admin}
admin-password = bar
admin-interface = 127.0.0.1
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
box-deny-ip = *.*.*.*
log-file = "{folder}/bearerbox.log"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = TEST
host = 127.0.0.1
port = {centre}
transceiver-mode = true
smsc-username = a
smsc-password = b
system-type = ""
throughput = 1000
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
sendsms-interface = 127.0.0.1
http-request-retry = 5
http-queue-delay = 1
log-file = "{folder}/smsbox.log"

group = sendsms-user
username = netlift
password = {password}

group = sms-service
keyword = default
max-messages = 1
omit-empty = true
get-url = "{answers}?from=%p&text=%a&id=%I"
"""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    url: str  # of sendsms
    arrived: Path  # a line for each message that the centre took: number and text, parted by a tab


@contextlib.contextmanager
def running(folder: Path, *, password: str, answers: str, drop_every: int = 0, receipt_ms: int = 20) -> Iterator[Gateway]:
    """Centre, bearerbox and smsbox; `answers` is where what people answer is told."""
    for name in ("bearerbox", "smsbox", "node"):
        if shutil.which(name) is None:
            pytest.fail(f"{name} is missing; scripts/test.sh installs kannel and Node.js", pytrace=False)
    folder.mkdir(parents=True, exist_ok=True)
    admin, boxes, send, centre = _free(4)
    arrived, config = folder / "arrived", folder / "kannel.conf"
    arrived.touch()
    config.write_text(
        CONFIG.format(folder=folder, admin=admin, boxes=boxes, send=send, centre=centre, password=password, answers=answers),
        encoding="utf-8",
    )
    script = [
        shutil.which("node") or "",
        str(ROOT / "tests" / "smsc" / "smsc.js"),
        str(centre),
        str(arrived),
        str(drop_every),
        str(receipt_ms),
    ]
    environment = {**os.environ, "NODE_PATH": str(ROOT / "build" / "smsc" / "node_modules")}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_process(script, centre, environment))
        stack.enter_context(_process(["bearerbox", "-v", "4", str(config)], boxes))
        stack.enter_context(_process(["smsbox", "-v", "4", str(config)], send))
        yield Gateway(f"http://127.0.0.1:{send}/cgi-bin/sendsms", arrived)


@contextlib.contextmanager
def _process(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as process:  # type: ignore[call-overload]
        try:
            for _ in range(300):
                assert process.poll() is None, f"{command[0]} ended at once"
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            else:
                pytest.fail(f"{command[0]} did not listen within 30 seconds")
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()


def _free(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(number)]
