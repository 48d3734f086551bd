"""Find the catalogue's meanings in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from netlift.catalogue.folding import Folded, views
from netlift.catalogue.terms import either
from netlift.catalogue.topics import class_of, listed, topics

Tier = Literal["fields", "products", "traits", "claims", "hints"]
LANGUAGES = ("en", "de", "es")
PLURAL_IN = ("fields", "products", "traits", "hints")
NEAR = 4  # words between a trait and the reader
BLANK = "¦"


@dataclass(frozen=True, slots=True)
class Hit:
    """A meaning found: `text` is the original's own words, [start, end) in it."""

    topic: str
    start: int
    end: int
    text: str
    of_reader: bool = False  # the words say it of the reader


@lru_cache(maxsize=8192)
def about(text: str, *tiers: Tier, name: bool = False) -> tuple[Hit, ...]:
    """Every topic of these tiers in a text, the strictest class and then the longest words first.

    Args:
        text: a copy, or the name or value of a column.
        tiers: which words of the catalogue count.
        name: read it as a name: split where the case changes, with long words also found inside glued ones.
    """
    hits = {h for view in views(text, name=name) for h in _hits(text, view, tiers, name=name)}
    ordered = sorted(hits, key=lambda h: (class_of(h.topic), not h.of_reader, h.start - h.end, h.start, h.topic))
    kept: list[Hit] = []
    for hit in ordered:
        if not any(h.topic == hit.topic and h.start < hit.end and hit.start < h.end for h in kept):
            kept.append(hit)
    return tuple(kept)


@lru_cache(maxsize=8192)
def phrases(text: str, kind: str, *, name: bool = False) -> tuple[Hit, ...]:
    """The wording of one kind ("urgency", "offers.credit", …) in a text; `topic` is the kind."""
    spans = {view.span(*m.span()) for view in views(text, name=name) for m in _phrase(kind).finditer(_readable(view.text))}
    return tuple(Hit(kind, a, b, text[a:b]) for a, b in sorted(spans))


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """[start, end) of each sentence."""
    start = 0
    for stop in re.finditer(r"[.!?](?=\s|$)|\n", text):
        yield start, stop.end()
        start = stop.end()
    if start < len(text):
        yield start, len(text)


def _hits(text: str, view: Folded, tiers: tuple[Tier, ...], *, name: bool) -> Iterator[Hit]:
    read = _readable(view.text)
    for tier in tiers:
        for topic, pattern in _words(tier, glued=False) + (_words(tier, glued=True) if name else ()):
            for found in pattern.finditer(read):
                a, b = view.span(*found.span())
                yield Hit(topic, a, b, text[a:b], of_reader=tier == "claims" or (tier != "hints" and _to_reader(read, *found.span())))


def _to_reader(read: str, start: int, end: int) -> bool:
    """Whether the words stand near a word for the reader in the same sentence, or are put to him as a question."""
    before = re.split(r"[.!?\n]", read[:start])[-1]
    after = re.split(r"[.!?\n]", read[end:])[0]
    near = " ".join(re.findall("[a-z]+", before)[-NEAR:]), " ".join(re.findall("[a-z]+", after)[:NEAR])
    asked = bool(re.match(r"\s*\?", read[end:])) and len(re.findall("[a-z]+", before)) <= 2
    return asked or any(_phrase("reader").search(words) for words in near)


@lru_cache(maxsize=4096)
def _readable(folded: str) -> str:
    """The text without what is harmless, at the same positions."""
    return _phrase("harmless").sub(lambda m: BLANK * len(m[0]), folded)


@cache
def _words(tier: Tier, *, glued: bool) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """An expression per topic and language."""
    made = []
    for language in LANGUAGES:
        words = listed(f"words/{language}.toml")
        plural = words["plural"] if tier in PLURAL_IN else ""
        for topic in topics():
            terms = words.get(topic, {}).get(tier, ())
            if terms and not (glued and (tier in {"claims", "hints"} or class_of(topic) == "C")):
                made.append((topic, either(terms, plural=plural, glued=glued)))
    return tuple(made)


@cache
def _phrase(kind: str) -> re.Pattern[str]:
    found = listed("phrases.toml")
    for part in kind.split("."):
        found = found[part]
    return either(found, plural="(?:s|es|n)?" if kind.startswith(("offers", "harmless")) else "")
