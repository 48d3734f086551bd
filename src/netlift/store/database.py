"""Which database holds the store: SQLite in the data directory, or the PostgreSQL that NETLIFT_DATABASE_URL names."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.db import connection, transaction
from django.utils import timezone

from netlift.errors import MissingExtra, SettingsError
from netlift.settings import environment

DATABASE = "netlift.sqlite3"
OPTIONS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "connect_timeout"})  # of libpq, that a URL may set
MIGRATING, RECORDING, REGISTERING, CLAIMING = (
    0x6E65746C01,
    0x6E65746C02,
    0x6E65746C03,
    0x6E65746C04,
)  # advisory locks: "netl" and what they guard
QUEUE = "senders.lock"  # beside the SQLite file
PAUSE, PATIENCE = 0.0003, 5.0  # seconds
EXAMPLE = "postgresql://netlift@db.example.com:5432/netlift"


def configured(folder: Path) -> dict[str, Any]:
    """Django's settings of the database that the environment asks for.

    Raises:
        SettingsError: NETLIFT_DATABASE_URL or the password file is wrong; the message never holds a password.
        MissingExtra: psycopg is not installed.
    """
    url = environment().database_url
    return postgresql(url.get_secret_value()) if url and url.get_secret_value() else sqlite(folder)


def sqlite(folder: Path) -> dict[str, Any]:
    """The file in a data directory."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / DATABASE),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # check and act under one lock: two votes or two claims never interleave
            "timeout": 20,
            # FULL: a claim lost with the power would be sent twice.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    """The database of a URL; what it leaves out, libpq takes from PGPASSWORD, the passfile and their like."""
    if importlib.util.find_spec("psycopg") is None:
        raise MissingExtra("postgres", "The store on PostgreSQL")
    import psycopg  # noqa: PLC0415 -- an extra

    try:
        parts = urlsplit(url)
        port, options = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise SettingsError(f"NETLIFT_DATABASE_URL cannot be read; write it like {EXAMPLE}.") from error
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise SettingsError(f"NETLIFT_DATABASE_URL is not the address of a PostgreSQL database; write it like {EXAMPLE}.")
    strangers = sorted(set(options) - OPTIONS)
    if strangers:
        raise SettingsError(f"NETLIFT_DATABASE_URL sets '{strangers[0]}'; it may set {', '.join(sorted(OPTIONS))}.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": _password() or unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": "netlift",
            "connect_timeout": 10,
            "isolation_level": psycopg.IsolationLevel.READ_COMMITTED,  # rows are locked where it matters, see runs.locked
            "options": "-c lock_timeout=60s",
            **options,
        },
    }


def named() -> str:
    """The open database for error messages: a file, or database and server; never a password."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"'{settings['NAME']}'"
    return f"'{settings['NAME']}' at {settings['HOST'] or 'the local socket'}{':' if settings['PORT'] else ''}{settings['PORT']}"


def take_turns(lock: int) -> None:
    """Until this transaction ends, nobody else passes here with the same lock. SQLite's transactions take turns anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


def now() -> datetime:
    """The time by the clock that all who share the database share."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """A short transaction of whoever sends. Several on one SQLite file wait for each other here, each the shortest time.

    SQLite itself waits 1, 2, 5, 10, … 100 ms between two tries; two senders, whose transactions last 1 ms, would mostly sleep.
    """
    with contextlib.ExitStack() as held:
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            held.enter_context(_queue(Path(connection.settings_dict["NAME"]).with_name(QUEUE)))
        with transaction.atomic(savepoint=False):
            yield


@contextlib.contextmanager
def _queue(path: Path) -> Iterator[None]:
    """Hold the lock of a file; who waits too long goes on without, and SQLite's own lock decides."""
    number, until = os.open(path, os.O_RDWR | os.O_CREAT, 0o600), time.monotonic() + PATIENCE
    try:
        while time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(PAUSE)
        yield
    finally:
        os.close(number)


def _password() -> str:
    path = environment().database_password_file
    if path is None:
        return ""
    try:
        return path.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"The file '{path}', named by NETLIFT_DATABASE_PASSWORD_FILE, cannot be read ({why}); correct it.") from error
