"""The sensitive topics, their classes, and which of them tell of one another."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal

Letter = Literal["A", "B", "C"]
CLASSES: tuple[Letter, ...] = ("A", "B", "C")  # strictest first


def listed(name: str) -> dict[str, Any]:
    """A file of the catalogue."""
    return tomllib.loads(files("netlift.catalogue").joinpath(name).read_text(encoding="utf-8"))


_TOPICS = listed("topics.toml")
VERSION: str = _TOPICS["version"]
_CLASS: dict[str, Letter] = {topic: letter for letter in CLASSES for topic in _TOPICS["classes"][letter]}


def class_of(topic: str) -> Letter:
    """The class of a topic in the review policy."""
    return _CLASS[topic]


def topics() -> tuple[str, ...]:
    """All topics, those of the strictest class first."""
    return tuple(_CLASS)


def kin(topic: str) -> frozenset[str]:
    """The topic and those that tell of it."""
    return frozenset({topic, *_TOPICS["kin"].get(topic, ())})


def covered_by(purposes: tuple[str, ...]) -> frozenset[str]:
    """The topics that opt-ins with these purposes name; empty where none names one."""
    words = " ".join(purposes).lower()
    return frozenset(topic for word, covered in _TOPICS["opt_in"].items() if word in words for topic in covered)
