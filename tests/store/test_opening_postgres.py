from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

from netlift.errors import InputError
from netlift.store import open_store, people, runs, store_folder
from tests.servers import free_port
from tests.store.servers import StoreServer
from tests.store.test_opening import OPEN


@pytest.fixture
def url(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with nothing in it."""
    server = store_server.server
    server.run("CREATE DATABASE empty")
    monkeypatch.setenv("NETLIFT_DATABASE_URL", store_server.url("empty"))
    yield store_server.url("empty")
    connections.close_all()
    server.run("DROP DATABASE empty WITH (FORCE)")


def refusal(monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    """What opening this database says; the password is nowhere in it."""
    monkeypatch.setenv("NETLIFT_DATABASE_URL", url)
    with pytest.raises(InputError) as caught:
        open_store()
    assert "password@" not in str(caught.value)
    assert "the-owner's" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_empty_database_is_filled_and_opened_again_fast(url: str, tmp_path: Path) -> None:
    """Tables, keys in the data directory, no SQLite file; a second opening finds all done and costs next to nothing."""
    open_store()
    run_id = runs.create(name="x", author=people.acting(None))
    began = time.perf_counter()
    open_store()
    assert time.perf_counter() - began < 0.1
    assert (runs.get(run_id).name, store_folder()) == ("x", tmp_path / "netlift")
    assert sorted(path.name for path in store_folder().iterdir()) == ["audit.key", "audit.pub", "console.key"]


def test_two_processes_may_start_at_once(url: str) -> None:
    """Of two processes that fill the same database, neither fails, and each gets its own run."""
    processes = [subprocess.Popen([sys.executable, "-c", OPEN], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert sorted(answers) == ["1", "2"]


def test_back_and_forth_between_the_databases(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process can open a store in PostgreSQL, one in SQLite, and the first again."""
    open_store()
    runs.create(name="in PostgreSQL", author=people.acting(None))
    monkeypatch.delenv("NETLIFT_DATABASE_URL")
    open_store(tmp_path / "other")
    assert connection.vendor == "sqlite"
    assert runs.create(name="in SQLite", author=people.acting(None)) == "1"
    monkeypatch.setenv("NETLIFT_DATABASE_URL", url)
    open_store()
    assert runs.get("1").name == "in PostgreSQL"


def test_store_of_a_newer_version_is_refused(url: str) -> None:
    """A database with unknown migrations is left alone."""
    open_store()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '0099_later', '2030-01-01')")
        cursor.execute("UPDATE netlift_store SET version = 1")
    with pytest.raises(InputError, match=r"made by a newer netlift \(it has '0099_later'\)"):
        open_store()


def test_sessions_are_read_committed(url: str) -> None:
    """Whatever the server's default, so that what row locks guard is what is read."""
    open_store()
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)


def test_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: where it was looked for, and what to see to."""
    port = free_port()
    said = refusal(monkeypatch, f"postgresql://netlift:password@127.0.0.1:{port}/netlift")
    assert said.startswith(f"The PostgreSQL database 'netlift' at 127.0.0.1:{port} does not answer (")
    assert "see that the server runs" in said


def test_no_such_database(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that makes it."""
    said = refusal(monkeypatch, store_server.url("nowhere"))
    assert said.endswith("is not there; make it first: createdb -O owner nowhere.")


def test_wrong_password(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a password can be given."""
    said = refusal(monkeypatch, f"postgresql://owner:password@127.0.0.1:{store_server.server.port}/postgres")
    assert "does not take the password of the user 'owner'; give the right one in PGPASSWORD, a passfile or" in said


def test_no_password(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither in the address, nor in the environment, nor in a passfile."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    said = refusal(monkeypatch, f"postgresql://owner@127.0.0.1:{store_server.server.port}/postgres")
    assert "asks for the password of the user 'owner'" in said


def test_password_of_the_environment_and_of_a_file(store_server: StoreServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both ways open the store, with nothing secret in the address."""
    server = store_server.server
    with store_server.database() as full:
        plain = f"postgresql://owner@127.0.0.1:{server.port}/{full.rpartition('/')[2]}"
        monkeypatch.setenv("NETLIFT_DATABASE_URL", plain)
        monkeypatch.setenv("PGPASSWORD", server.password)
        open_store()
        connections.close_all()
        monkeypatch.delenv("PGPASSWORD")
        (tmp_path / "password").write_text(server.password + "\n")
        monkeypatch.setenv("NETLIFT_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
        open_store()
        assert people.known() == []


def test_a_user_without_the_right(store_server: StoreServer, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may sign in and not make tables is told whose database it must be."""
    store_server.server.run("CREATE ROLE guest LOGIN PASSWORD 'password'")
    try:
        said = refusal(monkeypatch, f"postgresql://guest:password@127.0.0.1:{store_server.server.port}/empty")
        assert "lacks a right (permission denied for schema public); make that user the owner of the database" in said
    finally:
        connections.close_all()
        store_server.server.run("DROP ROLE guest")


def test_the_command_line_says_it_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and a sentence, no traceback and no password."""
    environment = {**os.environ, "NETLIFT_DATABASE_URL": f"postgresql://netlift:the-password@127.0.0.1:{free_port()}/netlift"}
    done = subprocess.run(
        [sys.executable, "-m", "netlift.cli", "review", "list"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "does not answer" in done.stderr
    assert "the-password" not in done.stderr


def test_the_password_is_never_logged(store_server: StoreServer, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not even when everything is logged."""
    caplog.set_level(logging.DEBUG)
    open_store()
    people.acting(None)
    assert store_server.server.password not in caplog.text
