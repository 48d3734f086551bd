"""Source kind `s3`: CSV, CSV.GZ or Parquet objects of an S3-compatible store that together are one table.

The table is what the bucket holds now under the path: new and changed objects are fetched, and an object that left the
bucket leaves the table too. Where nothing at all is left under the path, that is an error, and what was fetched stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from netlift.errors import SettingsError, SourceError
from netlift.settings import S3Connection, TableSettings
from netlift.sources import files
from netlift.sources.area import Area, Facts, opened
from netlift.sources.relation import Place, Relation
from netlift.sources.s3_listing import Found, address, described, listed, suffix
from netlift.sources.s3_store import Bucket, open_store, passing

if TYPE_CHECKING:
    from obstore import GetOptions

THREADS = 4
ROUNDS = 3  # of listing and fetching, before an object that is replaced each time is refused
TRIES = 5  # in a row that bring less than ENOUGH
ENOUGH = 1 << 20  # bytes
PAUSE = 0.2  # seconds before the second try, doubled each time
CHUNK = 1 << 18


class _Replaced(Exception):
    """The object is no longer the one that was listed."""


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Fetch what is new into the landing area, and open all of it; `name` is the table's.

    Raises:
        SettingsError: path or connection is missing or cannot be.
        MissingExtra: obstore is not installed.
        SourceError: the store says no, cannot be reached, has nothing there, or changes while it is read.
        Busy: another process fetches the same.
    """
    bucket_name, path = address(table.path, name)
    connection = _connection(table, name, place)
    store = open_store(connection, bucket_name, name=table.connection or "", folder=place.settings.folder)
    bucket = Bucket(store, bucket_name, connection.endpoint)
    with opened(place, name, source=f"s3 {connection.endpoint} {table.path}") as area:
        found = _fetch(_Fetch(bucket, area, table.format.kind, Event()), path)
        left = area.keep({f.key for f in found})
        entries = [area.get(f.key) for f in found]
    landed = [entry for entry in entries if entry is not None]
    relation = files.open_files([area.path(e) for e in landed], table, name=name, named=table.path or "")
    if left:
        objects = "1 object is" if len(left) == 1 else f"{len(left):,} objects are"
        relation.notes.append(f"{objects} no longer in '{table.path}', and so no longer in the table.")
    return replace(relation, files=_names([e.key for e in landed]))


def _connection(table: TableSettings, name: str, place: Place) -> S3Connection:
    there = place.settings.connections
    if not table.connection:
        raise SettingsError(f'netlift.toml: tables.{name}.connection is missing; name a [connections.…] section of kind "s3".')
    found = there.get(table.connection)
    if found is None:
        raise SettingsError(f"tables.{name}.connection is '{table.connection}', and the connections are: {', '.join(there) or 'none'}.")
    if not isinstance(found, S3Connection):
        raise SettingsError(f"tables.{name}.connection is '{table.connection}', which is of kind '{found.kind}'; source 's3' needs \"s3\".")
    return found


@dataclass(frozen=True, slots=True)
class _Fetch:
    """What the threads of one fetch share."""

    bucket: Bucket
    area: Area
    kind: str | None  # of files whose names do not say it
    stop: Event  # set when one of them fails


def _fetch(fetch: _Fetch, path: str) -> list[Found]:
    """Land what is new until a listing brings nothing new; returns the objects, in the order of their keys.

    Objects that arrive meanwhile wait for the next run, so that a bucket that is written to all the time can be read.
    """
    found = listed(fetch.bucket, path)
    keys = {f.key for f in found}
    for key in keys:
        suffix(key, fetch.kind)  # refused before anything is fetched
    rounds = 0
    while new := [f for f in found if not f.landed_as(fetch.area.get(f.key))]:
        if rounds == ROUNDS:
            place = fetch.bucket.place(new[0].key)
            raise SourceError(f"'{place}' changes again and again while it is read; run again when it is complete.")
        _land_all(fetch, new)
        found = [f for f in listed(fetch.bucket, path) if f.key in keys]
        rounds += 1
    return found


def _land_all(fetch: _Fetch, new: Sequence[Found]) -> None:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="netlift-s3") as pool:
        waiting = [pool.submit(_land, fetch, found) for found in new]
        try:
            for one in as_completed(waiting):
                one.result()
        except BaseException:
            fetch.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _land(fetch: _Fetch, found: Found) -> None:
    try:
        fetch.area.add(found.key, lambda path: _download(fetch, found, path), suffix=suffix(found.key, fetch.kind))
    except _Replaced:
        return  # the next listing shows what it is now


def _download(fetch: _Fetch, found: Found, path: Path) -> Facts:
    """Write one object to `path`; where the connection is cut, go on from there."""
    failures = 0
    with path.open("wb") as file:
        while True:
            start = file.tell()
            try:
                _copy(fetch, found, file)
                break
            except SourceError as error:
                if not passing(error.__cause__):
                    raise
                failures = 1 if file.tell() - start >= ENOUGH else failures + 1
                if failures == TRIES:
                    raise SourceError(_cut(fetch.bucket.place(found.key), file.tell(), found.size)) from error
            fetch.stop.wait(PAUSE * 2 ** (failures - 1))
        if file.tell() != found.size:
            raise _Replaced
    return Facts(rows=_rows(path), etag=found.etag, last_modified=found.last_modified)


def _copy(fetch: _Fetch, found: Found, file: BinaryIO) -> None:
    """Append the rest of the object to the file.

    Raises:
        _Replaced: it is another object by now.
        SourceError: the store says no, or the connection is cut.
    """
    import obstore  # noqa: PLC0415 - optional
    from obstore.exceptions import PreconditionError  # noqa: PLC0415 - optional

    options: GetOptions = {"range": {"offset": file.tell()}} if file.tell() else {}
    if found.etag:
        options["if_match"] = found.etag
    with fetch.bucket.asked(found.key):
        try:
            result = obstore.get(fetch.bucket.store, found.key, options=options)
        except (PreconditionError, FileNotFoundError) as error:
            raise _Replaced from error
        now = described(result.meta)
        # A listing tells milliseconds and an answer seconds.
        if (now.size, now.etag, now.last_modified[:19]) != (found.size, found.etag, found.last_modified[:19]):
            raise _Replaced
        for chunk in result.stream(min_chunk_size=CHUNK):
            if fetch.stop.is_set():
                raise CancelledError
            file.write(chunk)


def _cut(place: str, got: int, size: int) -> str:
    return (
        f"'{place}' cannot be fetched: the connection was cut {TRIES} times in a row, the last time after {got:,} of {size:,} bytes; "
        "run again, and only what is missing is fetched."
    )


def _rows(path: Path) -> int | None:
    if path.suffix != ".parquet":
        return None
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return None  # whoever reads it says what is wrong with it


def _names(keys: Sequence[str]) -> tuple[str, ...]:
    """The objects' names without folders, and with them where two have the same name."""
    names = tuple(key.rsplit("/", 1)[-1] for key in keys)
    return names if len(set(names)) == len(names) else tuple(keys)
