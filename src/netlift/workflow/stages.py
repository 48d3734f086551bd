"""The order of the ten stages, and the clock that runs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from netlift.records import Progress

STAGES = (
    "sources",
    "features",
    "segments",
    "insight",
    "offers",
    "experiments",
    "review",
    "campaigns",
    "measurement",
    "reports",
)

Given = TypeVar("Given")


class Display(Protocol):
    """Somebody who shows how far a verb has come."""

    def stage(self, name: str) -> Progress:
        """A stage begins; its progress is told to what is returned."""


class Quiet:
    """A display that shows nothing."""

    def stage(self, name: str) -> Progress:  # noqa: ARG002 - the shape of Display
        """Begin a stage without showing it."""
        return lambda _share, _doing: None


class Stopwatch:
    """Runs a verb's stages in flow order and keeps the seconds each took."""

    def __init__(self, display: Display) -> None:
        self.seconds: dict[str, float] = {}
        self._display = display

    def run(self, stage: str, work: Callable[[Progress], Given]) -> Given:
        """Enter one stage. A verb enters each stage at most once and never goes back in the flow."""
        last = next(reversed(self.seconds), None)
        if last is not None and STAGES.index(stage) <= STAGES.index(last):
            raise AssertionError(f"stage {stage} entered after {last}")
        started = time.perf_counter()
        progress = self._display.stage(stage)
        given = work(progress)
        self.seconds[stage] = round(time.perf_counter() - started, 3)
        progress(1.0, "done")
        return given
