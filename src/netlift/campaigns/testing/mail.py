"""A mail server on this machine that takes messages and keeps a list of them: for trying things out and for tests.

In a program: `with Sink() as sink: …` (in a thread), then `sink.port` and `sink.received`.
As a process: `python -m netlift.campaigns.testing --port 2525 --record FILE`.
The recipient and the Message-ID are written to the list before the server answers, so what it lists has arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import signal
import socket
import sys
import threading
from email import message_from_bytes
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from netlift.errors import MissingExtra

try:
    from aiosmtpd.controller import Controller
except ImportError as error:
    raise MissingExtra("demo", "The mail server for trying things out (package aiosmtpd)") from error

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Sink:
    """The mail server. `received` lists (recipient, Message-ID) in the order of arrival.

    Args:
        port: 0 = any free one.
        record: a file to which "recipient<TAB>Message-ID" is appended for each message.
        refuse: share of recipients that are refused for now, with 451.
        reject: share of recipients that are refused for good, with 550.
        drop: share of messages after whose body the connection ends without an answer.
        delay: seconds between the body and the answer.
        seed: of the faults.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        record: Path | None = None,
        refuse: float = 0.0,
        reject: float = 0.0,
        drop: float = 0.0,
        delay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.port = port or _free_port()
        self.received: list[tuple[str, str]] = []
        self.letters: list[bytes] = []
        self._record = record
        self._refuse, self._reject, self._drop, self._delay = refuse, reject, drop, delay
        self._random = random.Random(seed)  # noqa: S311 -- chooses faults
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: ANN401, ARG002, N802
        """Take a recipient, or refuse it."""
        draw = self._random.random()
        if draw < self._refuse:
            return "451 4.7.1 try again later"
        if draw < self._refuse + self._reject:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, ARG002, N802
        """Take a message: list it first, then answer."""
        message_id = str(message_from_bytes(envelope.content)["Message-ID"])
        self.letters.append(envelope.content)
        for recipient in envelope.rcpt_tos:
            self.received.append((recipient, message_id))
            if self._record:
                with self._record.open("a", encoding="utf-8") as file:
                    file.write(f"{recipient}\t{message_id}\n")
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._random.random() < self._drop:
            server.transport.abort()
        return f"250 2.0.0 ok: queued as {len(self.received)}"


class FastSink:
    """A `Sink` for measurements: it knows no more of SMTP than netlift's channel speaks, and takes several times as many messages.

    `received` and `record` are as of `Sink`; `dropped` counts the messages after whose body the connection ended. One recipient a message.
    """

    def __init__(self, *, record: Path | None = None, refuse: float = 0.0, drop: float = 0.0, seed: int = 0) -> None:
        self.port, self.dropped = 0, 0
        self.received: list[tuple[str, str]] = []
        self._refuse, self._drop, self._random = refuse, drop, random.Random(seed)  # noqa: S311 -- chooses faults
        self._file = record.open("ab", buffering=0) if record else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._session, "127.0.0.1", 0), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._file:
            self._file.close()

    async def _ended(self) -> None:
        self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        recipient = b""
        while line := await reader.readline():
            verb, answer = line[:4].upper(), b"250 2.0.0 ok\r\n"
            if verb == b"RCPT":
                recipient = line.partition(b"<")[2].partition(b">")[0]
                answer = b"451 4.7.1 try again later\r\n" if self._random.random() < self._refuse else answer
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self._keep(recipient, await reader.readuntil(b"\r\n.\r\n"))
                if self._random.random() < self._drop:
                    self.dropped += 1
                    writer.transport.abort()
                    return
            writer.write(b"221 2.0.0 bye\r\n" if verb == b"QUIT" else answer)
            if verb == b"QUIT":
                return

    def _keep(self, recipient: bytes, letter: bytes) -> None:
        found = MESSAGE_ID.search(letter)
        message_id = found.group(1) if found else b""
        self.received.append((recipient.decode(), message_id.decode()))
        if self._file:
            self._file.write(recipient + b"\t" + message_id + b"\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run the server until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m netlift.campaigns.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any free one; it is printed")
    parser.add_argument("--record", type=Path, help="file that lists what arrived")
    for fault in ("refuse", "reject", "drop"):
        parser.add_argument(f"--{fault}", type=float, default=0.0, help="share of messages, 0 to 1")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before the answer")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Sink(**vars(options)) as sink:
        sys.stdout.write(f"ready on port {sink.port}\n")
        sys.stdout.flush()
        ended.wait()
