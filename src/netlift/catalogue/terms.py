"""The catalogue's short patterns as regular expressions over folded text. The syntax stands at the top of words/en.toml."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

APART = "[^a-z.!?]{0,3}"  # between two words of one term
GAP = r"(?:[^a-z.!?\n]+[a-z]+){0,3}?[^a-z.!?\n]{1,3}"  # up to three words between
UMLAUTS = {"ä": "(?:ae|a)", "ö": "(?:oe|o)", "ü": "(?:ue|u)", "ß": "ss"}
LONG = 6  # letters from which on a word is also looked for inside the glued words of a name


def either(terms: Iterable[str], *, plural: str = "", glued: bool = False) -> re.Pattern[str]:
    """One expression that finds any of the terms; with `glued`, only single long words, anywhere inside a word."""
    if glued:
        words = [word.strip("*") for word in terms if re.fullmatch(r"\*?\w+\*?", word)]
        parts = [f"[a-z]*{_letters(word)}[a-z]*" for word in words if len(word) >= LONG]
    else:
        parts = [_pattern(term, plural) for term in terms]
    return re.compile(rf"(?<![a-z])(?:{'|'.join(parts)})(?![a-z])") if parts else re.compile("(?!)")


def _pattern(term: str, plural: str) -> str:
    end = plural if plural and re.search(r"[\w)]$", term) else ""
    term = re.sub(r"\((?!\?)", "(?:", term)
    words = [APART.join(part.split(" ")) for part in term.split(" ... ")]
    return (
        GAP.join(_letters(part).replace("*", "[a-z]*") if "{0," not in part.replace(APART, "") else _letters(part) for part in words) + end
    )


def _letters(term: str) -> str:
    spelt = "".join(UMLAUTS.get(letter, letter) for letter in term)
    return "".join(c for c in unicodedata.normalize("NFD", spelt) if unicodedata.category(c) != "Mn")
