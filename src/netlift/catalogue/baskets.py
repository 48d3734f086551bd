"""Combinations of products that stand for a trait, and the offers that complete the inference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from netlift.catalogue.folding import views
from netlift.catalogue.terms import either
from netlift.catalogue.topics import listed


@dataclass(frozen=True, slots=True)
class Basket:
    """Three or more of its items, and one of its offers, are read as the topic."""

    topic: str
    source: Literal["published", "own"]
    items: tuple[re.Pattern[str], ...]
    offers: re.Pattern[str]

    def items_in(self, products: tuple[str, ...]) -> tuple[str, ...]:
        """Which of the products belong to it, each of its items counted once."""
        found: dict[int, str] = {}
        for product in products:
            item = next((i for i, pattern in enumerate(self.items) if _in(pattern, product)), None)
            if item is not None:
                found.setdefault(item, product)
        return tuple(found.values())

    def offered(self, text: str) -> bool:
        """Whether a text offers what completes it."""
        return _in(self.offers, text)


def _in(pattern: re.Pattern[str], text: str) -> bool:
    return any(pattern.search(view.text) for view in views(text))


@cache
def baskets() -> tuple[Basket, ...]:
    """All of the catalogue."""
    plural = "(?:s|es|n)?"
    return tuple(
        Basket(b["topic"], b["source"], tuple(either([i], plural=plural) for i in b["items"]), either(b["offers"], plural=plural))
        for b in listed("baskets.toml")["basket"]
    )
