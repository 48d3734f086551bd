"""What is done of a batch already, in a folder of its own: whoever goes on after a crash does no step twice.

people.json   the claim and the numbers of its deliveries, before they are committed
steps.json    list, upload, import, reconciled, ordering, mailing: each saved as soon as it is done; no personal data
lock          held by the process at work; a dead process holds nothing
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from netlift.campaigns.channels.acoustic.slots import lock_if_free
from netlift.errors import Busy


class Steps:
    """The steps of one batch; its lock is held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: dict[str, Any] = _read(folder / "steps.json")

    def save(self, **facts: object) -> None:
        """Add facts and have them on the disk; None takes one away."""
        self.done = {name: value for name, value in {**self.done, **facts}.items() if value is not None}
        _write(self.folder / "steps.json", self.done)

    def save_people(self, token: str, deliveries: Sequence[int]) -> None:
        """Who is about to be committed, under which claim."""
        _write(self.folder / "people.json", {"token": token, "deliveries": list(deliveries)})

    def people(self) -> tuple[str, tuple[int, ...]]:
        """Claim and numbers of the deliveries; "" before they were saved."""
        kept = _read(self.folder / "people.json")
        return str(kept.get("token", "")), tuple(kept.get("deliveries", ()))


@contextlib.contextmanager
def begun(home: Path, key: str) -> Iterator[Steps]:
    """The steps of a batch, for this process alone.

    Raises:
        Busy: another process is at work on it.
    """
    folder = home / "batches" / key
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = lock_if_free(folder / "lock")
    if held is None:
        raise Busy(f"Another process hands over the batch {key} to Acoustic Campaign; wait for it, or try again later.")
    try:
        yield Steps(folder)
    finally:
        os.close(held)


def kept(home: Path) -> Iterator[Steps]:
    """The steps of every batch that no process is at work on, the lock held while each is looked at."""
    for folder in sorted((home / "batches").glob("*")):
        with contextlib.suppress(Busy), begun(home, folder.name) as steps:
            yield steps


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
