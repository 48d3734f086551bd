"""smtplib's session with a limit on the whole reply: a server that sends a byte a second holds nobody up for ever."""

from __future__ import annotations

import smtplib
import ssl
import time

MAX_REPLY = 65_536  # bytes


class Session(smtplib.SMTP):
    """As `smtplib.SMTP`; `timeout` is the longest time for a whole reply, in seconds."""

    _received = b""

    def getreply(self) -> tuple[int, bytes]:
        """The server's next reply: code, and the text of all its lines.

        Raises:
            SMTPServerDisconnected: the reply did not come in time, is too long, or the connection ended.
        """
        deadline = time.monotonic() + float(self.timeout)
        texts: list[bytes] = []
        while True:
            line = self._line(deadline)
            texts.append(line[4:].strip(b" \t\r\n"))
            if line[3:4] != b"-":
                break
            if sum(map(len, texts)) > MAX_REPLY:
                self._give_up("its reply is too long")
        code = int(line[:3]) if line[:3].isdigit() else -1
        return code, b"\n".join(texts)

    def encrypt(self, context: ssl.SSLContext) -> None:
        """STARTTLS; nothing that was received in clear counts any more.

        Raises:
            SMTPNotSupportedError: the server does not offer it.
            SSLError: its certificate is not trusted.
        """
        self.starttls(context=context)
        self._received = b""

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                self._give_up("it did not reply in time")
            if len(self._received) > MAX_REPLY:
                self._give_up("its reply is too long")
            self._received += self._chunk(left)
        line, self._received = self._received.split(b"\n", 1)
        return line

    def _chunk(self, seconds: float) -> bytes:
        sock = self.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        try:
            sock.settimeout(seconds)
            received = sock.recv(4096)
            sock.settimeout(float(self.timeout))
        except TimeoutError:
            received = b""
            self._give_up("it did not reply in time")
        except OSError as error:
            self._give_up(str(error))
        if not received:
            self._give_up("it ended the connection")
        return received

    def _give_up(self, why: str) -> None:
        self.close()
        raise smtplib.SMTPServerDisconnected(why)
