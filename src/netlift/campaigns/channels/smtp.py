"""E-mail over one SMTP session, driven command by command so that the ledger knows when a body goes on the wire.

SMTP has no exactly-once: between the body and the server's answer nobody can know. What is lost there is `unknown`;
everything refused before it is certain.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal

from netlift.campaigns.channels.session import Session
from netlift.campaigns.messages import CannotWrite, write
from netlift.errors import InputError, SettingsError
from netlift.records import Delivery, Receipt
from netlift.settings import ChannelSettings

CONNECT_TRIES, CONNECT_PAUSE = 3, 1.0  # tries; seconds between them
LOST = (smtplib.SMTPServerDisconnected, OSError)
SEVEN_BIT = policy.SMTP.clone(cte_type="7bit", max_line_length=900)  # any server takes it; header values with line breaks are refused


class Smtp:
    """The channel `smtp`."""

    address_field = "email"

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._session: Session | None = None

    def problem(self, address: str) -> str | None:
        """Why nothing can be sent to this address; None = it looks right."""
        try:
            parsed = Address(addr_spec=address)
        except (ValueError, IndexError, HeaderParseError):
            return "invalid address"
        return None if parsed.domain and address.isascii() and not re.search(r"[\s<>]", address) else "invalid address"

    def open(self) -> None:
        """Connect and sign in, unless that was done.

        Raises:
            InputError: no mail server answers.
            SettingsError: it refuses the sign-in or has no encryption.
        """
        if self._session is None:
            self._session = _connected(self._settings)

    def send(self, batch: Sequence[Delivery], committing: Callable[[Sequence[Delivery]], frozenset[int]]) -> Iterator[Receipt]:
        """Hand over messages one by one; see `Channel.send`."""
        for delivery in batch:
            receipt = self._send(delivery, committing)
            if receipt is None:
                return
            yield receipt

    def close(self) -> None:
        """Say good-bye, where somebody still listens."""
        if self._session is not None:
            with contextlib.suppress(*LOST):
                self._session.quit()
            self._drop()

    def _send(self, delivery: Delivery, committing: Callable[[Sequence[Delivery]], frozenset[int]]) -> Receipt | None:
        number = delivery.delivery_id
        if problem := self.problem(delivery.address):
            return Receipt(number, "failed", problem)
        try:
            body = letter(delivery)
        except CannotWrite as error:  # the contact data were changed after the launch
            return Receipt(number, "failed", str(error))
        self.open()
        try:
            refused = self._announce(delivery)
        except LOST:
            self._drop()
            return Receipt(number, "retry", "connection lost before the message was sent")
        if refused is not None:
            return refused
        if not committing([delivery]):
            self._drop()  # nothing but a lost connection takes an announced message back
            return None
        return self._hand_over(delivery, body)

    def _announce(self, delivery: Delivery) -> Receipt | None:
        """MAIL, RCPT, DATA; a receipt where the server refuses one of them."""
        session = self._open_session()
        sender = delivery.return_path or parseaddr(delivery.message.sender)[1]
        steps: tuple[tuple[Callable[[], tuple[int, bytes]], int], ...] = (
            (lambda: session.mail(sender), 2),
            (lambda: session.rcpt(delivery.address), 2),
            (lambda: session.docmd("DATA"), 3),
        )
        for command, expected in steps:
            code, answer = command()
            if code // 100 != expected:
                return self._refused(delivery, code, answer)
        return None

    def _hand_over(self, delivery: Delivery, body: bytes) -> Receipt:
        """The body, and the server's word for it."""
        number, session = delivery.delivery_id, self._open_session()
        try:
            session.send(re.sub(rb"(?m)^\.", b"..", body) + b".\r\n")
            code, answer = session.getreply()
        except LOST:
            self._drop()
            return Receipt(number, "unknown", "connection lost after the message was sent and before the server's answer")
        if code // 100 == 2:
            return Receipt(number, "accepted", _readable(code, answer, delivery.address))
        if code // 100 in {4, 5}:
            return self._refused(delivery, code, answer)
        self._drop()
        return Receipt(number, "unknown", f"the server's answer makes no sense: {_readable(code, answer, delivery.address)}")

    def _refused(self, delivery: Delivery, code: int, answer: bytes) -> Receipt:
        """5xx is for good, all else for now; the session is made ready for the next message."""
        if code // 100 in {4, 5} and code != 421:
            self._reset()
        else:  # 421: the server closes the connection
            self._drop()
        state: Literal["failed", "retry"] = "failed" if code // 100 == 5 else "retry"
        return Receipt(delivery.delivery_id, state, _readable(code, answer, delivery.address))

    def _open_session(self) -> Session:
        if self._session is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._session

    def _reset(self) -> None:
        try:
            self._open_session().rset()
        except LOST:
            self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def letter(delivery: Delivery) -> bytes:
    """The message for one person, as it goes over the wire."""
    written = write(delivery.message, delivery.fields)
    sender = parseaddr(delivery.message.sender)[1]
    message = EmailMessage(policy=SEVEN_BIT)
    message["From"] = delivery.message.sender
    message["To"] = Address(addr_spec=delivery.address)
    message["Subject"] = written.subject
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = delivery.message_id
    by_mail = f"<mailto:{sender}?subject=unsubscribe>"
    message["List-Unsubscribe"] = f"<{delivery.unsubscribe_url}>, {by_mail}" if delivery.unsubscribe_url else by_mail
    if delivery.unsubscribe_url:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(written.text, cte="quoted-printable")
    return message.as_bytes()


def _connected(settings: ChannelSettings) -> Session:
    where = f"{settings.host}:{settings.port}"
    for attempt in range(1, CONNECT_TRIES + 1):
        try:
            session = Session(settings.host, settings.port, local_hostname=socket.gethostname(), timeout=settings.reply_timeout)
        except (OSError, smtplib.SMTPException) as error:
            if attempt < CONNECT_TRIES:
                time.sleep(CONNECT_PAUSE)
                continue
            told = (
                f"No mail server answers at {where} ({error}); check host and port of the channel. Nothing is lost: launch again to go on."
            )
            raise InputError(told) from error
        try:
            _sign_in(session, settings, where)
        except BaseException:
            session.close()
            raise
        return session
    raise AssertionError("unreachable")


def _sign_in(session: Session, settings: ChannelSettings, where: str) -> None:
    try:
        session.ehlo_or_helo_if_needed()
        if settings.tls:
            session.encrypt(ssl.create_default_context())
        if settings.user is not None:
            session.login(settings.user, settings.password() or "")
    except smtplib.SMTPAuthenticationError as error:
        told = (
            f"The mail server {where} refused the sign-in of '{settings.user}' ({error.smtp_code}); check user and password of the channel."
        )
        raise SettingsError(told) from error
    except smtplib.SMTPNotSupportedError as error:
        told = f"The mail server {where} cannot do what the channel asks for: {error}"
        raise SettingsError(told) from error
    except ssl.SSLError as error:
        raise SettingsError(f"The mail server {where} has no certificate that can be trusted: {error.reason}.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise InputError(
            f"The mail server {where} broke off before the first message ({type(error).__name__}); try again later."
        ) from error


def _readable(code: int, answer: bytes, address: str) -> str:
    """A server's answer in one line, without addresses, and without the name in the one it is about."""
    line = " ".join(f"{code} {answer.decode('ascii', 'replace')}".split())
    line = re.sub(r"<?[^\s<>]+@[^\s<>]+>?", "<address>", line)
    name = re.escape(address.rpartition("@")[0])
    return re.sub(rf"(?<!\w){name}(?!\w)", "<address>", line, flags=re.IGNORECASE)[:200]
