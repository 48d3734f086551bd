"""Links that are counted. The template's own links become names, which the ledger fills with a signed address for each message.

Links with a person's fields in them are left as they are. Nothing of a link stands in the address that replaces it: it is looked
up, so nobody can make netlift lead elsewhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from netlift.records import Message

OPEN, TRAP = "netlift_open", "netlift_trap"  # names in templates: the picture, and a link that no person sees
CODE = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
IN_TEXT = re.compile(r"https?://[^\s<>\"'()]*[^\s<>\"'().,;:!?]", re.IGNORECASE)
IN_HTML = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)(["'])(https?://[^"']+)\2""", re.IGNORECASE | re.DOTALL)
HIDDEN = f'<a href="{{{{ {TRAP} }}}}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
PICTURE = f'<img src="{{{{ {OPEN} }}}}" width="1" height="1" alt="">'
END = re.compile(r"</body\s*>", re.IGNORECASE)


def addresses(message: Message) -> tuple[str, ...]:
    """The addresses that the links of a message lead to, each once, in their order."""
    found: dict[str, None] = {}

    def seen(address: str) -> str:
        found[address] = None
        return address

    _in_text(message.text, seen)
    _in_html(message.html, seen)
    return tuple(found)


def tracked(message: Message, names: Mapping[str, str], *, opens: bool) -> Message:
    """The message with a name in place of each of these addresses, and with what shows machines and openings.

    Args:
        message: an approved message.
        names: address -> name of the field that will hold the tracked link; empty = clicks are not tracked.
        opens: count openings, which takes HTML.
    """

    def named(address: str) -> str:
        return f"{{{{ {names[address]} }}}}" if address in names else address

    text, page = _in_text(message.text, named), _in_html(message.html, named)
    if page:
        added = (HIDDEN if names else "") + (PICTURE if opens else "")
        end = END.search(page)
        page = page[: end.start()] + added + page[end.start() :] if end else page + added
    return replace(message, text=text, html=page)


def _in_text(source: str, change: Callable[[str], str]) -> str:
    pieces = CODE.split(source)  # text and code in turn
    for i in range(0, len(pieces), 2):
        pieces[i] = _in_piece(pieces[i], change, open_end=i + 1 < len(pieces))
    return "".join(pieces)


def _in_piece(piece: str, change: Callable[[str], str], *, open_end: bool) -> str:
    """The links of text between two fields; where one may go on in a person's field it stays as it is."""

    def changed(found: re.Match[str]) -> str:
        goes_on = open_end and not re.search(r"\s", piece[found.end() :])
        return found[0] if goes_on else change(found[0])

    return IN_TEXT.sub(changed, piece)


def _in_html(source: str, change: Callable[[str], str]) -> str:
    def changed(found: re.Match[str]) -> str:
        address = html.unescape(found[3])
        if CODE.search(found[3]):
            return found[0]
        new = change(address)
        return found[0] if new == address else f"{found[1]}{found[2]}{new}{found[2]}"

    return IN_HTML.sub(changed, source)
