"""What must be right in a message before it is sent to anybody: templates, sender, subject, HTML, footer.

Source: rules IDENTITY and ONE_CLICK of the channel rules; Google's and Yahoo's requirements for bulk senders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr

from netlift.campaigns.furnish import furnished, imprint
from netlift.campaigns.messages import BREAK, problems
from netlift.campaigns.sms_parts import parts_of
from netlift.errors import InputError
from netlift.records import Message
from netlift.settings import AnyChannel, ChannelSettings, TextSettings, this_machine

ANSWER = re.compile(r"\s*(?:re|fwd?|aw|wg|antw|tr|rv|sv|vs)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
PRIVATE_MAIL = frozenset(("gmail.com", "googlemail.com", "yahoo.com", "aol.com", "outlook.com", "hotmail.com", "live.com", "icloud.com"))
FIELD_IN_LINK = re.compile(r"https?://[^\s<>\"']*\{[{%]", re.IGNORECASE)


def check(message: Message, channel: AnyChannel | None = None) -> None:
    """See whether a message can be sent to anybody at all.

    Args:
        message: the offer's words on one channel.
        channel: that channel's settings; None = only what does not depend on them.

    Raises:
        InputError: the first of what `lint` finds.
    """
    for problem in lint(message, channel):
        raise InputError(problem)


def lint(message: Message, channel: AnyChannel | None = None) -> Iterator[str]:
    """Everything that keeps a message from being sent, one sentence each."""
    if isinstance(channel, TextSettings):
        yield from (f"The {part} of the offer '{message.offer}' on {message.channel} cannot be used: {p}." for part, p in _text(message))
        return
    if not _is_sender(message.sender):
        yield f"The sender '{message.sender}' of the offer '{message.offer}' is not of the form 'Name <name@example.com>'."
    bad = [*_templates(message)]
    for part, problem in bad or (_more(message, channel) if isinstance(channel, ChannelSettings) else ()):
        yield f"The {part} of the offer '{message.offer}' on {message.channel} cannot be used: {problem}."


def remarks(message: Message, channel: AnyChannel) -> Iterator[str]:
    """What is allowed only while trying things out, or costs more than it need."""
    if isinstance(channel, TextSettings) and (because := parts_of(re.sub(r"\{[{%].*?[%}]\}", "", message.text)).because):
        yield f"The text of the offer '{message.offer}' holds '{because}', so that 70 characters make a part instead of 160."
    if isinstance(channel, ChannelSettings) and not channel.postal_address:
        yield f"The footer of the offer '{message.offer}' lacks a postal address: set postal_address of [channels.{message.channel}]."


def _templates(message: Message) -> Iterator[tuple[str, str]]:
    for part, source in (("subject", message.subject), ("text", message.text), ("html", message.html)):
        for problem in problems(source, html=part == "html"):
            yield part, problem


def _text(message: Message) -> Iterator[tuple[str, str]]:
    yield from (("text", problem) for problem in problems(message.text))
    if not message.text.strip():
        yield "text", "it is empty"
    if message.html:
        yield "html", "a text message has none"
    if FIELD_IN_LINK.search(message.text):
        yield "text", "a link holds a field; a link is the same for everybody, so that it tells nothing of a person"


def _more(message: Message, channel: ChannelSettings) -> Iterator[tuple[str, str]]:
    if not message.subject.strip():
        yield "subject", "it is empty"
    if ANSWER.match(message.subject):
        yield "subject", "it looks like an answer or a forwarded mail (RE:, FWD:), and it is neither"
    if not message.text.strip():
        yield "text", "it is empty"
    if FIELD_IN_LINK.search(message.text):
        yield "text", "a link holds a field; a link is the same for everybody, so that it tells nothing of a person"
    domain = parseaddr(message.sender)[1].rpartition("@")[2].lower()
    if domain in PRIVATE_MAIL:
        yield "sender", f"mail from {domain} is refused everywhere unless it comes from there; use a domain of your own"
    if not channel.postal_address and not this_machine(channel.host):
        yield "footer", f"it lacks the sender's postal address; set postal_address of [channels.{message.channel}]"
    made = furnished(message, imprint(channel))
    for problem in made.problems or (problems(made.message.html, html=True) if made.message.html else ()):
        yield "html", problem


def _is_sender(text: str) -> bool:
    """Whether this is one mailbox, the same for everybody who reads the header."""
    if BREAK.search(text):
        return False
    address = parseaddr(text)[1]
    header = EmailMessage(policy=policy.SMTP)
    header["From"] = text
    same = [mailbox.addr_spec for mailbox in header["From"].addresses] == [address]
    return same and not header["From"].defects and re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", address) is not None
