"""At most so many requests at the same time, over all threads and processes that share a data directory.

A slot is a locked file: whoever dies gives it back. The platform rejects the 11th request of an organisation instead of queueing it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from netlift.errors import Busy

PATIENCE = 300.0  # seconds to wait for a slot
PAUSE = 0.02  # seconds between two looks, ± 50 %


@contextlib.contextmanager
def slot(folder: Path, number: int) -> Iterator[None]:
    """One of `number` slots, for as long as the block runs.

    Raises:
        Busy: none became free in time.
    """
    deadline = time.monotonic() + PATIENCE
    while (held := _free(folder, number)) is None:
        if time.monotonic() > deadline:
            raise Busy(f"All {number} connections to Acoustic Campaign have been in use for {PATIENCE:.0f} seconds; try again later.")
        time.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads load, guards nothing
    try:
        yield
    finally:
        os.close(held)


def locked(path: Path) -> int:
    """A file descriptor that holds the lock of a file, as soon as it can be had. Closing it gives the lock back."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def lock_if_free(path: Path) -> int | None:
    """The same at once; None where somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _free(folder: Path, number: int) -> int | None:
    for i in range(number):
        if (held := lock_if_free(folder / f"slot{i}.lock")) is not None:
            return held
    return None
