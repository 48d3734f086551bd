"""The landing area: a folder of fetched files that never change, and a manifest that says which of them exist.

A file is written under a temporary name, brought to disk, renamed, and only then named in the manifest, which is itself
replaced by rename. So a crash at any point leaves the last good state, and a file the manifest does not name does not exist.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, get_ident

from netlift.errors import Busy, SourceError
from netlift.sources.relation import Place

MANIFEST = "manifest.jsonl"
LOCK, READING = ".lock", ".reading"
PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a file once it is written; None where the source does not say."""

    rows: int | None = None
    etag: str | None = None
    last_modified: str | None = None  # ISO 8601, UTC
    watermark: str | None = None  # the highest value fetched so far of the column that grows with every change


@dataclass(frozen=True, slots=True)
class Landed:
    """A line of the manifest."""

    key: str  # what the source calls it
    file: str  # its name in the folder
    size: int  # bytes
    sha256: str
    fetched_at: str  # ISO 8601, UTC
    rows: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    watermark: str | None = None


Write = Callable[[Path], Facts | None]


class Area:
    """The landed files of one table. Threads may add at the same time; of processes only one may (see `opened`)."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made where it is missing, and clear away what a crash left.

        Raises:
            SourceError: somebody changed the files or the manifest.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # people's data
        self.folder = folder
        self._lock = Lock()
        self._entries = {e.key: e for e in _read(folder)}
        self._lines = {key: _line(e) for key, e in self._entries.items()}  # of the manifest; making them all each time is slow
        self._clear()

    def entries(self) -> tuple[Landed, ...]:
        """Every landed file, in the order of landing."""
        return tuple(self._entries.values())

    def get(self, key: str) -> Landed | None:
        """The file landed under this key."""
        return self._entries.get(key)

    def path(self, entry: Landed) -> Path:
        """Where a landed file is."""
        return self.folder / entry.file

    def paths(self) -> tuple[Path, ...]:
        """Every landed file, in the order of landing."""
        return tuple(self.path(entry) for entry in self.entries())

    def watermark(self) -> str | None:
        """The watermark of the file that landed last with one."""
        return next((e.watermark for e in reversed(self.entries()) if e.watermark is not None), None)

    def add(self, key: str, write: Write, *, suffix: str) -> Landed:
        """Land what `write` writes to the path it is handed, instead of what was there under this key.

        `suffix` ends the file's name, and so says what the file is: .parquet, .csv.gz, …
        """
        partial = self.folder / f"{PARTIAL}{os.getpid()}-{get_ident()}{suffix}"
        try:
            facts = write(partial) or Facts()
            size, sha256 = _settle(partial)
            name = _name(key, sha256, suffix)
            entry = Landed(key=key, file=name, size=size, sha256=sha256, fetched_at=datetime.now(UTC).isoformat(), **asdict(facts))
            partial.replace(self.folder / name)
        finally:
            partial.unlink(missing_ok=True)
        with self._lock:
            self._publish({k: e for k, e in self._entries.items() if k != key} | {key: entry})
        return entry

    def keep(self, keys: Collection[str]) -> tuple[Landed, ...]:
        """Drop every file with another key; returns what was dropped."""
        dropped = tuple(e for e in self.entries() if e.key not in keys)
        if dropped:
            with self._lock:
                self._publish({k: e for k, e in self._entries.items() if k in keys})
        return dropped

    def _publish(self, entries: dict[str, Landed]) -> None:
        """Replace the manifest, then remove the files it no longer names."""
        lines = {key: self._lines[key] if self._entries.get(key) is e else _line(e) for key, e in entries.items()}
        _sync(self.folder)
        partial = self.folder / f"{PARTIAL}manifest"
        partial.write_text("".join(lines.values()), encoding="utf-8")
        _sync(partial)
        partial.replace(self.folder / MANIFEST)
        _sync(self.folder)
        gone = {e.file for e in self._entries.values()} - {e.file for e in entries.values()}
        self._entries, self._lines = entries, lines
        if gone and not read_now(self.folder):
            for name in gone:
                (self.folder / name).unlink(missing_ok=True)

    def _clear(self) -> None:
        known = {MANIFEST, LOCK, READING} | {e.file for e in self.entries()}
        strangers = [path for path in self.folder.iterdir() if path.name not in known]
        if strangers and not read_now(self.folder):
            for path in strangers:
                path.unlink()


@contextmanager
def opened(place: Place, table: str, *, source: str) -> Iterator[Area]:
    """The landing area of one table of one source, held against other processes until the block ends.

    `source` tells apart what is fetched from different places into tables of the same name: address, bucket, query; no secret.

    Raises:
        Busy: another process fetches the same.
        SourceError: somebody changed the files or the manifest.
    """
    with held(place.landing / f"{table}-{hashlib.sha256(source.encode()).hexdigest()[:12]}", table) as area:
        yield area


@contextmanager
def held(folder: Path, table: str) -> Iterator[Area]:
    """The landing area in a folder; as `opened`, which names the folder by its source."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Another process of netlift fetches the table {table} just now; try again when it is done.") from None
        yield Area(folder)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep the landed files in place until the block ends, also those that leave the manifest meanwhile; any number may read."""
    with (folder / READING).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def read_now(folder: Path) -> bool:
    """Whether somebody reads the files; what they read is cleared away by whoever opens the area later."""
    if not (folder / READING).exists():
        return False
    with (folder / READING).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _read(folder: Path) -> list[Landed]:
    manifest = folder / MANIFEST
    if not manifest.exists():
        return []
    again = f"delete the folder '{folder}' to fetch everything again"
    try:
        entries = [Landed(**json.loads(line)) for line in manifest.read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise SourceError(f"The list of fetched files '{manifest}' is damaged ({error}); {again}.") from error
    for entry in entries:
        path = folder / entry.file
        if not path.is_file() or path.stat().st_size != entry.size:
            raise SourceError(f"The fetched file '{path}' was removed or changed; {again}.")
    return entries


def _line(entry: Landed) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _name(key: str, sha256: str, suffix: str) -> str:
    """A file name that no key can lead out of the folder, and no two keys or contents share."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", key.rsplit("/", 1)[-1].removesuffix(suffix)).strip("_-")[:60] or "file"
    return f"{stem}-{hashlib.sha256(f'{sha256} {key}'.encode()).hexdigest()[:16]}{suffix}"


def _settle(path: Path) -> tuple[int, str]:
    """Bring a file to disk; returns its size and SHA-256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
