"""A real Spark Connect server on the loopback interface, from the installed pyspark; it needs Java 17."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

PATIENCE = 120  # seconds until the server must be up
READY = "Spark Connect server started at"


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """Start a server that keeps its files in `folder`; gives its address, e.g. sc://127.0.0.1:40001, and ends it afterwards."""
    home = Path(pyspark.__file__).parent
    port = free_port()
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "8",
    }
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]", "--driver-memory", "1g"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    log = folder / "server.log"
    with log.open("w") as out:
        environment = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
        server = subprocess.Popen([*command, "spark-internal"], stdout=out, stderr=out, cwd=folder, env=environment, start_new_session=True)
    try:
        _wait(server, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _wait(server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while READY not in (told := log.read_text(errors="replace")):
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"The Spark Connect server of the tests did not start; Java 17 is needed. It said: {told[-2000:]}")
        time.sleep(0.2)
