"""What every mail has beside the offer's words: who sends it, from where, how to unsubscribe; and links that can be counted."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from html import escape

from netlift.campaigns.html import TEMPLATE, document
from netlift.campaigns.links import tagged_text
from netlift.campaigns.messages import UNSUBSCRIBE
from netlift.campaigns.tracking import addresses
from netlift.records import Message
from netlift.settings import ChannelSettings

HELD = re.compile("\ue000([0-9]+)\ue001")


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a channel's settings add to a message."""

    postal_address: str
    unsubscribe_words: str
    utm: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Furnished:
    """The message with footer, links and styles: still templates; or what is wrong with its HTML."""

    message: Message
    problems: tuple[str, ...] = ()


def imprint(settings: ChannelSettings) -> Imprint:
    """What these settings add."""
    return Imprint(settings.postal_address, settings.unsubscribe_words, tuple(settings.utm.items()))


@functools.lru_cache(maxsize=64)
def furnished(message: Message, added: Imprint) -> Furnished:
    """The templates that are mailed, made once per message: text always, HTML where the offer has some."""
    utm, who = dict(added.utm), _sender(message, added)
    text = f"{_tagged(message.text, utm).rstrip()}\n\n-- \n{_literal(who)}\n{_literal(added.unsubscribe_words)}: {{{{ {UNSUBSCRIBE} }}}}\n"
    if not message.html:
        return Furnished(replace(message, text=text))
    link = f'<a href="{{{{ {UNSUBSCRIBE} }}}}">{escape(_literal(added.unsubscribe_words), quote=False)}</a>'
    made = document(f"{message.html}\n<footer>{escape(_literal(who), quote=False)}<br>{link}</footer>", utm=utm)
    return Furnished(replace(message, text=text, html=made.html), made.problems)


def links_of(message: Message, settings: ChannelSettings) -> tuple[str, ...]:
    """The addresses that the links of a message lead to as it is mailed, each once."""
    return addresses(furnished(message, imprint(settings)).message)


def _sender(message: Message, added: Imprint) -> str:
    """The sender as the footer names it: name, or else address, and where its post goes."""
    name, address = parseaddr(message.sender)
    return " · ".join(filter(None, (name or address, added.postal_address)))


def _literal(text: str) -> str:
    """Text that stays as it is in a template."""
    return text.replace("{", "{{ '{' }}")


def _tagged(text: str, utm: Mapping[str, str]) -> str:
    """Links in a template of plain text get their parameters; what is between braces stays."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\ue000{len(held) - 1}\ue001"

    return HELD.sub(lambda found: held[int(found[1])], tagged_text(TEMPLATE.sub(hold, text), utm)) if utm else text
