"""What somebody reads of HTML, as plain text: for the text part of a mail, and for checks that read words."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LINES = "address blockquote br button column columns div footer h1 h2 h3 h4 h5 h6 heading image li ol p pre table text tr ul"
LINES = frozenset(_LINES.split())
_PARAGRAPHS = "blockquote button columns footer h1 h2 h3 h4 h5 h6 heading ol p pre table text ul"
PARAGRAPHS = frozenset(_PARAGRAPHS.split())
UNREAD = frozenset(("script", "style", "title"))


def visible_text(html: str) -> str:
    """Words, line by line; links as "words (address)", items of lists with a hyphen, pictures as what is written for them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._links: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._unread += tag in UNREAD
        self._break(tag)
        if tag == "li":
            self.parts.append("- ")
        elif tag in {"img", "image"}:
            self.parts.append(given.get("alt", ""))
        elif tag in {"hr", "divider"}:
            self.parts.append("\n----\n")
        elif tag in {"a", "button"}:
            self._links.append(given.get("href", ""))
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD and self._unread > 0
        if tag in {"a", "button"} and self._links and (address := self._links.pop()):
            self.parts.append(f" ({address})")
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(data.replace("\n", " "))

    def _break(self, tag: str) -> None:
        if tag in PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in LINES and not (self.parts and self.parts[-1].endswith("\n")):
            self.parts.append("\n")
