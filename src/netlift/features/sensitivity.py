"""Which column and category names speak of sensitive matters (classes of the review policy).

A first list: it marks the obvious, so that review shows it. What the words of a whole campaign mean is for `review` to judge.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

Class = Literal["none", "A", "B", "C"]
CLASSES: tuple[Class, ...] = ("A", "B", "C")  # strictest first


@cache
def _words() -> dict[str, frozenset[str]]:
    listed = tomllib.loads(files("netlift.features").joinpath("sensitive_words.toml").read_text(encoding="utf-8"))
    return {level: frozenset(listed[level]) for level in CLASSES}


def sensitivity(name: str) -> Class:
    """The strictest class of the words in a column or category name, "none" where no word is listed."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    found = set(re.split(r"[^a-z0-9]+", spaced.lower())) | {name.lower()}
    return next((level for level in CLASSES if found & _words()[level]), "none")
