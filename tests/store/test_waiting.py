"""Requests kept as files while the database is away."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from netlift.store import store_folder, waiting
from tests.store import stores


@pytest.fixture(autouse=True)
def opened(tmp_path: Path) -> None:
    """A store."""
    stores.fresh(tmp_path / "netlift")


def test_what_is_kept_is_done_and_forgotten() -> None:
    """Each once, whatever it holds; nothing waits in a store that never kept anything."""
    done: list[Mapping[str, str | bool]] = []
    assert waiting.drain(done.append) == 0
    waiting.keep({"token": "ü\n", "everything": True})
    waiting.keep({"token": "b", "everything": False})
    assert waiting.drain(done.append) == 2
    assert sorted(done, key=lambda one: str(one["token"])) == [{"token": "b", "everything": False}, {"token": "ü\n", "everything": True}]
    assert waiting.drain(done.append) == 0


def test_what_cannot_be_done_yet_stays() -> None:
    """Where the act fails, it is there the next time."""

    def fails(_request: Mapping[str, str | bool]) -> None:
        raise OSError("still away")

    waiting.keep({"token": "a"})
    with pytest.raises(OSError, match="still away"):
        waiting.drain(fails)
    assert waiting.drain(lambda _request: None) == 1


def test_many_at_once_are_all_kept() -> None:
    """Files of others are neither taken nor half read; only their owner can read them."""
    threads = [threading.Thread(target=waiting.keep, args=({"token": str(i)},)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = list((store_folder() / waiting.FOLDER).iterdir())
    assert (len(files), {file.stat().st_mode & 0o777 for file in files}) == (20, {0o600})
    done: list[Mapping[str, str | bool]] = []
    waiting.drain(done.append)
    assert sorted(int(str(one["token"])) for one in done) == list(range(20))
