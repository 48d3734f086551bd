"""Two OData servers for tests: SAP's own CAP server, and a small one that misbehaves as no real one can be made to."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.conftest import ROOT
from tests.servers import free_port

PROJECT = ROOT / "tests" / "sap"
INSTALLED = ROOT / "build" / "sap"
USER, PASSWORD = "netlift", "a test"


@contextmanager
def cap(folder: Path, files: dict[str, str]) -> Iterator[str]:
    """SAP's CAP server with these tables (entity → CSV); gives its address. V4 is at /sales, V2 at /odata/v2/sales; 100 rows a page."""
    if not (INSTALLED / "installed").exists():
        raise AssertionError("The tests need SAP's CAP server in build/sap: run scripts/sap.sh (it needs node and npm).")
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    (folder / "db" / "data").mkdir()
    for entity, text in files.items():
        (folder / "db" / "data" / f"retail-{entity}.csv").write_text(text)
    port = free_port()
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            ["node", "node_modules/@sap/cds/bin/serve.js", "all"],
            cwd=folder,
            env={**os.environ, "PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _until_up(f"http://127.0.0.1:{port}/sales/", server, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return  # it answers, if only that it wants a password
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"SAP's CAP server did not start: {log.read_text()[-500:]}")


@dataclass
class Answer:
    """What the small server says; `length` lies about how much follows."""

    body: str | bytes = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Asked:
    """What the small server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Small:
    """Answers from a function, and remembers what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda _: Answer(status=404)

    def pages(self, metadata: str, answers: Sequence[Answer]) -> None:
        """`$metadata`, then these answers one after the other; the last one again and again."""
        rest = list(answers)
        self.answer = lambda asked: Answer(metadata) if asked.path.endswith("$metadata") else rest.pop(0) if len(rest) > 1 else rest[0]


@contextmanager
def small() -> Iterator[Small]:
    """The small server, on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(int(self.headers.get("content-length", 0))).decode())
            server.asked.append(asked)
            answer = server.answer(asked)
            body = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if answer.length is None else answer.length))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Small(f"http://127.0.0.1:{http.server_port}")
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
