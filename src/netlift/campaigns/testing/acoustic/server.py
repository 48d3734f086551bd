"""The HTTP side: tokens and the XML API, as strict as the platform, with faults to order and a clock to move."""

from __future__ import annotations

import itertools
import json
import secrets
import socket
import ssl
import struct
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from netlift.campaigns.testing.acoustic import answers, imports, mailings, strictness
from netlift.campaigns.testing.acoustic.faults import Faults, Ordered
from netlift.campaigns.testing.acoustic.files import Called, Sftp
from netlift.campaigns.testing.acoustic.organisation import Database, Job, Organisation

CLIENT = {"client_id": "application", "client_secret": "client s3cret", "refresh_token": "refresh s3cret"}
USER, PASSWORD = "netlift@example.com", "sftp s3cret"
DATABASE, TEMPLATE = "1001", "2001"
COLUMNS = ("EMAIL", "CUSTOMER_ID", "FIRST_NAME", "OFFER")
OLD, LIFE = 3 * 3600, 4 * 3600  # seconds: age from which a new token is given; life of a token
TOKENS_AN_HOUR = 20
AT_ONCE = 10


class Acoustic:
    """A stand-in for Acoustic Campaign on this machine, with one organisation.

    `log` lists every call as (operation, number of requests at that moment). `called` is told of every operation before it takes
    effect and after, in the server's own thread.

    Args:
        folder: where the SFTP folders are made.
        job_seconds: what a job takes, half of it waiting.
        rejection: what the 11th request at the same time gets.
        events: form of the times in exports.
        repeat: share of rows that an export repeats.
        certificate: (certificate, key) files for HTTPS; None = HTTP.
    """

    def __init__(
        self,
        folder: Path,
        *,
        job_seconds: float = 0.0,
        rejection: Literal["throttled", "busy", "reset", "fault"] = "throttled",
        events: str = "%m/%d/%Y %H:%M:%S",
        repeat: float = 0.0,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.organisation = Organisation()
        self.organisation.databases[DATABASE] = Database(DATABASE, "Customers", COLUMNS)
        self.organisation.templates[TEMPLATE] = "A letter"
        self.faults, self.log = Faults(), list[tuple[str, int]]()
        self.called: Called = lambda *_: None
        self.slow = 0.0  # seconds that every answer takes
        self.folder, self.job_seconds, self._rejection, self._events, self.repeat = folder, job_seconds, rejection, events, repeat
        self._offset, self._open, self._numbers = 0.0, 0, itertools.count(1)
        self._tokens: dict[str, float] = {}  # token: when it was given
        self.lock, self._counting = threading.RLock(), threading.Lock()
        self.sftp = Sftp(folder, user=USER, password=PASSWORD, called=lambda *told: self.called(*told))  # noqa: PLW0108 - it changes
        server = self
        self._http = _Listener(("127.0.0.1", 0), type("Handler", (_Handler,), {"acoustic": server}))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self.sftp.start()
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(30)
        self.sftp.stop()

    def now(self) -> datetime:
        """The server's clock."""
        return datetime.fromtimestamp(time.time() + self._offset, UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock, and do what is due by then."""
        with self.lock:
            self._offset += seconds
            mailings.send_due(self.organisation, self.now())

    def expire(self) -> None:
        """No token counts any more."""
        with self.lock:
            self._tokens = dict.fromkeys(self._tokens, 0.0)

    def calls(self, operation: str) -> int:
        """How often an operation was asked for."""
        return [name for name, _ in self.log].count(operation)

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer of the token endpoint: HTTP status and JSON."""
        with self.lock:
            now = self.now().timestamp()
            if form != {**CLIENT, "grant_type": "refresh_token"}:
                return 401, {"error": "invalid_client", "error_description": "Invalid client credentials"}
            if self.calls("token") > TOKENS_AN_HOUR:
                return 429, {"error": "too_many_requests", "error_description": "Too many"}
            young = [token for token, given in self._tokens.items() if now - given < OLD]
            token = young[-1] if young else secrets.token_hex(16)
            given = self._tokens.setdefault(token, now)
            left = int(given + LIFE - now)
            expires: int | str = left if next(self._numbers) % 2 else str(left)
            return 200, {"access_token": token, "token_type": "bearer", "refresh_token": CLIENT["refresh_token"], "expires_in": expires}

    def enter(self, operation: str) -> bool:
        """Count a request in; False = one too many."""
        with self._counting:
            self._open += 1
            self.log.append((operation, self._open))
            return self._open <= AT_ONCE

    def leave(self) -> None:
        """Count a request out."""
        with self._counting:
            self._open -= 1

    def answer(self, body: bytes, token: str) -> str:
        """Do an operation; the answer is the envelope."""
        with self.lock:
            now = self.now()
            if now.timestamp() - self._tokens.get(token, 0.0) > LIFE:
                return _fault(145, "Session has expired or is invalid", "SP.Admin")
            try:
                asked = strictness.operation(body)
                self._run_jobs(now)
                self.called(asked.tag, "before")
                inside = answers.answer(self.organisation, asked, now)
                self.called(asked.tag, "after")
            except strictness.Fault as fault:
                return _fault(fault.errorid, fault.text, fault.class_)
        success = "SUCCESS" if asked.tag == "OptOutRecipient" else "true" if asked.tag.startswith("G") else "TRUE"
        return f"<Envelope><Body><RESULT><SUCCESS>{success}</SUCCESS>{inside}</RESULT></Body></Envelope>\n"

    @property
    def rejection(self) -> Ordered:
        """What one request too many gets."""
        return Ordered("", self._rejection, after=False, errorid=9001, times=1)

    def _run_jobs(self, now: datetime) -> None:
        for job in self.organisation.jobs.values():
            age = now.timestamp() - job.begun
            if job.status in {"WAITING", "RUNNING"}:
                job.status = "WAITING" if age < self.job_seconds / 2 else "RUNNING"
                if age >= self.job_seconds:
                    self._run(job)

    def _run(self, job: Job) -> None:
        if job.what == "import":
            imports.run(self.organisation, job, self.folder)
        else:
            mailings.export(self.organisation, job, self.folder, form=self._events, repeat=self.repeat)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in socketserver
        """A client that goes away is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    acoustic: Acoustic
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth/token":
            self._token(body)
        elif self.path == "/XMLAPI":
            self._xml(body)
        else:
            self._reply(404, b"<html>not found</html>", "text/html")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
        """Say nothing."""

    def _token(self, body: bytes) -> None:
        fits = self.acoustic.enter("token")
        try:
            form = {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
            fault = self.acoustic.faults.next("token") if fits else self.acoustic.rejection
            if fault and self._wrong(fault, b"{}"):
                return
            status, told = self.acoustic.token(form)
            self._reply(status, json.dumps(told).encode(), "application/json")
        finally:
            self.acoustic.leave()

    def _xml(self, body: bytes) -> None:
        xml = self._envelope(body)
        operation = _name(xml)
        fits = self.acoustic.enter(operation)
        try:
            time.sleep(self.acoustic.slow)
            fault = self.acoustic.faults.next(operation) if fits else self.acoustic.rejection
            if fault and not fault.after and self._wrong(fault, b""):
                return
            token = self.headers.get("Authorization", "")
            if not token.startswith("Bearer "):
                self._reply(401, b"", "text/plain")
                return
            told = self.acoustic.answer(xml, token.removeprefix("Bearer ")).encode()
            if not (fault and fault.after and self._wrong(fault, told)):
                self._reply(200, told)
        finally:
            self.acoustic.leave()

    def _envelope(self, body: bytes) -> bytes:
        """The XML of either kind of body; what is neither is no XML."""
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            fields = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, encoding="utf-8", errors="strict")
            return fields["xml"][0].encode() if set(fields) == {"xml"} else b""
        return body if kind.startswith("text/xml") else b""

    def _wrong(self, fault: Ordered, told: bytes) -> bool:
        """Answer wrongly; False = only late."""
        if fault.what == "late":
            time.sleep(1.5)
            return False
        if fault.what == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return True
        page = b"<html><body>Bad gateway</body></html>"
        status, content = {
            "fault": (200, _fault(fault.errorid, "Server Error").encode()),
            "empty": (200, b""),
            "truncated": (200, told[: len(told) // 2] or b"<Envelope><Bo"),
            "html": (200, page),
            "busy": (503, page),
            "throttled": (429, b""),
        }[fault.what]
        self._reply(status, content)
        return True

    def _reply(self, status: int, content: bytes, kind: str = "text/xml;charset=UTF-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _name(xml: bytes) -> str:
    try:
        return strictness.operation(xml).tag
    except strictness.Fault:
        return "invalid"


def _fault(errorid: int, text: str, class_: str = "SP.API") -> str:
    error = f"<errorid>{errorid}</errorid><module/><class>{class_}</class><method/>"
    return (
        "<Envelope><Body><RESULT><SUCCESS>false</SUCCESS></RESULT><Fault><Request/><FaultCode/>"
        f"<FaultString><![CDATA[{escape(text)}]]></FaultString><detail><error>{error}</error></detail></Fault></Body></Envelope>"
    )
