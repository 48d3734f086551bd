"""Opening the store: the data directory, its keys, its database, and the database's migrations."""

from __future__ import annotations

import fcntl
import os
import secrets
import zlib
from pathlib import Path

import django
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from netlift.errors import Busy, InputError
from netlift.settings import data_dir
from netlift.store.django import DATABASE


def store_folder() -> Path:
    """The data directory of the store that is open (or would be opened by default)."""
    return Path(connections.settings["default"]["NAME"]).parent


def open_store(folder: Path | None = None) -> None:
    """Open the store in a data directory; make and migrate it where needed. Opening it again costs next to nothing.

    Args:
        folder: the data directory; default: NETLIFT_DATA_DIR, else the user's data folder.

    Raises:
        InputError: the directory cannot be made or written, or a newer netlift has changed the database.
    """
    folder = (folder or data_dir()).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _own_file(folder / DATABASE)
    except OSError as error:
        raise InputError(
            f"The data directory '{folder}' cannot be used ({error.strerror}); set NETLIFT_DATA_DIR to another one."
        ) from error
    if store_folder() != folder:
        connections.close_all()
        connections.settings["default"]["NAME"] = str(folder / DATABASE)
    _sign_with_own_key(folder)
    try:
        if _version() != _expected_version():
            _migrate(folder)
    except DatabaseError as error:
        connections.close_all()
        raise InputError(
            f"The store '{folder / DATABASE}' cannot be opened ({error}); free some space, restore it, or move it away."
        ) from error


def overwrite_free_space() -> None:
    """Leave nothing of deleted or changed rows in the database file and its log; call it outside of any transaction.

    Raises:
        Busy: another process uses the database; nothing is lost, try again.
    """
    if connection.vendor != "sqlite":
        return  # a server's free space is overwritten by its own vacuum
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            blocked = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except DatabaseError as error:
        raise Busy(
            f"The database is in use ({error}), so that what was deleted is still in its file; erase again when it is not."
        ) from error
    if blocked:
        raise Busy("Another process reads the database, so that what was deleted is still in its log; erase again when it has ended.")


def secret(path: Path, fresh: bytes) -> bytes:
    """The secret in a file; where there is none yet, `fresh` becomes it. Safe when two processes start at once."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename, it never replaces the key of whoever was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def replace_secret(path: Path, content: bytes) -> None:
    """Write a secret in place of the one in a file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _own_file(path: Path) -> None:
    """Make the file readable by its owner only, before the database fills it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _sign_with_own_key(folder: Path) -> None:
    django_settings.SECRET_KEY = secret(folder / "console.key", secrets.token_urlsafe(48).encode()).decode()


def _version() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA user_version").fetchone()[0])


def _expected_version() -> int:
    """A number that changes with the migrations of netlift and of Django, so that a look at it tells whether to migrate."""
    names = sorted(path.name for path in (Path(__file__).parent / "migrations").glob("0*.py"))
    return zlib.crc32(" ".join([django.get_version(), *names]).encode()) & 0x7FFFFFFF


def _migrate(folder: Path) -> None:
    with (folder / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes that start at once: the second finds the work done
        if _version() == _expected_version():
            return
        loader = MigrationExecutor(connection).loader
        unknown = sorted(name for app, name in set(loader.applied_migrations) - set(loader.graph.nodes) if app == "store")
        if unknown:
            raise InputError(f"The store in '{folder}' was made by a newer netlift (it has '{unknown[-1]}'); install that version.")
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA user_version = {_expected_version()}")
