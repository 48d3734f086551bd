"""Everything landed about one person: found for who asks (GDPR, Art. 15), and removed for who wants to be erased (Art. 17).

    landing/<table>-<source>/          files as they were fetched, with the source's own columns
    landing/typed/<table>-<source>/    parts of big tables, their refused rows and summaries
    landing/typed/visits-<source>/     made of the parts: made again
    landing/typed/rollups/<area>/      made of the parts: made again

Rows are known by the customer's id; in texts (refused rows, fetched CSV) the id counts where it stands alone, an address anywhere.
What is fetched whole each time is dropped as a file; where only changes are fetched, the rows are taken out of it.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from netlift.errors import Busy
from netlift.sources import area, file_summary
from netlift.sources.area import Area, Facts, Landed
from netlift.sources.canonical import CANONICAL

TYPED, ROLLUPS, VISITS = "typed", "rollups", "visits"
HIDDEN = "(erased)"
MADE = ("bucket", "local_timestamp")  # columns that say nothing of the person


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looked for. Never logged."""

    customer_id: str
    addresses: tuple[str, ...] = ()  # e-mail address, telephone number, and whatever else the vault has that is long enough to be sure

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds the person in a text."""
        alone = rf"(?<![\w@.-]){re.escape(self.customer_id)}(?![\w@-])"
        return re.compile("|".join([alone, *map(re.escape, self.addresses)]), re.IGNORECASE)

    def hidden(self, text: str) -> str:
        """The text without the person."""
        return self.pattern.sub(HIDDEN, text)

    def unquoted(self, text: str) -> str:
        """A text without the person's addresses, and without the id where findings quote it: alone it may be any other figure."""
        quoted = [re.escape(f"{mark}{self.customer_id}{mark}") for mark in ("'", "&#39;", "&#x27;")]
        return re.sub("|".join([*quoted, *map(re.escape, self.addresses)]), HIDDEN, text, flags=re.IGNORECASE)


def rows_of(landing: Path, person: Person, names: Mapping[str, Collection[str]]) -> dict[str, list[dict[str, Any]]]:
    """The landed rows of a person, by place; `names` are what sources call customer_id, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for folder, table in _areas(landing):
        for path in sorted(folder.glob("*.parquet")):
            column = _id_column(path, names.get(table, ()))
            rows = [] if column is None else _theirs(path, column, person)
            if rows:
                found.setdefault(f"landing/{folder.relative_to(landing)}", []).extend(rows)
    return found


def forget(landing: Path, person: Person, names: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Remove a person from everything landed; the answer is the number of rows or files by place. Done again, it finds nothing.

    Raises:
        Busy: another process reads or fetches the same.
    """
    done: dict[str, int] = {}
    for folder, table in _areas(landing):
        with area.held(folder, table) as landed:
            if area.read_now(folder):
                raise Busy(f"Another process of netlift reads the table {table} just now; try again when it is done.")
            if folder.parent.name != TYPED:
                count = _of_fetched(landed, person, names.get(table, ()))
            elif table == VISITS:
                count = _of_visits(landed, person)
            else:
                count = _of_parts(landed, person)
        if count:
            done[f"landing/{folder.relative_to(landing)}"] = count
    for folder in sorted((landing / TYPED / ROLLUPS).glob("*/")):
        if count := _of_rollups(folder, person):
            done[f"landing/{folder.relative_to(landing)}"] = count
    return done


def _areas(landing: Path) -> Iterator[tuple[Path, str]]:
    """Every landing area that may hold people, with its table."""
    for parent in (landing, landing / TYPED):
        for folder in sorted(parent.glob("*-*/")):
            table = folder.name.rpartition("-")[0]
            if table == VISITS or (table in CANONICAL and "customer_id" in CANONICAL[table].columns):
                yield folder, table


# --- fetched files -------------------------------------------------------------------------------------------------


def _of_fetched(landed: Area, person: Person, names: Collection[str]) -> int:
    grows = any(entry.watermark is not None for entry in landed.entries())
    holding = [entry for entry in landed.entries() if _holds(landed.path(entry), person, names)]
    columns = {entry.key: _id_column(landed.path(entry), names) for entry in holding}
    if not grows or None in columns.values():
        gone = {entry.key for entry in (landed.entries() if grows and holding else holding)}  # it is fetched again, as a whole
        return len(landed.keep({entry.key for entry in landed.entries()} - gone))
    return sum(_rewrite(landed, entry, str(columns[entry.key]), person) for entry in holding)


def _holds(path: Path, person: Person, names: Collection[str]) -> bool:
    pattern = person.pattern
    if path.suffix == ".parquet":
        column = _id_column(path, names)
        return bool(_theirs(path, column, person)) if column else any(pattern.search(text) for text in _texts(path))
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8", errors="replace")
    return pattern.search(text) is not None


def _texts(path: Path) -> Iterator[str]:
    """Every value of a Parquet file, as text."""
    for batch in pq.ParquetFile(path).iter_batches():
        for column in batch.columns:
            yield from (str(value) for value in column.to_pylist() if value is not None)


def _id_column(path: Path, names: Collection[str]) -> str | None:
    """The column of a Parquet file that holds customers' ids; None where that cannot be told."""
    if path.suffix != ".parquet":
        return None
    columns = pq.read_schema(path).names
    return next((name for name in ("customer_id", *names) if name in columns), None)


