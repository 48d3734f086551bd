"""One SMTP session: several commands in one write where the server allows it, and a limit on the time of all their replies.

Signing in is smtplib's. RFC 5321 (SMTP), RFC 2920 (PIPELINING), RFC 6531 (SMTPUTF8).
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass

MAX_REPLY = 65_536  # bytes
EXPECTED = (2, 2, 3)  # first digits of the replies to MAIL, RCPT and DATA
LOST = (smtplib.SMTPServerDisconnected, OSError)

Reply = tuple[int, bytes]  # code, and the text of all lines


@dataclass(frozen=True, slots=True)
class Envelope:
    """From and to whom, on the wire."""

    sender: str
    recipient: str

    @property
    def utf8(self) -> bool:
        """Whether the server must take addresses beyond ASCII."""
        return not (self.sender + self.recipient).isascii()

    def commands(self) -> list[bytes]:
        """MAIL, RCPT and DATA."""
        utf8 = " SMTPUTF8" if self.utf8 else ""
        return [f"MAIL FROM:<{self.sender}>{utf8}\r\n".encode(), f"RCPT TO:<{self.recipient}>\r\n".encode(), b"DATA\r\n"]


class Session(smtplib.SMTP):
    """A session with one message at a time: `announce`, `read` until it is not `waiting`, then `hand_over` and `answer`.

    `timeout` is the longest time for a whole reply while signing in, and later for all replies to one write, in seconds.
    """

    _received = b""
    _due = 0.0  # when the replies to what was written must be there, on the monotonic clock
    _unclean = False  # whether the server must forget an announcement first
    _resets = 0  # replies to RSET that are still to come

    def __init__(self, host: str, port: int, *, local_hostname: str, timeout: float) -> None:
        self.began, self.handed_over = time.monotonic(), 0
        self.pipelines = False
        self._commands: list[bytes] = []  # of an announcement, not written yet
        self._owed = 0  # replies to the ones that are
        self._replies: list[Reply] = []
        super().__init__(host, port, local_hostname=local_hostname, timeout=timeout)

    def getreply(self) -> Reply:
        """The server's next reply, while signing in or leaving; raises SMTPServerDisconnected where none comes in time."""
        return self._reply(time.monotonic() + float(self.timeout))

    def encrypt(self, context: ssl.SSLContext) -> None:
        """STARTTLS; nothing that was received in clear counts any more.

        Raises:
            SMTPNotSupportedError: the server does not offer it.
            SSLError: its certificate is not trusted.
        """
        self.starttls(context=context)
        self._received = b""

    def signed_in(self) -> None:
        """Ask once more what the server can do, where encryption or sign-in came between."""
        self.ehlo_or_helo_if_needed()
        if self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # every write is complete and waits for its answer
        self.pipelines = self.has_extn("pipelining")

    # --- one message: each of these raises what is in `LOST` when the connection is ------------------------------------

    def announce(self, envelope: Envelope) -> None:
        """Write MAIL, RCPT and DATA, or the first of them where the server takes one at a time."""
        self._write(self._announcement(envelope))

    def hand_over(self, body: bytes, following: Envelope | None = None) -> None:
        """Write a body, and in the same write what announces the following message (RFC 2920 section 3.1)."""
        if b"\r\n." in body:
            body = body.replace(b"\r\n.", b"\r\n..")
        self.handed_over += 1
        self._write(body + b".\r\n" + (self._announcement(following) if following else b""))

    def answer(self) -> Reply:
        """The server's word for a body."""
        return self._reply(self._due)

    @property
    def waiting(self) -> bool:
        """Whether replies to an announcement are still to come."""
        return self._owed > 0

    def read(self) -> None:
        """Read the replies to the commands that were written, and write the next one where the server takes one at a time."""
        for _ in range(self._resets):
            self._reply(self._due)
        self._resets = 0
        while self._owed:
            self._replies.append(self._reply(self._due))
            self._owed -= 1
        refused = self.refused
        if self._commands and refused is None:
            self._owed = 1
            self._write(self._commands.pop(0))
        elif refused is not None:
            self._commands.clear()
            self._unclean = True
            if len(self._replies) == len(EXPECTED) and self._replies[-1][0] // 100 == 3:
                self._write(b".\r\n")  # it waits for the body of a message without a recipient
                self._reply(self._due)

    @property
    def refused(self) -> Reply | None:
        """The first reply that says no to the announcement."""
        said = zip(self._replies, EXPECTED, strict=False)
        return next((reply for reply, digit in said if reply[0] // 100 != digit), None)

    def leave(self) -> None:
        """Say good-bye, where somebody still listens."""
        with contextlib.suppress(*LOST):
            if self.sock is not None:
                self.sock.settimeout(float(self.timeout))
            self.quit()
        self.close()

    def _announcement(self, envelope: Envelope) -> bytes:
        start = b""
        if self._unclean:
            start, self._unclean, self._resets = b"RSET\r\n", False, 1
        self._replies, self._commands = [], envelope.commands()
        written = self._commands if self.pipelines else self._commands[:1]
        self._owed, self._commands = len(written), self._commands[len(written) :]
        return start + b"".join(written)

    def _write(self, data: bytes) -> None:
        sock = self.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self._due = time.monotonic() + float(self.timeout)
        try:
            sock.settimeout(float(self.timeout))  # of the whole write
            sock.sendall(data)
        except OSError as error:
            self._give_up(str(error))

    def _reply(self, deadline: float) -> Reply:
        texts: list[bytes] = []
        while True:
            line = self._line(deadline)
            texts.append(line[4:].strip())
            if line[3:4] != b"-":
                break
            if sum(map(len, texts)) > MAX_REPLY:
                self._give_up("its reply is too long")
        code = int(line[:3]) if line[:3].isdigit() else -1
        return code, texts[0] if len(texts) == 1 else b"\n".join(texts)

    def _line(self, deadline: float) -> bytes:
        line, end, rest = self._received.partition(b"\n")
        while not end:
            left = deadline - time.monotonic()
            if left <= 0:
                self._give_up("it did not reply in time")
            if len(line) > MAX_REPLY:
                self._give_up("its reply is too long")
            line, end, rest = (line + self._chunk(left)).partition(b"\n")
        self._received = rest
        return line

    def _chunk(self, seconds: float) -> bytes:
        sock = self.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        received = b""
        try:
            sock.settimeout(seconds)
            received = sock.recv(4096)
        except TimeoutError:
            self._give_up("it did not reply in time")
        except OSError as error:
            self._give_up(str(error))
        if not received:
            self._give_up("it ended the connection")
        return received

    def _give_up(self, why: str) -> None:
        self.close()
        raise smtplib.SMTPServerDisconnected(why)
