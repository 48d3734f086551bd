"""Faults to order: what the server does instead of a straight answer, and for how many calls."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

What = Literal["fault", "empty", "reset", "truncated", "html", "busy", "throttled", "late"]


@dataclass
class Ordered:
    """A fault that waits for its operation; after = the operation takes effect first."""

    operation: str
    what: What
    after: bool
    errorid: int
    times: int


class Faults:
    """The faults that were ordered and did not happen yet."""

    def __init__(self) -> None:
        self._waiting: list[Ordered] = []
        self._lock = threading.Lock()

    def order(self, operation: str, what: What, *, after: bool = False, errorid: int = 50, times: int = 1) -> None:
        """Have the next calls of an operation ("token" is one, too) go wrong."""
        with self._lock:
            self._waiting.append(Ordered(operation, what, after, errorid, times))

    def next(self, operation: str) -> Ordered | None:
        """The fault of this call."""
        with self._lock:
            for one in self._waiting:
                if one.operation == operation and one.times:
                    one.times -= 1
                    return one
        return None
