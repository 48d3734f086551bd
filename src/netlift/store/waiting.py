"""Requests that nobody will repeat, kept as files while the database is away."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Mapping

from netlift.store.opening import store_folder

FOLDER = "waiting"


def keep(request: Mapping[str, str | bool]) -> None:
    """Write a request down, so that it outlives this process and a loss of power."""
    folder = store_folder() / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{uuid.uuid4().hex}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(request), file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / f"{draft.name[1:]}.json")


def drain(act: Callable[[Mapping[str, str | bool]], object]) -> int:
    """Do what waits, and forget each when it is done; how many. Two processes may do it at once: acts may be done twice."""
    done = 0
    for path in sorted((store_folder() / FOLDER).glob("*.json")):
        try:
            request = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        act(request)
        path.unlink(missing_ok=True)
        done += 1
    return done
