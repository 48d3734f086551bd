"""The rules of messages: what a message must have before it may be approved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from netlift.rules.facts import MessageFacts
from netlift.rules.packs import Rule, rules_for

FAKED = re.compile(r"\s*(re|fw|fwd|aw|wg|antw|tr)\s*(\[\d+\])?\s*:", re.IGNORECASE)  # how a reply or a forwarded message begins


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a message breaks."""

    rule: str
    text: str
    source: str


def broken(message: MessageFacts, candidates: Iterable[str], channel: str) -> tuple[Broken, ...]:
    """The rules of all candidate jurisdictions that a message on a channel breaks, each once."""
    found: dict[str, Broken] = {}
    for rule in rules_for(frozenset(candidates), channel):
        text = JUDGES[rule.id](message, rule) if rule.id in JUDGES else ""
        if text:
            found.setdefault(rule.id, Broken(rule.id, text, rule.source))
    return tuple(found.values())


def _identity(message: MessageFacts, _rule: Rule) -> str:
    if FAKED.match(message.subject):
        return f"Subject '{message.subject.strip()[:20]}' pretends to be a reply"
    return "" if message.postal_address else "Footer lacks postal address"


def _one_click(message: MessageFacts, _rule: Rule) -> str:
    return "" if message.one_click else "One-click unsubscribe header missing"


def _auth(message: MessageFacts, _rule: Rule) -> str:
    return "" if message.aligned else "From domain is not aligned"


def _complaints(message: MessageFacts, rule: Rule) -> str:
    most = rule.parameters["share"]
    return f"Complaints {message.complaints:.2%} over {most:.1%}" if message.complaints > most else ""


def _sender_id(message: MessageFacts, _rule: Rule) -> str:
    return "" if message.sender_registered else "Sender is not registered"


def _sms_length(message: MessageFacts, _rule: Rule) -> str:
    if message.segments <= message.segments_priced:
        return ""
    return f"Message is {message.segments} segments, budget says {message.segments_priced}"


def _marking(message: MessageFacts, _rule: Rule) -> str:
    if "advertising" not in message.marked:
        return "Advertising is not marked"
    if message.personal_price and "personal_price" not in message.marked:
        return "Personal price not disclosed"
    return "Text written by AI not disclosed" if message.written_by_ai and "ai" not in message.marked else ""


def _export_sensitive(message: MessageFacts, _rule: Rule) -> str:
    return "Sensitive audiences may not be exported" if message.sensitive else ""


JUDGES: dict[str, Callable[[MessageFacts, Rule], str]] = {
    "IDENTITY": _identity,
    "ONE_CLICK": _one_click,
    "AUTH": _auth,
    "COMPLAINTS": _complaints,
    "SENDER_ID": _sender_id,
    "SMS_LENGTH": _sms_length,
    "MARKING": _marking,
    "EXPORT_SENSITIVE": _export_sensitive,
}
