"""Mail that comes back: delivery reports (RFC 3464), complaints of feedback loops (RFC 5965), automatic answers (RFC 3834).

Only the outermost layer of a mail counts: a report that somebody forwards says nothing. Nothing is guessed from words: what is no
report of these kinds is `unknown`, and whose message it is about is said by return address or Message-ID alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.parser import HeaderParser
from typing import Literal

from netlift.records import EventKind, Returned

LONGEST = 1_000_000  # bytes of a mail that are read: reports come before what they return
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")  # the second of RFC 6533
ORIGINAL_TYPES = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
RECEIVERS = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
TOKEN = re.compile(r"\+([a-z2-7]{32})@", re.IGNORECASE)  # store.tokens.return_path
STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")  # RFC 3463
MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
SUCCESS = frozenset({"delivered", "relayed", "expanded"})
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})  # RFC 5965 and its registry; others tell of no wish


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail is, and what it says; `identity` is the same however often it is read."""

    kind: Literal["report", "complaint", "automatic", "unknown"]
    identity: str  # SHA-256 of the Message-ID, or of all where it has none
    returned: tuple[Returned, ...] = ()


def read(raw: bytes) -> Mail:
    """Say what a mail is; never raises, whatever the bytes."""
    raw = raw[:LONGEST]
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        named = _message_id(mail)
        identity = hashlib.sha256(named.encode("utf-8", "surrogateescape") if named else raw).hexdigest()
        parts = [part for part in mail.get_payload() if isinstance(part, Message)] if mail.is_multipart() else []
        original = _original(parts)
        for part in parts:
            if part.get_content_type() in STATUS_TYPES and (reports := tuple(_reports(mail, part, original))):
                return Mail("report", identity, reports)
            if part.get_content_type() == "message/feedback-report":
                return Mail("complaint", identity, (_complaint(mail, part, original),))
    except (RecursionError, ValueError, LookupError):  # nested without end; names of encodings that are none
        return Mail("unknown", hashlib.sha256(raw).hexdigest())
    return Mail("automatic" if _is_automatic(mail) else "unknown", identity)


def _reports(mail: Message, part: Message, original: Message | None) -> Iterator[Returned]:
    tokens = (*_tokens(mail, RECEIVERS), *(_tokens(original, ("Return-Path",)) if original else ()))
    about = _message_id(original) if original else ""
    for block in _blocks(part):
        action = _words(block, "Action").split(" ")[0].split("(")[0].lower()
        if not action:
            continue  # the fields about the whole message
        status = STATUS.match(_words(block, "Status")) or STATUS.search(_words(block, "Diagnostic-Code"))
        code = status[0] if status else ""
        recipients = filter(None, (_address(block, "Original-Recipient"), _address(block, "Final-Recipient")))
        yield Returned(_kind(action, code), code, tuple(dict.fromkeys(recipients)), tokens, about)


def _kind(action: str, status: str) -> EventKind:
    """What became of the message: the action says it, the status only whether for good; `other` where they contradict each other."""
    if action == "delayed":
        return "delayed"
    if action in SUCCESS:
        return "delivered" if status[:1] in {"", "2"} else "other"
    if action == "failed" and status[:1] != "2":
        return "hard bounce" if status[:1] == "5" else "soft bounce"
    return "other"


def _complaint(mail: Message, part: Message, original: Message | None) -> Returned:
    (fields,) = _blocks(part)[:1] or [Message()]
    kind = _words(fields, "Feedback-Type").lower()[:30]
    tokens = (
        *_tokens(mail, RECEIVERS),
        *_tokens(fields, ("Original-Mail-From",)),
        *(_tokens(original, ("Return-Path",)) if original else ()),
    )
    recipient = _address(fields, "Original-Rcpt-To")
    about = _message_id(original) if original else ""
    return Returned("complaint" if kind in COMPLAINTS else "other", kind, (recipient,) if recipient else (), tokens, about)


def _is_automatic(mail: Message) -> bool:
    """An automatic answer, or a receipt of somebody who read (RFC 8098)."""
    automatic = _words(mail, "Auto-Submitted").split(";")[0].strip().lower()
    marks = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    receipt = mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "disposition-notification"
    return automatic not in {"", "no"} or _words(mail, "Precedence").lower() == "auto_reply" or receipt or any(m in mail for m in marks)


def _original(parts: list[Message]) -> Message | None:
    """Headers of the message that was sent, where the mail returns them."""
    for part in parts:
        if part.get_content_type() in ORIGINAL_TYPES:
            blocks = _blocks(part)
            return blocks[0] if blocks else None
    return None


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a part, as parsed messages."""
    payload = part.get_payload()
    if part.get_content_type() == "message/global-delivery-status" and isinstance(payload, list):
        payload = "\n\n".join(str(inner) for inner in payload)  # only the older type is parsed into its groups
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    decoded = part.get_payload(decode=True) if isinstance(payload, str) and payload is part.get_payload() else payload
    text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(decoded or "")
    groups = re.split(r"\r?\n(?:[ \t]*\r?\n)+", text.strip("\r\n"))
    return [HeaderParser(policy=policy.compat32).parsestr(group) for group in groups]


def _tokens(mail: Message, names: tuple[str, ...]) -> tuple[str, ...]:
    """What stands after the plus of the addresses in these fields."""
    return tuple(dict.fromkeys(found.lower() for name in names for text in mail.get_all(name, []) for found in TOKEN.findall(str(text))))


def _message_id(mail: Message) -> str:
    found = MESSAGE_ID.search(_words(mail, "Message-ID"))
    return found[0] if found else ""


def _address(block: Message, name: str) -> str:
    """The address in a field like "rfc822; name@example.com", or in one without the type."""
    kind, semicolon, address = _words(block, name).partition(";")
    return (address if semicolon else kind).strip(" <>").lower()[:320]


def _words(mail: Message, name: str) -> str:
    """A field in one line; "" = not there."""
    return " ".join(str(mail.get(name, "")).split())
