"""Fresh stores for tests: the database is migrated once, then copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from django.db import connection

from netlift.store import open_store
from netlift.store.django import DATABASE


def fresh(folder: Path) -> None:
    """Open a new, empty store in a folder."""
    folder.mkdir(mode=0o700)
    (folder / DATABASE).write_bytes(_migrated())
    open_store(folder)


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_store(Path(folder))
        connection.close()  # the last connection writes the log into the file
        return (Path(folder) / DATABASE).read_bytes()
