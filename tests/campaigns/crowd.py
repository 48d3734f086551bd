"""A mail server for many sessions at once, with PIPELINING and answers by recipient; it tells what came in one piece."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

HANG_UP = b"HANG UP"


@dataclass
class Crowd:
    """Answers: {local part of the recipient: {command: answer}}; "body" is the command after the dot, "*" any recipient."""

    answers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    offers: tuple[str, ...] = ("PIPELINING",)
    sessions: int = 0
    most: int = 1000  # sessions; further ones are refused
    pieces: list[list[str]] = field(default_factory=list)  # by session: commands that came together, joined by +
    arrived: list[str] = field(default_factory=list)  # recipients of whole mails
    empty: list[str] = field(default_factory=list)  # recipients of a lone dot
    mails: list[bytes] = field(default_factory=list)
    port: int = 0

    def talk(self, connection: socket.socket) -> None:
        """One session."""
        with connection:
            if self.sessions >= self.most:
                connection.sendall(b"421 too many\r\n")
                return
            self.sessions += 1
            mine: list[str] = []
            self.pieces.append(mine)
            connection.sendall(b"220 hi\r\n")
            self._commands(connection, mine)

    def _commands(self, connection: socket.socket, mine: list[str]) -> None:
        waiting, to, body = b"", "", b""
        reading_body = False
        while received := connection.recv(1 << 20):
            waiting += received
            heard, replies = [], b""
            while b"\r\n" in waiting:
                line, waiting = waiting.split(b"\r\n", 1)
                if reading_body:
                    if line != b".":
                        body += line + b"\r\n"
                        continue
                    reading_body, command = False, "body"
                    (self.arrived if body else self.empty).append(to)
                    self.mails.append(body)
                else:
                    command = line.split(b":")[0].split()[0].decode().lower()
                if command == "rcpt":
                    to = line.split(b"<")[1].split(b"@")[0].decode()
                answer = self._answer(command, to)
                if answer == HANG_UP:
                    connection.sendall(replies)
                    return
                heard.append(command)
                replies += answer + b"\r\n"
                if command == "data" and answer.startswith(b"354"):
                    reading_body, body = True, b""
                if command == "quit":
                    connection.sendall(replies)
                    return
            if heard:
                mine.append("+".join(heard))
            connection.sendall(replies)

    def _answer(self, command: str, to: str) -> bytes:
        special = {**self.answers.get("*", {}), **self.answers.get(to, {})} if command in {"rcpt", "data", "body"} else {}
        if command in special:
            return special[command]
        if command == "ehlo":
            return b"\r\n".join((b"250-hi", *(b"250-" + offer.encode() for offer in self.offers), b"250 HELP"))
        return {"data": b"354 go", "body": b"250 2.0.0 queued"}.get(command, b"250 ok")


@contextlib.contextmanager
def crowd(answers: dict[str, dict[str, bytes]] | None = None, **more: object) -> Iterator[Crowd]:
    """Run the server on a free port of this machine."""
    server = Crowd(answers or {}, **more)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        server.port = listening.getsockname()[1]
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                connection, _ = listening.accept()
                if ended.is_set():
                    connection.close()
                    return
                threading.Thread(target=_quietly, args=(server, connection), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
                pass
            thread.join(timeout=5)


def _quietly(server: Crowd, connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        server.talk(connection)
