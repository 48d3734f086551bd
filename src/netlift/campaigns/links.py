"""Links in messages: which may be there, and the parameters that tell a shop's own statistics where a visit came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
LINK = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s]|tel:[+\d])", re.IGNORECASE)
IN_TEXT = re.compile(r"https?://[^\s<>\"'()]+[^\s<>\"'().,;:!?]", re.IGNORECASE)


def tagged(address: str, utm: Mapping[str, str]) -> str:
    """The address with the parameters; those that it has already stay as they are, and other kinds of links too."""
    if not utm or not WEB.match(address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError:  # e.g. a bracket that belongs to no IPv6 address
        return address
    there = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode([(name, text) for name, text in utm.items() if name not in there])
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, added)))))


def tagged_text(text: str, utm: Mapping[str, str]) -> str:
    """The same for every web address in plain text."""
    return IN_TEXT.sub(lambda found: tagged(found[0], utm), text)
