"""A mail server that follows a script, for answers that no well-behaved server gives."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

HANG_UP, SILENCE, DRIP = b"HANG UP", b"SILENCE", b"DRIP"
USUAL = {
    "greeting": b"220 hi",
    "ehlo": b"250 hi",
    "mail": b"250 ok",
    "rcpt": b"250 ok",
    "data": b"354 go",
    "body": b"250 queued",
    "rset": b"250 ok",
}


@dataclass
class Script:
    """What the server answers to each command (the usual where not named), and what it got to hear."""

    answers: dict[str, bytes] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    def reply(self, connection: socket.socket, command: str) -> bool:
        """Answer; False = hung up."""
        answer = self.answers.get(command) or USUAL.get(command, b"250 ok")
        if answer == SILENCE:
            time.sleep(1.5)
            return False
        if answer == DRIP:
            for _ in range(40):
                connection.sendall(b"2")
                time.sleep(0.05)
            return False
        if answer.startswith(HANG_UP):
            return False
        connection.sendall(answer + b"\r\n")
        return True

    def talk(self, connection: socket.socket) -> None:
        """One session."""
        with connection, connection.makefile("rb") as lines:
            if not self.reply(connection, "greeting"):
                return
            while line := lines.readline():
                command = line.split(b":")[0].split()[0].decode().lower()
                self.heard.append(command)
                if not self.reply(connection, command) or command == "quit":
                    return
                if command == "data" and self.answers.get("data", b"354").startswith(b"354"):
                    body = b""
                    while (line := lines.readline()) not in {b".\r\n", b""}:
                        body += line
                    if not line:
                        return  # the client went away instead of sending a body
                    self.bodies.append(body)
                    if not self.reply(connection, "body"):
                        return


@contextlib.contextmanager
def scripted(**answers: bytes) -> Iterator[Script]:
    """Run the server on a free port of this machine."""
    script = Script(answers)
    with socket.create_server(("127.0.0.1", 0)) as server:
        script.port = server.getsockname()[1]
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                connection, _ = server.accept()
                with contextlib.suppress(OSError):
                    script.talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            ended.set()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", script.port), timeout=1):
                pass
            thread.join(timeout=5)
