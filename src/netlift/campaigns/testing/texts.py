"""A provider of text messages on this machine: Twilio's interface and Kannel's sendsms, with faults to order.

In a program: `with Provider() as provider: …` (in a thread), then `provider.url` and `provider.received`.
As a process: `python -m netlift.campaigns.testing.texts --port 8090 --record FILE`.
A message is on the list before the answer is written, so what it lists has arrived.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

ACCOUNT, TOKEN = "AC" + "0" * 32, "a token, for tests only"  # who may send
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


class Provider:
    """The provider. `received` lists (number, text, status address) in the order of arrival.

    Args:
        port: 0 = any free one.
        record: a file to which the number is appended for each message.
        busy: share of messages refused for now (429, of Kannel 503).
        drop: share of messages after which the connection ends without an answer.
        stopped: numbers that answered STOP before (Twilio's error 21610).
        seed: of the faults.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        record: Path | None = None,
        busy: float = 0.0,
        drop: float = 0.0,
        stopped: frozenset[str] = frozenset(),
        seed: int = 0,
    ) -> None:
        self.received: list[tuple[str, str, str]] = []
        self.busy, self.drop, self.stopped = busy, drop, stopped
        self._record, self._random, self._one = record, random.Random(seed), threading.Lock()  # noqa: S311 -- chooses faults
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, to: str, text: str, status_url: str) -> str:
        """Take a message; the answer is "" or the fault: busy, drop, stopped."""
        with self._one:
            draw = self._random.random()
            if to in self.stopped:
                return "stopped"
            if draw < self.busy:
                return "busy"
            self.received.append((to, text, status_url))
            if self._record:
                with self._record.open("a", encoding="utf-8") as file:
                    file.write(f"{to}\n")
            return "drop" if draw < self.busy + self.drop else ""

    def serve(self) -> None:
        """Answer until the process is ended."""
        self._server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Twilio's "Create a Message"."""
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if not self._may():
            self._say(401, {"code": 20003, "message": "Authenticate"})
        elif self.path != MESSAGES:
            self._say(404, {"code": 20404, "message": "not found"})
        elif not {"To", "From", "Body"} <= form.keys():
            self._say(400, {"code": 21604, "message": "a field is missing"})
        else:
            fault = self.provider.take(form["To"], form["Body"], form.get("StatusCallback", ""))
            if fault == "drop":
                self.close_connection = True
            elif fault:
                self._say(*{"busy": (429, {"code": 20429}), "stopped": (400, {"code": 21610})}[fault])
            else:
                self._say(201, {"sid": f"SM{len(self.provider.received):032x}", "status": "queued"})

    def do_GET(self) -> None:
        """Kannel's sendsms, and Twilio's account."""
        path, _, query = self.path.partition("?")
        if path == MESSAGES.replace("/Messages.json", ".json"):
            self._say(200 if self._may() else 401, {"sid": ACCOUNT})
            return
        asked = dict(urllib.parse.parse_qsl(query))
        if (asked.get("username"), asked.get("password")) != ("netlift", TOKEN):
            self._say(403, "Authorization failed for sendsms")
        elif not asked.get("to"):
            self._say(400, "Missing receiver number")
        else:
            fault = self.provider.take(asked["to"], asked.get("text", ""), asked.get("dlr-url", ""))
            if fault == "drop":
                self.close_connection = True
            elif fault:
                self._say(503, "Temporal failure, try again later.")
            else:
                self._say(202, "0: Accepted for delivery")

    def _may(self) -> bool:
        return self.headers.get("Authorization") == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()

    def _say(self, code: int, told: object) -> None:
        body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """Nothing: the path holds numbers."""


def main() -> None:
    """The provider as a process; its address is the first line that it prints."""
    parser = argparse.ArgumentParser(description="A provider of text messages on this machine, for trying things out.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--record", type=Path, help="append the number of each message to this file")
    parser.add_argument("--busy", type=float, default=0.0, help="share of messages that are refused for now")
    parser.add_argument("--drop", type=float, default=0.0, help="share of messages after which the connection ends without an answer")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    provider = Provider(port=given.port, record=given.record, busy=given.busy, drop=given.drop, seed=given.seed)
    sys.stdout.write(f"{provider.url}\n")
    sys.stdout.flush()
    provider.serve()


if __name__ == "__main__":
    main()
