"""A message before it goes to anybody: as one person would get it, and with placeholders for test copies."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr

from netlift.campaigns.messages import names, write
from netlift.campaigns.mime import letter, skeleton, unsubscribe_link
from netlift.records import Delivery, Message
from netlift.settings import AnyChannel, ChannelSettings

TEST = "[TEST] "


@dataclass(frozen=True, slots=True)
class Preview:
    """What one person would get."""

    subject: str
    text: str
    html: str  # "" where the message has none
    raw: bytes  # the mail; b"" on channels that make it themselves


def preview(message: Message, channel: AnyChannel, *, address: str, fields: Mapping[str, str]) -> Preview:
    """The message for one person, unsigned.

    Raises:
        CannotWrite: a field is missing, or does not fit.
        InputError: the message has mistakes.
    """
    if not isinstance(channel, ChannelSettings):
        written = write(message, fields)
        return Preview(written.subject, written.text, written.html, b"")
    of = skeleton(message, channel)
    copy = Delivery(0, "", "", address, fields, message, _message_id(message, "preview"), 0)
    written = write(of.message, fields, unsubscribe_url=unsubscribe_link(of, copy))
    return Preview(written.subject, written.text, written.html, letter(of, copy))


def trial_copy(message: Message, address: str, *, mark: str = TEST) -> Delivery:
    """A copy for somebody who is no customer: every field shows its name in brackets."""
    fields = {name: f"[{name}]" for name in names(message)}
    return Delivery(0, "", "", address, fields, replace(message, subject=mark + message.subject), _message_id(message, "test"), 0)


def _message_id(message: Message, kind: str) -> str:
    return f"<{kind}-{secrets.token_hex(12)}@{parseaddr(message.sender)[1].rpartition('@')[2]}>"
