"""Heads of the audit trail noted outside of the database: heads.jsonl in the data directory and, where set, in a second folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from netlift.errors import InputError
from netlift.settings import environment
from netlift.store import signing
from netlift.store.opening import store_folder
from netlift.store.signing import SignedHead

NAME = "heads.jsonl"
EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of a file of heads; `head` is None where the line holds none."""

    where: str
    head: SignedHead | None


def files() -> list[Path]:
    """Where heads are noted: in the data directory, and in the folder of NETLIFT_AUDIT_HEADS."""
    elsewhere = environment().audit_heads
    return [store_folder() / "audit" / NAME, *([elsewhere.expanduser() / NAME] if elsewhere else [])]


def read(path: Path) -> Iterator[Noted]:
    """Every head in a file, a JSON object a line.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield Noted(f"{path}, line {number}", signing.parse(line))
    except OSError as error:
        raise InputError(f"The heads in '{path}' cannot be read ({error.strerror}); name a file made by: netlift audit head.") from error


def noted() -> Iterator[Noted]:
    """Every head in the files that are there."""
    for path in files():
        if path.exists():
            yield from read(path)


def is_due(path: Path, now: datetime) -> bool:
    """Whether the newest head of a file is older than an hour, or there is none."""
    try:
        return abs(now.timestamp() - path.stat().st_mtime) >= EVERY.total_seconds()  # abs: a clock that was wrong
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _cannot_write(path, error) from error


def append(path: Path, head: SignedHead) -> None:
    """Add a head, safe on the disk when this returns. A line that a crash left unfinished is cut off first.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(_end_of_last_line(file.read()))
            file.seek(0, os.SEEK_END)
            file.write(signing.line(head).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _cannot_write(path, error) from error


def _end_of_last_line(content: bytes) -> int:
    return content.rfind(b"\n") + 1


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"The head of the audit trail cannot be noted in '{path}' ({error.strerror}); see that the folder can be written.")
