"""How sensitive a column or category is, by its name alone."""

from __future__ import annotations

from functools import cache
from typing import Literal

from netlift.catalogue.reading import about
from netlift.catalogue.topics import class_of

Class = Literal["none", "A", "B", "C"]


@cache
def sensitivity(name: str) -> Class:
    """The strictest class of the words in a column or category name, "none" where no word is listed.

    It marks what a name says; what the words of a whole campaign mean is for `review` to judge.
    """
    found = about(name, "fields", "products", "traits", name=True)
    return class_of(found[0].topic) if found else "none"
