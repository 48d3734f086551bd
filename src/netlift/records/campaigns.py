"""What is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from netlift.records.review import Message


@dataclass(frozen=True, slots=True)
class TrackedMessage(Message):
    """An approved message whose links or openings are counted when it is mailed."""

    links: tuple[tuple[str, str], ...] = ()  # address, and the name of the field that holds the tracked link to it
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed row of the ledger: a message for one person. Never logged: it holds contact data."""

    delivery_id: int
    token: str  # the claim's fencing token
    customer_id: str
    address: str
    fields: Mapping[str, Any]
    message: Message
    message_id: str  # deterministic, so that it can be looked for in the receiver's records
    attempts: int
    unsubscribe_url: str = ""  # one click takes this person off; "" = the public address of the console is not set
    return_path: str = ""  # envelope sender that names this delivery (VERP); "" = the sender's own address
    status_url: str = ""  # where a provider of texts tells what became of it; "" = the public address of the console is not set


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery.

    accepted: the relay took it. retry: certainly refused for now. failed: certainly refused for good.
    unknown: the body was on the wire and no answer came; held, never resent silently.
    """

    delivery_id: int
    state: Literal["accepted", "retry", "failed", "unknown"]
    reason: str  # the server's answer, without addresses


EventKind = Literal[
    "sent", "suppressed", "delivered", "delayed", "open", "click", "hard bounce", "soft bounce", "opt-out", "complaint", "other"
]


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """What one person did with a message, or what happened to it, as the receiver's records tell."""

    event_id: str  # always the same for one event, however often it is told
    customer_id: str  # "" where the receiver does not tell whose it is
    kind: EventKind
    at: datetime  # aware UTC
    detail: str  # of a click its name, of a suppression the receiver's code, of `other` the receiver's word


@dataclass(frozen=True, slots=True)
class Returned:
    """What a returned mail, or a provider, says of one message to one recipient. Never logged: it holds an address."""

    kind: EventKind
    status: str  # enhanced status code (RFC 3463), e.g. "5.1.1"; of a complaint its type; "" = none was told
    recipients: tuple[str, ...]  # the addresses it is about, as it was sent and as it was tried last; () = not told
    tokens: tuple[str, ...]  # what return addresses in it carry; only the store can say which are true
    message_id: str  # of the message that was sent, with its angle brackets; "" = not told
