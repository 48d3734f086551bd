"""Fresh stores for tests: the database is migrated once, then copied."""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

from django.db import connection

from netlift.store import open_store
from netlift.store.database import DATABASE


def fresh(folder: Path) -> None:
    """Open a new, empty store in a folder."""
    folder.mkdir(mode=0o700)
    if "NETLIFT_DATABASE_URL" not in os.environ:  # there the test was given a database of its own
        (folder / DATABASE).write_bytes(_migrated())
    open_store(folder)


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_store(Path(folder))
        connection.close()  # the last connection writes the log into the file
        return (Path(folder) / DATABASE).read_bytes()


def drop_triggers() -> None:
    """Do what somebody does who owns the database and wants to change the audit trail."""
    table = "" if connection.vendor == "sqlite" else " ON store_auditevent"
    with connection.cursor() as cursor:
        for act in ("update", "delete", *(() if connection.vendor == "sqlite" else ("truncate",))):
            cursor.execute(f"DROP TRIGGER audit_never_{act}{table}")
