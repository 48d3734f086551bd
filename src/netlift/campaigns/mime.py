"""The bytes of a mail: what is the same for everybody is made once, a person's parts are spliced in.

Both parts are base64, so no line is long, none begins with a dot, and the boundary can never occur in them.
Sources: RFC 5322, RFC 2045-2047, RFC 2369 and RFC 8058 (List-Unsubscribe), RFC 2919 (List-Id).
"""

from __future__ import annotations

import binascii
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate, parseaddr

from netlift.campaigns import dkim, tracking
from netlift.campaigns.furnish import furnished, imprint
from netlift.campaigns.headers import line, structured
from netlift.campaigns.messages import CannotWrite, write
from netlift.errors import InputError
from netlift.records import Delivery, Message, TrackedMessage
from netlift.settings import ChannelSettings

ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
PART = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
BASE64_LINE = 76  # characters, RFC 2045 section 6.8


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What is the same in every mail of one message."""

    message: Message  # furnished
    sender: str  # address
    head: bytes  # From, MIME-Version, Content-Type and the list's headers
    between: bytes  # before the text, where there are two parts
    middle: bytes  # before the HTML
    end: bytes
    signers: tuple[dkim.Signer, ...]


def skeleton(message: Message, settings: ChannelSettings, signers: Sequence[dkim.Signer] = ()) -> Skeleton:
    """Make what is the same for everybody.

    Raises:
        InputError: the message has mistakes that `lint` tells of.
    """
    made = furnished(message, imprint(settings))
    if made.problems:
        raise InputError(f"The html of the offer '{message.offer}' on {message.channel} cannot be used: {made.problems[0]}.")
    mailed = made.message
    if isinstance(message, TrackedMessage):
        mailed = tracking.tracked(mailed, dict(message.links), opens=message.opens)
    name, sender = parseaddr(message.sender)
    if not sender.isascii():
        raise InputError(f"The sender '{message.sender}' of the offer '{message.offer}' is not of the form 'Name <name@example.com>'.")
    head = _from(message.sender, name, sender) + b"MIME-Version: 1.0\r\n" + _list_headers(message, settings, sender)
    between = middle = end = b""
    if mailed.html:
        boundary = f"=_{secrets.token_hex(16)}".encode("ascii")  # neither = before the end nor _ is in base64
        head += b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n'
        between = b"--" + boundary + b"\r\n" + PART % b"plain"
        middle = b"--" + boundary + b"\r\n" + PART % b"html"
        end = b"--" + boundary + b"--\r\n"
    else:
        head += PART[:-2] % b"plain"
    return Skeleton(mailed, sender, head, between, middle, end, tuple(signers))


def letter(of: Skeleton, delivery: Delivery, *, to: str | None = None) -> bytes:
    """The mail for one person, as it goes over the wire, without the dot at its end.

    Args:
        of: what is the same for everybody.
        delivery: the person.
        to: the address with its domain in ASCII; default: the delivery's.

    Raises:
        CannotWrite: a field is missing, or does not fit.
        InputError: a header would be broken.
    """
    written = write(of.message, delivery.fields, unsubscribe_url=unsubscribe_link(of, delivery))
    try:
        body = _base64(written.text)
        if of.end:
            body = of.between + body + of.middle + _base64(written.html) + of.end
        head = _personal_headers(of, delivery, written.subject, to or delivery.address) + of.head
    except UnicodeEncodeError as error:
        raise CannotWrite("half a character in a field") from error
    return b"".join((*_signatures(of, head, body), head, b"\r\n", body))


def unsubscribe_link(of: Skeleton, delivery: Delivery) -> str:
    """Where a person goes to unsubscribe: the page of one click, else a mail to the sender."""
    return delivery.unsubscribe_url or f"mailto:{of.sender}?subject=unsubscribe"


def _personal_headers(of: Skeleton, delivery: Delivery, subject: str, to: str) -> bytes:
    by_mail = f"<mailto:{of.sender}?subject=unsubscribe>"
    page = delivery.unsubscribe_url
    told = f"<{page}>, {by_mail}" if page else by_mail
    return b"".join(
        (
            line("Subject", subject),
            structured("To", to) if to.isascii() else _utf8_to(to),
            b"Date: " + _date(int(time.time())) + b"\r\n",
            structured("Message-ID", delivery.message_id),
            structured("List-Unsubscribe", told),
            ONE_CLICK if page.startswith("https://") else b"",  # RFC 8058 section 3.1: https only
        )
    )


def _utf8_to(address: str) -> bytes:
    """RFC 6532: the address as it is, for a server that takes it (SMTPUTF8)."""
    line("To", address)  # no line break gets in
    return f"To: {address}\r\n".encode()


def _from(whole: str, name: str, sender: str) -> bytes:
    if not name:
        return structured("From", sender)
    if re.fullmatch(r"[\w !#$%&'*+/=?^`{|}~-]+", name, re.ASCII):
        return structured("From", whole if whole.isascii() and whole.startswith(name) else f"{name} <{sender}>")
    if name.isascii():
        quoted = re.sub(r'(["\\])', r"\\\1", name)
        return structured("From", f'"{quoted}" <{sender}>')
    return line("From", name).removesuffix(b"\r\n") + f"\r\n <{sender}>\r\n".encode("ascii")


def _list_headers(message: Message, settings: ChannelSettings, sender: str) -> bytes:
    """List-Id where there is one; Feedback-ID as Google reads it: campaign, channel, kind of mail, and last the sender."""
    parts = (_word(message.offer), _word(message.channel), "marketing", _word(sender.rpartition("@")[2]))
    listed = structured("List-Id", f"<{settings.list_id}>") if settings.list_id else b""
    return listed + structured("Feedback-ID", ":".join(parts))


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")[:60] or "offer"


_last_date: tuple[int, bytes] = (0, b"")


def _date(second: int) -> bytes:
    """The time as RFC 5322 writes it; many mails of one second share it."""
    global _last_date  # noqa: PLW0603 - one value, replaced as a whole
    if _last_date[0] != second:
        _last_date = (second, formatdate(second).replace("-0000", "+0000").encode("ascii"))
    return _last_date[1]


def _base64(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    coded = binascii.b2a_base64(text.replace("\n", "\r\n").encode(), newline=False)
    return b"\r\n".join([*[coded[i : i + BASE64_LINE] for i in range(0, len(coded), BASE64_LINE)], b""])


def _signatures(of: Skeleton, head: bytes, body: bytes) -> list[bytes]:
    if not of.signers:
        return []
    headers = [(name.decode("ascii"), value) for name, value in _split(head)]
    bh = dkim.body_hash(body)
    return [dkim.signature(signer, headers, bh) for signer in of.signers]


def _split(head: bytes) -> list[tuple[bytes, bytes]]:
    """Header lines by name; what begins with a blank belongs to the line before."""
    unfolded = re.split(rb"\r\n(?![ \t])", head.removesuffix(b"\r\n"))
    return [(name, value) for name, _, value in (one.partition(b":") for one in unfolded)]
