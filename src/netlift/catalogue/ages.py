"""Ages, years and dates of birth written as words: "13-17", "unter 16", "menores de 18", "born after 2009", "2010-01-01"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Literal

from netlift.catalogue.folding import Folded, views

Kind = Literal["age", "birth", "free"]  # what the text is known to tell; "free": it must say so itself


@dataclass(frozen=True, slots=True)
class Span:
    """Ages in years, both ends in, and the words that say them: [start, end) of the text."""

    low: float
    high: float
    start: int
    end: int


# All over folded text: lower case, without accents.
_N = r"(?<![\d.,])(\d{1,3})(?![\d.,]\d|\d)"
_YEAR = r"(?<!\d)((?:19|20)\d{2})(?!\d)"
_TO = r"\s*(?:-|–|—|\bto\b|\bbis\b|\ba\b|\bhasta\b|\band\b|\bund\b|\by\b|\bthrough\b|\.\.)\s*"
_BELOW = r"(?:under|below|younger than|less than|not yet|unter|ju?e?nger als|noch nicht|menor(?:es)? (?:de|a)|bajo|<(?!=))"
_UP_TO = r"(?:up to|at most|maximum|max|no older than|bis(?: zu)?|ho?e?chstens|hasta|como maximo|<=|≤)"
_FROM = r"(?:over|above|older than|at least|from|aged? from|ab|u?e?ber|a?e?lter als|mindestens|mayor(?:es)? de|desde|mas de|>=?|≥)"
_AND_UP = r"\s*(?:\+|plus\b|and (?:over|older|above)|or (?:over|older)|und a?e?lter|o mas|y mas)"
_YEARS = r"[\s-]*(?:years?|yrs?|y/?o\b|jahre?n?\b|ja?e?hrige[nrs]?|anos?\b)"
_SINCE = r"(?:after|since|from|nach|ab|seit|despues de(?:l)?|desde|a partir de(?:l)?|later than|>=?|≥)"
_AFTER = re.compile("after|nach|despues.*|later than|>")
_UNTIL = r"(?:before|until|up to|vor|bis|antes de(?:l)?|hasta|earlier than|<=?|≤)"
_BORN = r"(?:born|birth ?(?:year|date)|year of birth|geboren\w*|jahrga?e?ng\w*|geburtsjahr\w*|nacid[oa]s?|ano de nacimiento)"
_PEOPLE = r"(?:s\b|[\s-]*(?:year|yr|ja?e?hrig|anos)|\s*(?:$|[,;)|]))"
_MONEY = r"(?!\s*(?:€|\$|£|%|eur|usd|dollar|pound|chf|percent|prozent|por ciento|kg|g\b|km|cm|min|gb|mb))"

_OF_AGE = (  # where a column is known to hold ages
    ("range", re.compile(_N + _TO + _N)),
    ("below", re.compile(rf"{_BELOW}\s*{_N}")),
    ("up to", re.compile(rf"{_UP_TO}\s*{_N}")),
    ("from", re.compile(_N + _AND_UP)),
    ("from", re.compile(rf"{_FROM}\s*{_N}")),
    ("one", re.compile(rf"^\s*{_N}(?:{_YEARS}(?: old| alt)?)?\s*$")),
)
_FREE = (  # where only the words themselves tell that an age is meant
    ("range", re.compile(rf"{_N}{_TO}{_N}{_YEARS}")),
    ("range", re.compile(rf"(?:\bage[sd]?\b|\balter\b|\bedad(?:es)?\b|\bde)\D{{0,4}}{_N}{_TO}{_N}{_YEARS.join(('(?:', ')?'))}(?=\D*$|\W)")),
    ("below", re.compile(rf"menores de\s*{_N}{_MONEY}")),
    ("below", re.compile(rf"(?:\bunder|\bunter|\bbelow|\byounger than|\bu)[\s-]?{_N}{_MONEY}{_PEOPLE}")),
    ("one", re.compile(rf"{_N}[\s-]*(?:year|yr)s?[\s-]*olds\b|{_N}[\s-]*ja?e?hrige[nrs]?\b")),
)
_DATE = re.compile(
    r"(?<!\d)(?:((?:19|20)\d{2})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[./-](\d{1,2})[./-]((?:19|20)\d{2})|((?:19|20)\d{2})(\d{2})(\d{2}))(?!\d)"
)


def said(text: str, kind: Kind, *, today: date) -> tuple[Span, ...]:
    """The ages that a text tells.

    Args:
        text: a value of a condition, a name, a sentence.
        kind: what the text is known to hold.
        today: the day on which somebody born then has an age.
    """
    read = views(text)[0]
    if kind == "age":
        return tuple(_first(_OF_AGE, read))
    born = tuple(_births(read, today, known=kind == "birth"))
    return born or (() if kind == "birth" else tuple(_first(_FREE, read)))


def full_years(born: date, today: date) -> int:
    """Age of somebody born that day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], read: Folded) -> Iterator[Span]:
    for kind, pattern in patterns:
        hits = list(pattern.finditer(read.text))
        for hit in hits:
            numbers = [float(n) for n in hit.groups() if n]
            low, high = min(numbers), max(numbers)
            ends = {"below": (0.0, high - 1), "up to": (0.0, high), "from": (low, inf)}.get(kind, (low, high))
            yield Span(*ends, *read.span(*hit.span()))
        if hits:
            return


def _births(read: Folded, today: date, *, known: bool) -> Iterator[Span]:
    """Ages of those born in years or on days, after or before them."""
    word = "" if known else rf"{_BORN}\D{{0,8}}?"
    for hit in re.finditer(rf"{word}(?P<how>{_SINCE}|{_UNTIL})?\s*(?:the |dem |el )?(?P<when>{_DATE.pattern}|{_YEAR})", read.text):
        days = _day(hit["when"])
        if days is None:
            continue
        youngest, oldest = full_years(days[1], today), full_years(days[0], today)
        if hit["how"] and re.fullmatch(_SINCE, hit["how"]):
            whole_year_later = _AFTER.fullmatch(hit["how"]) is not None and len(hit["when"]) == len("2009")
            yield Span(-inf, oldest - whole_year_later, *read.span(*hit.span()))
        elif hit["how"]:
            yield Span(youngest, inf, *read.span(*hit.span()))
        else:
            yield Span(youngest, oldest, *read.span(*hit.span()))


def _day(written: str) -> tuple[date, date] | None:
    """First and last day that a date or a year of birth can mean; of a year the age that is reached in it counts."""
    found = _DATE.fullmatch(written)
    if not found:
        year = int(written)
        return date(year, 1, 1), date(year, 1, 1)
    n = [int(g) for g in found.groups() if g]
    orders = [n] if found[1] or found[7] else [[n[2], n[1], n[0]], [n[2], n[0], n[1]]]
    days = []
    for order in orders:
        try:
            days.append(date(*order))
        except ValueError:  # 31 is no month: it was the other way round
            continue
    return (min(days), max(days)) if days else None
