"""Text as a reader takes it: without case, accents, look-alike letters, hidden characters, or digits that stand for letters.

Each folded text keeps, for every character, its position in the original, so that evidence is always the original's own words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters of other alphabets that look like Latin ones (Unicode Technical Standard 39, the part that is used to hide words).
_LOOKALIKE = str.maketrans(
    "аеорсхуіѕјԁһкмтвнгпԛԝьαβειικνορτυχηγωɡıłøđɑᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ",
    "aeopcxyisjdhkmtbhrnqwbabeiikvoptuxnywgilodaabcdefghijklmnoprtuvwyz",
)
_LONGER = {"æ": "ae", "œ": "oe", "þ": "th", "ƒ": "f"}
_DROPPED = frozenset("'’‘`´ʼ\u115f\u1160\u3164\uffa0")  # apostrophes, and letters that show nothing
_ESCAPED = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#[xX][0-9a-fA-F]{1,5});|%[2-7][0-9a-fA-F](?![0-9])")
_LEET = {letter: str.maketrans("0134578@$!€", "o" + letter + "eastba" + "s" + letter + "e") for letter in "il"}
_MIXED = re.compile(r"[a-z0-9@$!€]*[a-z][a-z0-9@$!€]*|(?<![\d.,:])\d{1,2}(?![\d.,:%])")
_SPELT = re.compile(r"(?<![a-z0-9])(?=(?:[a-z0-9@$!€][ .\-_*]){0,5}[a-z][ .\-_*])(?:[a-z0-9@$!€][ .\-_*]){3,}[a-z0-9](?![a-z0-9])")
_SPLIT = re.compile(r"(?<=[a-z])[\-.*_·|]{1,2}(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text: a-z, digits, punctuation and spaces; `at[i]` is the position of character i in the original."""

    text: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the folded text stands in the original, [start, end)."""
        return self.at[start], self.at[end - 1] + 1


@lru_cache(maxsize=4096)
def views(text: str, *, name: bool = False) -> tuple[Folded, ...]:
    """The ways to read a text: folded; with digits as letters; with what splits words taken out.

    A `name` (of a column, a link, a code) is also split where lower case meets upper case.
    """
    plain = _folded(text, name=name)
    read = [plain, *(_leet(plain, letter) for letter in _LEET)]
    read += [_joined(view) for view in read]
    read += [_leet(_joined(plain), letter) for letter in _LEET]
    return tuple({view.text: view for view in read}.values())


def _folded(text: str, *, name: bool) -> Folded:
    letters: list[str] = []
    at: list[int] = []
    for position, shown in _shown(text):
        if name and position and shown.isupper() and text[position - 1].islower():
            letters.append(" ")
            at.append(position)
        for letter in _plain(shown):
            letters.append(letter)
            at.append(position)
    return Folded("".join(letters), tuple(at))


def _shown(text: str) -> list[tuple[int, str]]:
    """Each character with its position; escapes of HTML and of links are read."""
    shown: list[tuple[int, str]] = []
    end = 0
    for escape in _ESCAPED.finditer(text):
        shown += list(enumerate(text[end : escape.start()], end))
        code = escape[0]
        read = html.unescape(code) if code[0] == "&" else chr(int(code[1:], 16))
        shown += [(escape.start(), letter) for letter in read]
        end = escape.end()
    return shown + list(enumerate(text[end:], end))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    folded = unicodedata.normalize("NFKD", character).casefold()
    kept = [c for c in folded if unicodedata.category(c) not in {"Mn", "Cf", "Me"} and c not in _DROPPED]
    return "".join(_LONGER.get(c, c) for c in kept).translate(_LOOKALIKE)


def _leet(view: Folded, letter: str) -> Folded:
    """Digits and signs inside a word read as letters."""
    return Folded(_MIXED.sub(lambda word: word[0].translate(_LEET[letter]), view.text), view.at)


def _joined(view: Folded) -> Folded:
    out = {i for spelt in _SPELT.finditer(view.text) for i in range(*spelt.span()) if view.text[i] in " .-_*"}
    out |= {i for split in _SPLIT.finditer(view.text) for i in range(*split.span())}
    kept = [i for i in range(len(view.text)) if i not in out]
    return Folded("".join(view.text[i] for i in kept), tuple(view.at[i] for i in kept))
