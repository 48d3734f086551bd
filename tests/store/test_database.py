from __future__ import annotations

import fcntl
import time
from pathlib import Path

import pytest
from django.db import connection

from netlift.errors import MissingExtra, SettingsError
from netlift.store import database
from tests.store import stores

URL = "postgresql://net%20lift:p%40ss@db.example.com:6543/sto%C3%A9?sslmode=verify-full&sslrootcert=/etc/ca.pem"


def test_every_part_of_the_address_is_read() -> None:
    """User, password, server, port, database and options of TLS, with what is written in per cent."""
    found = database.postgresql(URL)
    assert [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == ["net lift", "p@ss", "db.example.com", "6543", "stoé"]
    assert (found["OPTIONS"]["sslmode"], found["OPTIONS"]["sslrootcert"]) == ("verify-full", "/etc/ca.pem")


def test_what_is_left_out_is_left_to_libpq() -> None:
    """Without user, password and server, PGUSER, PGPASSWORD, the passfile and the local socket stand."""
    found = database.postgresql("postgres:///netlift")
    assert [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == ["", "", "", "", "netlift"]


def test_the_password_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line end is no part of the password."""
    (tmp_path / "password").write_text("from the file \n")
    monkeypatch.setenv("NETLIFT_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert database.postgresql(URL)["PASSWORD"] == "from the file "


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with its path."""
    monkeypatch.setenv("NETLIFT_DATABASE_PASSWORD_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="nowhere', named by NETLIFT_DATABASE_PASSWORD_FILE, cannot be read"):
        database.postgresql(URL)


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/d", "postgresql://u:secret@h", "postgresql://u:secret@h:port/d", "postgresql://u:secret@h/d?sslmode", "secret"],
)
def test_what_is_no_address_is_refused_without_its_password(url: str) -> None:
    """The message shows how to write it, and nothing of what was written."""
    with pytest.raises(SettingsError, match=r"postgresql://netlift@db\.example\.com:5432/netlift") as caught:
        database.postgresql(url)
    assert "secret" not in str(caught.value)


def test_unknown_options_are_refused() -> None:
    """An option that changes how netlift works is not taken from the address."""
    with pytest.raises(SettingsError, match="sets 'options'; it may set connect_timeout, passfile, sslcert"):
        database.postgresql("postgresql://h/d?options=-cfsync%3Doff")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the message says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match=r"netlift\[postgres\]"):
        database.postgresql(URL)


def test_an_empty_address_means_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the variable were not set."""
    monkeypatch.setenv("NETLIFT_DATABASE_URL", "")
    assert database.configured(tmp_path)["NAME"] == str(tmp_path / "netlift.sqlite3")


def test_senders_take_turns_and_never_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn inside a turn does not wait for itself; who stopped in the middle of his holds nobody up for longer than the patience."""
    stores.fresh(tmp_path / "netlift")
    queue = tmp_path / "netlift" / database.QUEUE
    with database.turn(), database.turn():
        assert connection.in_atomic_block
    assert queue.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with queue.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        with database.turn():
            assert 0.05 <= time.monotonic() - began < 1
    began = time.monotonic()
    with database.turn():
        assert time.monotonic() - began < 0.05
