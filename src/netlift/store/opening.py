"""Opening the store: the data directory, its keys, its database, and the database's migrations."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import Error, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from netlift.errors import Busy, InputError
from netlift.settings import data_dir
from netlift.store import database, outages, signing
from netlift.store.secret_files import secret

PLACE = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")  # what tells one database from another


def store_folder() -> Path:
    """The data directory of the store that is open (or would be opened by default)."""
    folder: Path = django_settings.DATA_FOLDER
    return folder


def open_store(folder: Path | None = None) -> None:
    """Open the store of a data directory; make and migrate its database where needed. Opening it again costs next to nothing.

    Args:
        folder: the data directory; default: NETLIFT_DATA_DIR, else the user's data folder. It holds keys and files of runs
            also when NETLIFT_DATABASE_URL names a PostgreSQL database.

    Raises:
        InputError: the directory or the database cannot be used, or a newer netlift has changed the database.
        MissingExtra: PostgreSQL is asked for and psycopg is not installed.
    """
    folder = (folder or data_dir()).expanduser().absolute()
    wanted = connections.configure_settings({"default": database.configured(folder)})["default"]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if "sqlite" in wanted["ENGINE"]:
            _own_file(folder / database.DATABASE)
    except OSError as error:
        raise InputError(
            f"The data directory '{folder}' cannot be used ({error.strerror}); set NETLIFT_DATA_DIR to another one."
        ) from error
    _use(wanted)
    django_settings.DATA_FOLDER = folder
    _sign_with_own_key(folder)
    try:
        if _version() != _expected_version():
            _migrate(folder)
    except Error as error:
        connections.close_all()
        raise outages.told(error) or InputError(
            f"The store {database.named()} cannot be opened ({error}); free some space, restore it, or move it away."
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
    except Error as error:
        raise Busy(
            f"The database is in use ({error}), so that what was deleted is still in its file; erase again when it is not."
        ) from error
    if blocked:
        raise Busy("Another process reads the database, so that what was deleted is still in its log; erase again when it has ended.")


def _own_file(path: Path) -> None:
    """Make the file readable by its owner only, before the database fills it.

    One that is there is never opened: to close it again would drop the locks that this process holds on it (POSIX), and another
    process could take the log away under it (sqlite.org/howtocorrupt.html, 2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _use(wanted: dict[str, object]) -> None:
    """Point Django at a database; its object of another kind of database is let go."""
    current = connections.settings["default"]
    if all(current[key] == wanted[key] for key in PLACE):
        return
    connections.close_all()
    another_kind = current["ENGINE"] != wanted["ENGINE"]
    current.clear()
    current.update(wanted)
    if another_kind:
        with contextlib.suppress(AttributeError):  # this thread has none yet
            del connections["default"]


def _sign_with_own_key(folder: Path) -> None:
    signing.make_key(folder)
    django_settings.SECRET_KEY = secret(folder / "console.key", secrets.token_urlsafe(48).encode()).decode()


def _version() -> int:
    """What `_keep_version` wrote; 0 in an empty database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            return int(cursor.execute("PRAGMA user_version").fetchone()[0])
        cursor.execute("SELECT to_regclass('netlift_store')")
        if cursor.fetchone() == (None,):
            return 0
        cursor.execute("SELECT coalesce(max(version), 0) FROM netlift_store")
        return int(cursor.fetchone()[0])


def _keep_version(version: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA user_version = {version}")
            return
        cursor.execute("CREATE TABLE IF NOT EXISTS netlift_store (version bigint NOT NULL)")
        cursor.execute("DELETE FROM netlift_store")
        cursor.execute("INSERT INTO netlift_store VALUES (%s)", [version])


def _expected_version() -> int:
    """A number that changes with the migrations of netlift and of Django, so that a look at it tells whether to migrate."""
    names = sorted(path.name for path in (Path(__file__).parent / "migrations").glob("0*.py"))
    return zlib.crc32(" ".join([django.get_version(), *names]).encode()) & 0x7FFFFFFF


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two processes that start at once, on one machine or on several: the second finds the work done."""
    if connection.vendor == "sqlite":
        with (folder / "migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [database.MIGRATING])
    yield
    with connection.cursor() as cursor:  # after an error the connection is closed, and the lock goes with it
        cursor.execute("SELECT pg_advisory_unlock(%s)", [database.MIGRATING])


def _migrate(folder: Path) -> None:
    with _one_at_a_time(folder):
        if _version() == _expected_version():
            return
        loader = MigrationExecutor(connection).loader
        unknown = sorted(name for app, name in set(loader.applied_migrations) - set(loader.graph.nodes) if app == "store")
        if unknown:
            connection.close()
            raise InputError(f"The store {database.named()} was made by a newer netlift (it has '{unknown[-1]}'); install that version.")
        call_command("migrate", verbosity=0, interactive=False)
        _keep_version(_expected_version())
