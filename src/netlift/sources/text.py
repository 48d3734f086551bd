"""Bytes → lines of text: strictly decoded, of bounded length, control characters noticed. Memory: one chunk."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from netlift.errors import SettingsError, SourceError

CHUNK = 1 << 22  # bytes read at a time
FIRST = 1 << 16  # bytes read first: who wants the header alone need not decode more
LONGEST_LINE = 1 << 20  # characters
# All control characters but tab and line ends; those above U+007F betray a wrong 8-bit encoding.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BREAK = re.compile("\r\n|\r|\n")
_MARKS = (  # the longer mark first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(start: bytes, *, declared: str, file: str) -> str:
    """The codec to use: the declared one, or the one that a byte order mark at the file's start names.

    Raises:
        SettingsError: the declared encoding is unknown.
        SourceError: a mark contradicts the declared encoding.
    """
    try:
        known = codecs.lookup(declared)
        "".encode(known.name)
    except LookupError as error:
        raise SettingsError(f"encoding = '{declared}' is no text encoding; write for example 'utf-8' or 'cp1252'.") from error
    marked = next((codec for mark, codec in _MARKS if start.startswith(mark)), None)
    if marked is None:
        return known.name
    if known.name not in {"utf-8", "utf-8-sig", codecs.lookup(marked).name}:
        raise SourceError(
            f"'{file}' begins with the mark of {marked.removesuffix('-sig').upper()}, and encoding = '{declared}' is declared; "
            "take the setting out."
        )
    return marked


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines, with their ends."""

    lines: list[str]
    text: str  # the same, joined
    dirty: bool  # whether there is a control character in it


class Lines:
    """Iterates over a stream's lines, a block at a time; at the end `cut` tells whether the last line lacked its end.

    Raises (while iterating):
        SourceError: a byte that is not of the encoding, or a line that is too long.
    """

    def __init__(self, stream: BinaryIO, *, encoding: str, file: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._file = file
        self._carry = ""  # the begun line at the end of the last chunk
        self._done = 0  # lines handed out
        self.cut = False

    def __iter__(self) -> Iterator[Block]:
        decoder = codecs.getincrementaldecoder(self._encoding)("strict")
        offset = 0  # of the chunk in the file
        while True:
            chunk = self._stream.read(CHUNK if offset else min(FIRST, CHUNK))
            pending = len(decoder.getstate()[0])
            try:
                text = self._carry + decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise self._undecodable(error, offset - pending) from error
            offset += len(chunk)
            lines = list(io.StringIO(text, newline=""))
            self._carry = lines.pop() if chunk and lines and not lines[-1].endswith("\n") else ""
            self._bound(lines)
            if lines:
                text = text[: len(text) - len(self._carry)]
                yield Block(lines, text, dirty=CONTROL.search(text) is not None)
                self._done += len(lines)
            if not chunk:
                self.cut = bool(lines) and not lines[-1].endswith(("\n", "\r"))
                return

    def _bound(self, lines: list[str]) -> None:
        longest = max([*map(len, lines), len(self._carry)])
        if longest > LONGEST_LINE:
            number = self._done + 1 + next((i for i, line in enumerate(lines) if len(line) > LONGEST_LINE), len(lines))
            raise SourceError(
                f"'{self._file}', line {number}: the line is longer than {LONGEST_LINE:,} characters; is it a text file with line ends?",
            )

    def _undecodable(self, error: UnicodeDecodeError, offset: int) -> SourceError:
        """`offset` is the place in the file of the bytes that the decoder was given."""
        good = error.object[: error.start].decode(self._encoding, errors="ignore")
        line = self._done + 1 + len(_BREAK.findall(self._carry + good))
        hint = "write the file's encoding in its format"
        if self._encoding.startswith("utf-8") and b"\0" in error.object[:64]:
            end = "le" if error.object[1:2] == b"\0" else "be"
            hint = f'is it UTF-16? Then write format = {{ encoding = "utf-16-{end}" }}'
        elif self._encoding.startswith("utf-8"):
            hint = 'save the file as UTF-8, or write format = { encoding = "cp1252" } if it comes from Windows (Latin-1)'
        return SourceError(
            f"'{self._file}', line {line}: byte 0x{error.object[error.start]:02X} (position {offset + error.start:,} of the file) "
            f"is not {self._encoding.removesuffix('-sig').upper()}; {hint}."
        )
