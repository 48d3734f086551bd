"""The landing area keeps what is named in its manifest, and nothing else, whatever happens."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlift.errors import Busy, SourceError
from netlift.settings import parse
from netlift.sources.area import LOCK, MANIFEST, Area, Facts, Write, opened
from netlift.sources.relation import Place


def holding(text: str, **facts: Any) -> Write:
    """A writer of this text."""

    def write(path: Path) -> Facts:
        path.write_text(text)
        return Facts(**facts)

    return write


def here(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def place_at(folder: Path) -> Place:
    project = {"name": "Shop", "currency": "EUR"}
    return Place(parse({"project": project, "tables": {"customers": {"path": "c.csv"}}}, folder=folder, sha256=""), folder)


def test_a_landed_file_is_known_when_opened_again(tmp_path: Path) -> None:
    """What was added is found by the next process, with its size, checksum and facts."""
    landed = Area(tmp_path).add("in/a.csv", holding("x\n1\n", rows=1, etag="e", last_modified="2026-01-01", watermark="5"), suffix=".csv")
    assert landed.size == 4
    assert landed.sha256 == hashlib.sha256(b"x\n1\n").hexdigest()
    assert (landed.rows, landed.etag, landed.last_modified, landed.watermark) == (1, "e", "2026-01-01", "5")
    again = Area(tmp_path)
    assert again.entries() == (landed,)
    assert [p.read_text() for p in again.paths()] == ["x\n1\n"]


def test_a_key_landed_again_is_replaced(tmp_path: Path) -> None:
    """The newest content of a key counts, and the older file is gone."""
    area = Area(tmp_path)
    first = area.add("a.csv", holding("1"), suffix=".csv")
    second = area.add("a.csv", holding("2"), suffix=".csv")
    assert first.file != second.file
    assert area.entries() == (second,)
    assert here(tmp_path) == {MANIFEST, second.file}


def test_a_failed_write_leaves_no_trace(tmp_path: Path) -> None:
    """When fetching fails halfway, the last good state stays."""
    area = Area(tmp_path)
    kept = area.add("a.csv", holding("1"), suffix=".csv")

    def broken(path: Path) -> None:
        path.write_text("half")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        area.add("a.csv", broken, suffix=".csv")
    assert here(tmp_path) == {MANIFEST, kept.file}
    assert Area(tmp_path).entries() == (kept,)


@pytest.mark.parametrize("step", range(9))
def test_a_crash_at_any_step_leaves_a_good_state(tmp_path: Path, step: int) -> None:
    """Wherever a process dies among the 8 calls to the file system, old or new content is there, whole."""
    Area(tmp_path).add("a.csv", holding("old"), suffix=".csv")
    child = multiprocessing.get_context("fork").Process(target=_add_and_die, args=(tmp_path, step))
    child.start()
    child.join()
    assert child.exitcode == (9 if step < 8 else 0)
    area = Area(tmp_path)
    (path,) = area.paths()
    assert path.read_text() == ("new" if step > 5 else "old")
    assert here(tmp_path) == {MANIFEST, path.name}


def _add_and_die(folder: Path, step: int) -> None:
    """Replace a.csv, and die as a power cut does at the file system call number `step`."""
    area, calls = Area(folder), 0

    def dying(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            if calls == step:
                os._exit(9)
            calls += 1
            return real(*args, **kwargs)

        return call

    os.fsync = dying(os.fsync)
    Path.replace = dying(Path.replace)  # type: ignore[method-assign]
    Path.unlink = dying(Path.unlink)  # type: ignore[method-assign]
    area.add("a.csv", holding("new"), suffix=".csv")
    os._exit(0)


def test_nobody_else_may_look(tmp_path: Path) -> None:
    """The folder is the owner's alone, as the files are people's data."""
    Area(tmp_path / "area")
    assert (tmp_path / "area").stat().st_mode & 0o777 == 0o700


def test_strangers_are_cleared_away(tmp_path: Path) -> None:
    """A file the manifest does not name does not exist."""
    kept = Area(tmp_path).add("a.csv", holding("1"), suffix=".csv")
    (tmp_path / "b.csv").write_text("left by a crash")
    (tmp_path / ".partial-9-9.csv").write_text("left by a crash")
    assert Area(tmp_path).entries() == (kept,)
    assert here(tmp_path) == {MANIFEST, kept.file}


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """A landed file that was cut is told, not read."""
    landed = Area(tmp_path).add("a.csv", holding("123"), suffix=".csv")
    (tmp_path / landed.file).write_text("12")
    with pytest.raises(SourceError, match=r"was removed or changed; delete the folder '.*' to fetch everything again\."):
        Area(tmp_path)


def test_a_damaged_manifest_is_refused(tmp_path: Path) -> None:
    """A manifest that is no JSON is told."""
    Area(tmp_path).add("a.csv", holding("1"), suffix=".csv")
    (tmp_path / MANIFEST).write_text('{"key": "a"')
    with pytest.raises(SourceError, match=r"is damaged .*; delete the folder"):
        Area(tmp_path)


def test_the_last_watermark_counts(tmp_path: Path) -> None:
    """The watermark is that of the file that landed last with one, not the greatest text."""
    area = Area(tmp_path)
    assert area.watermark() is None
    area.add("1", holding("1", watermark="9"), suffix=".csv")
    area.add("2", holding("2", watermark="10"), suffix=".csv")
    area.add("3", holding("3"), suffix=".csv")
    assert Area(tmp_path).watermark() == "10"


def test_files_are_dropped_by_key(tmp_path: Path) -> None:
    """Only the keys to keep stay, on disk too."""
    area = Area(tmp_path)
    a, b = (area.add(key, holding(key), suffix=".csv") for key in "ab")
    assert area.keep({"b", "c"}) == (a,)
    assert Area(tmp_path).entries() == (b,)
    assert here(tmp_path) == {MANIFEST, b.file}


def test_threads_add_at_once(tmp_path: Path) -> None:
    """Every one of 40 files added by 8 threads is in the manifest."""
    area = Area(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: area.add(f"{i}.csv", holding(str(i)), suffix=".csv"), range(40)))
    assert {(e.key, p.read_text()) for e, p in zip(area.entries(), Area(tmp_path).paths(), strict=True)} == {
        (f"{i}.csv", str(i)) for i in range(40)
    }


@given(st.text(min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    """Whatever the key, the file is a plain name in the folder and ends as asked."""
    folder = tmp_path / "area"
    landed = Area(folder).add(key, holding("1"), suffix=".csv.gz")
    assert Path(landed.file).name == landed.file
    assert (folder / landed.file).is_file()
    assert landed.file.endswith(".csv.gz")
    assert not landed.file.startswith(".")
    assert here(tmp_path) - {"netlift"} == {"area"}


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "a/../../b.csv", "..", "/", "a\\..\\b.csv", "a\nb.csv", "x" * 2000, "é😀.csv", "\0.csv"]
)
def test_hostile_keys_stay_inside(tmp_path: Path, key: str) -> None:
    """Keys with .., slashes, line ends, NUL and endless names land inside the folder."""
    landed = Area(tmp_path).add(key, holding("1"), suffix=".csv")
    assert here(tmp_path) == {MANIFEST, landed.file}
    assert len(landed.file) < 120


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """While one fetches a table, another is told to wait; other sources of the same table are apart."""
    place = place_at(tmp_path)
    with opened(place, "customers", source="s3://a") as area:
        area.add("k", holding("1"), suffix=".csv")
        with pytest.raises(Busy, match="fetches the table customers just now"), opened(place, "customers", source="s3://a"):
            pass
        with opened(place, "customers", source="s3://b") as other:
            assert other.entries() == ()
    with opened(place, "customers", source="s3://a") as area:
        assert [e.key for e in area.entries()] == ["k"]
        assert here(area.folder) == {MANIFEST, LOCK, area.entries()[0].file}
