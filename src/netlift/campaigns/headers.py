"""Header lines of mail: RFC 5322 lines, RFC 2047 encoded words."""

from __future__ import annotations

import base64
import re

from netlift.errors import InputError

LINE = 76  # characters of a line, RFC 5322 section 2.1.1 and RFC 2047 section 2
WORD = 39  # bytes of UTF-8 in one encoded word: 52 characters of base64, =?utf-8?b??= around them, and "Subject: " before the first
FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def line(name: str, value: str) -> bytes:
    """One header with its line end; text beyond ASCII, or in very long words, becomes encoded words.

    Raises:
        InputError: the value holds a line break or another control character.
    """
    if FORBIDDEN.search(value):
        raise InputError(f"The header {name} would hold a line break or another control character, and may not.")
    if PLAIN.fullmatch(value) and "=?" not in value:
        if len(name) + len(value) + 2 <= LINE:
            return f"{name}: {value}\r\n".encode("ascii")
        if folded := _folded(f"{name}:", value):
            return folded
    return f"{name}: {_encoded(value)}\r\n".encode("ascii")


def structured(name: str, value: str) -> bytes:
    """One header of which the form matters, such as a mailbox or a list of URLs: ASCII as it is, folded at blanks.

    Raises:
        InputError: the value holds a control character, is not ASCII, or has a word that is too long for a line.
    """
    if FORBIDDEN.search(value) or not value.isascii():
        raise InputError(f"The header {name} would hold a line break, a control character or a letter beyond ASCII, and may not.")
    if len(name) + len(value) + 2 <= LINE:
        return f"{name}: {value}\r\n".encode("ascii")
    lines, current = [], f"{name}:"
    for word in value.split(" "):
        if len(current) + 1 + len(word) > LINE and current != f"{name}:":
            lines.append(current)
            current = ""
        current += f" {word}"
    if any(len(one) > 998 for one in (*lines, current)):
        raise InputError(f"The header {name} has a word of more than 998 characters, which no mail server takes.")
    return "\r\n".join((*lines, current)).encode("ascii") + b"\r\n"


def _folded(start: str, value: str) -> bytes:
    """The value on several lines, each begun by a blank that belongs to it; b"" where a word is too long."""
    lines, current = [], start
    for piece in re.findall(r" *[^ ]+", f" {value}"):
        if len(piece) > LINE:
            return b""
        if len(current) + len(piece) > LINE and current != start:
            lines.append(current)
            current = ""
        current += piece
    return "\r\n".join((*lines, current)).encode("ascii") + b"\r\n"


def _encoded(value: str) -> str:
    """Encoded words in base64, none of which cuts a character in two (RFC 2047 section 5)."""
    words, current = [], b""
    for character in value:
        more = character.encode()
        if len(current) + len(more) > WORD:
            words.append(current)
            current = b""
        current += more
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in (*words, current))