def _match(table: pa.Table, column: str, person: Person) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(pc.cast(table[column], pa.string()), person.customer_id), fill_value=False)


def _theirs(path: Path, column: str, person: Person) -> list[dict[str, Any]]:
    """The person's rows of a Parquet file; of each row group only ids are read where there are none."""
    file, rows = pq.ParquetFile(path), []
    for i in range(file.num_row_groups):
        where = _match(file.read_row_group(i, columns=[column]), column, person)
        if pc.any(where).as_py():
            rows += file.read_row_group(i).filter(where).to_pylist()
    return [{name: value for name, value in row.items() if name not in MADE} for row in rows]


def _rewrite(landed: Area, entry: Landed, column: str, person: Person, *, key: str | None = None) -> int:
    """Write a file anew without the person, under its key or a new one; the answer is the number of rows taken out."""
    source, out = pq.ParquetFile(landed.path(entry)), 0

    def write(path: Path) -> Facts:
        nonlocal out
        with pq.ParquetWriter(path, source.schema_arrow) as writer:
            for i in range(source.num_row_groups):
                group = source.read_row_group(i)
                kept = group.filter(pc.invert(_match(group, column, person)))
                out += group.num_rows - kept.num_rows
                writer.write_table(kept)
        rows = None if entry.rows is None else entry.rows - out
        return Facts(rows, entry.etag, entry.last_modified, entry.watermark)

    landed.add(key or entry.key, write, suffix=".parquet")
    return out


# --- parts ---------------------------------------------------------------------------------------------------------


def _of_parts(landed: Area, person: Person) -> int:
    """Take the person out of the parts: a lighter part under a new key, then the summary that names it, then the old one goes."""
    taken = 0
    stale: set[str] = set()
    for entry in landed.entries():
        prefix, _, name = entry.key.rpartition("/")
        if name == file_summary.SUMMARY:
            count, old = _of_file(landed, prefix, person)
            taken, stale = taken + count, stale | old
    for entry in landed.entries():
        if entry.key in stale or not entry.key.endswith(".parquet"):
            continue
        names = pq.read_schema(landed.path(entry)).names
        if "row_text" in names:
            taken += _of_rejected(landed, entry, person)
        elif "customer_id" in names and _theirs(landed.path(entry), "customer_id", person):
            taken += _rewrite(landed, entry, "customer_id", person)  # keys of rows that are gone
    landed.keep({entry.key for entry in landed.entries()} - stale)
    return taken


def _of_file(landed: Area, prefix: str, person: Person) -> tuple[int, set[str]]:
    """Of the parts of one file: how many rows were taken out, and the keys of parts that are no longer good."""
    summary = file_summary.read_kept(landed, prefix)
    if summary is None:
        return 0, set()
    pieces, taken = [], 0
    old: set[str] = set()
    for piece in summary.pieces:
        entry = landed.get(piece.key)
        if entry is None or not _theirs(landed.path(entry), "customer_id", person):
            pieces.append(piece)
            continue
        key = f"{piece.key.removesuffix('.parquet')}-{hashlib.sha256(f'{piece.key} {entry.sha256}'.encode()).hexdigest()[:8]}.parquet"
        count = _rewrite(landed, entry, "customer_id", person, key=key)
        pieces.append(replace(piece, key=key, rows=piece.rows - count))
        taken, old = taken + count, old | {piece.key}
    reasons = tuple((column, why, replace(seen, value=seen.value and person.hidden(seen.value))) for column, why, seen in summary.reasons)
    lighter = replace(summary, pieces=tuple(pieces), left_out=summary.left_out + taken, reasons=reasons)
    if lighter != summary:
        file_summary.keep(landed, prefix, lighter)
    return taken, old


def _of_rejected(landed: Area, entry: Landed, person: Person) -> int:
    """Refused rows stay, so that counts add up; what they say does not."""
    table = pq.read_table(landed.path(entry))
    texts = table["row_text"].to_pylist()
    pattern = person.pattern
    hidden = [HIDDEN if text and pattern.search(text) else text for text in texts]
    if hidden == texts:
        return 0
    place = table.schema.get_field_index("row_text")
    shown = table.set_column(place, table.schema.field(place), pa.array(hidden, pa.string()))

    def write(path: Path) -> Facts:
        pq.write_table(shown, path)
        return Facts(rows=entry.rows)

    landed.add(entry.key, write, suffix=".parquet")
    return sum(one is not two for one, two in zip(hidden, texts, strict=True))


# --- what is made of parts -----------------------------------------------------------------------------------------


def _of_visits(landed: Area, person: Person) -> int:
    files = [landed.path(entry) for entry in landed.entries() if entry.file.endswith(".parquet")]
    rows = sum(len(_theirs(path, "customer_id", person)) for path in files)
    if rows:
        landed.keep(())
    return rows


def _of_rollups(folder: Path, person: Person) -> int:
    """Remove the files that hold the person, and what a killed session left half-written.

    Raises:
        Busy: a session reads them.
    """
    holding = [path for path in folder.glob("*.parquet") if not path.name.startswith(".") and _theirs(path, "customer_id", person)]
    abandoned = [path for path in folder.glob(".*") if path.name != area.READING]
    if not holding and not abandoned:
        return 0
    with (folder / area.READING).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another process of netlift computes features just now; try again when it is done.") from None
        for path in (*holding, *abandoned):
            path.unlink()
    return len(holding)
