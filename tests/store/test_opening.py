from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from netlift.errors import InputError
from netlift.store import open_store, people, runs, store_folder

OPEN = """
from netlift.store import open_store, people, runs
open_store()
print(runs.create(name="x", author=people.acting(None)))
"""


def test_makes_a_private_folder_with_private_files(tmp_path: Path) -> None:
    """The data directory is for its owner alone, and so are database and keys."""
    folder = tmp_path / "deep" / "netlift"
    open_store(folder)
    assert store_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {name: (folder / name).stat().st_mode & 0o777 for name in ("netlift.sqlite3", "console.key")} == {
        "netlift.sqlite3": 0o600,
        "console.key": 0o600,
    }


def test_opening_again_is_fast_and_keeps_everything(tmp_path: Path) -> None:
    """A store that is up to date is opened in a blink, with what was in it."""
    open_store(tmp_path / "a")
    run_id = runs.create(name="x", author=people.acting(None))
    began = time.perf_counter()
    open_store(tmp_path / "a")
    assert time.perf_counter() - began < 0.1
    assert runs.get(run_id).name == "x"


def test_two_folders_are_two_stores(tmp_path: Path) -> None:
    """What is in one store is not in the other."""
    open_store(tmp_path / "a")
    runs.create(name="in a", author=people.acting(None))
    open_store(tmp_path / "b")
    assert runs.create(name="in b", author=people.acting(None)) == "1"
    open_store(tmp_path / "a")
    assert runs.get("1").name == "in a"


def test_default_folder_is_the_data_directory(tmp_path: Path) -> None:
    """Without a folder the store is where NETLIFT_DATA_DIR says."""
    open_store()
    assert store_folder() == tmp_path / "netlift"


def test_two_processes_may_start_at_once(tmp_path: Path) -> None:
    """Of two processes that make the same store, neither fails, and each gets its own run."""
    processes = [subprocess.Popen([sys.executable, "-c", OPEN], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert sorted(answers) == ["1", "2"]


def test_settings_of_the_database(tmp_path: Path) -> None:
    """The database keeps a write-ahead log and loses nothing with the power."""
    open_store(tmp_path)
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file in the way is a clear error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file' cannot be used"):
        open_store(tmp_path / "file")


def test_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """A database with unknown migrations is left alone."""
    open_store(tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '0099_later', '2030-01-01')")
        cursor.execute("PRAGMA user_version = 1")
    with pytest.raises(InputError, match="0099_later"):
        open_store(tmp_path)


def test_models_and_migrations_agree(tmp_path: Path) -> None:
    """No change of the models lacks its migration."""
    from django.core.management import call_command

    open_store(tmp_path)
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("module", ["netlift.store.runs", "netlift.workflow.decide", "netlift.workflow.launch", "netlift.workflow.show"])
def test_any_module_may_be_imported_first(module: str) -> None:
    """Whoever asks for a module of store or workflow need not know of Django."""
    subprocess.run([sys.executable, "-W", "error", "-c", f"import {module}"], check=True)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    """A file that is no database gets one sentence, and nothing is written over it."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "netlift.sqlite3").write_bytes(b"this is no database, but somebody may want it back" * 100)
    with pytest.raises(InputError, match="cannot be opened"):
        open_store(folder)
    assert (folder / "netlift.sqlite3").read_bytes().startswith(b"this is no database")


def test_opening_again_gives_no_lock_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written after it reaches other processes, also when one of them came and went in between (howtocorrupt.html, 2.2)."""
    monkeypatch.setenv("NETLIFT_DATA_DIR", str(tmp_path / "a"))
    open_store()
    runs.create(name="x", author=people.acting(None))
    open_store()
    told = [subprocess.run([sys.executable, "-c", OPEN], check=True, capture_output=True, text=True).stdout.strip()]
    runs.create(name="y", author=people.acting(None))
    told.append(subprocess.run([sys.executable, "-c", OPEN], check=True, capture_output=True, text=True).stdout.strip())
    assert told == ["2", "4"]
