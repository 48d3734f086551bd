"""Big tables part by part: each file is checked once, in pieces that fit memory, and kept as typed Parquet until it changes.

A piece is about `PIECE` rows or `PIECE_SIZE` bytes, or fewer; a part is the Parquet file of one piece, sorted by customer bucket. What a
file gave is sealed by its summary, which lands last: pieces without one do not exist. A file is read again when its bytes, or anything
that decides how its rows are typed (the recipe), have changed. So new files cost what they hold, and a crash leaves the last good state.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from netlift.engine import Engine, quoted
from netlift.errors import SourceError
from netlift.records import Part, Progress, silent
from netlift.settings import TableSettings
from netlift.sources import file_summary, health, private_numbers, quarantine, refusals, replacing, traps
from netlift.sources.area import Area, Facts, Landed
from netlift.sources.derived import CHECKED, Checked, check_rows
from netlift.sources.file_summary import FileSummary, Piece
from netlift.sources.health import Figures
from netlift.sources.kinds import decide
from netlift.sources.landing import RAW
from netlift.sources.mapping import Column, Mapping
from netlift.sources.refusals import Reasons
from netlift.sources.relation import LINE, Batch, Relation
from netlift.sources.values import Reader

VERSION = 2  # of the typing: raised when the same bytes would become other rows
BUCKETS = 64
PIECE = 1_000_000  # rows checked at once
GROUP = 16_384  # rows of a Parquet row group: about one of the 64 buckets of a full piece, so that a few buckets can be read alone
PIECE_SIZE = 1 << 27  # bytes checked at once
_REJECTED = "quarantine.parquet"


@dataclass(frozen=True, slots=True)
class Ingested:
    """A table in parts, with what is known of it."""

    parts: tuple[Part, ...]
    summaries: tuple[FileSummary, ...]
    checked: Checked

    @property
    def rows_in(self) -> int:
        """Rows of the files, readable or not."""
        return sum(s.rows_in for s in self.summaries)

    @property
    def left_out(self) -> int:
        """Rows left out by `where` or replaced by later ones."""
        return sum(s.left_out for s in self.summaries) + self.replaced

    @property
    def replaced(self) -> int:
        """Rows replaced by later ones with the same key."""
        return sum(piece.replaced for s in self.summaries for piece in s.pieces)

    @property
    def rows_ok(self) -> int:
        """Rows of the parts."""
        return sum(part.rows for part in self.parts)

    @property
    def figures(self) -> Figures:
        """Of all parts."""
        total = self.summaries[0].figures
        for summary in self.summaries[1:]:
            total += summary.figures
        return total

    @property
    def traps(self) -> traps.Traps:
        """Of all parts."""
        met: traps.Traps = ()
        for summary in self.summaries:
            met = traps.joined(met, summary.traps)
        return met

    @property
    def reasons(self) -> Reasons:
        """What the first file with refused rows shows of each reason."""
        return {(column, reason): seen for s in reversed(self.summaries) for column, reason, seen in s.reasons}


@dataclass(slots=True)
class _Work:
    """What the pieces of one table share."""

    engine: Engine
    area: Area
    relation: Relation
    mapping: Mapping
    table: TableSettings
    reader: Reader
    recipe: str
    columns: tuple[Column, ...] | None = None  # with their kinds, once the first piece is read
    checked: Checked | None = None
    private: set[str] = field(default_factory=set)  # the source's columns that hold card or national id numbers


def recipe(mapping: Mapping, table: TableSettings, reader: Reader, relation: Relation) -> str:
    """Names everything but the bytes that decides what rows become."""
    named = [
        VERSION,
        BUCKETS,
        mapping.table,
        [(c.name, c.source, c.native, c.kind) for c in mapping.columns],
        mapping.derive,
        mapping.where,
    ]
    style = [
        table.format.model_dump(mode="json"),
        table.returns,
        table.key,
        reader.zone,
        reader.project_zone,
        [str(t) for t in relation.columns.values()],
    ]
    return hashlib.sha256(json.dumps([named, style], sort_keys=True).encode()).hexdigest()[:16]


def ingest(
    engine: Engine, area: Area, relation: Relation, *, mapping: Mapping, table: TableSettings, reader: Reader, progress: Progress
) -> Ingested:
    """Bring the parts up to date with the files; refused rows of all files are in quarantine.

    Raises:
        SourceError: a file cannot be read, or the table is refused as a whole; then the parts are as they were.
    """
    work = _Work(engine, area, relation, mapping, table, reader, recipe(mapping, table, reader, relation))
    summaries = _summaries(work, progress)
    checked = _as_checked(work, summaries)
    _check_whole(work, Ingested(_parts(area, summaries), summaries, checked))
    if table.key:
        summaries = replacing.replaced(engine, area, table.key, [_prefix(work, n) for n in range(len(summaries))], summaries)
    area.keep(_in_use(work, summaries))
    return Ingested(_parts(area, summaries), summaries, checked)


def _summaries(work: _Work, progress: Progress) -> tuple[FileSummary, ...]:
    found: list[FileSummary] = []
    count = len(work.relation.files)
    places = {replacing.place(_prefix(work, number)): number for number in range(count)}
    for number in range(count):
        prefix = _prefix(work, number)
        kept = file_summary.read_kept(work.area, prefix)
        if kept is not None and any(places.get(winner, -1) < number for winner in kept.replaced_by):
            kept = None  # the rows that took the place of some of these are gone, or stand before them now: they count again
        if kept is None:

            def show(share: float, doing: str, number: int = number) -> None:
                progress((number + share) / count, doing)

            kept = _ingest_file(work, number, progress=show)
        elif kept.pieces:
            work.columns = _same_kinds(work, _with_kinds(work.mapping, kept.kinds))
            work.private |= set(kept.private)
        _restore_rejected(work, prefix, number)
        found.append(kept)
    for number, summary in enumerate(found):
        if set(summary.private) < work.private:  # read before a later row told that a column holds such numbers
            quarantine.forget(work.engine, work.mapping.table, work.relation.files[number])
            found[number] = _ingest_file(work, number, progress=silent)
            _restore_rejected(work, _prefix(work, number), number)
    return tuple(found)


def _in_use(work: _Work, summaries: tuple[FileSummary, ...]) -> set[str]:
    keys = {replacing.DONE}
    for number, summary in enumerate(summaries):
        prefix = _prefix(work, number)
        keys |= {
            f"{prefix}/{file_summary.SUMMARY}",
            f"{prefix}/{_REJECTED}",
            *(key for piece in summary.pieces for key in (piece.key, piece.gone) if key),
        }
    return keys


def _prefix(work: _Work, number: int) -> str:
    """Where a file's parts are: by its bytes, so that a renamed file is the same; the n-th copy of a file has its own."""
    digest = work.relation.digests[number]
    return f"{work.recipe}/{digest}/{work.relation.digests[:number].count(digest)}"


# --- one file ----------------------------------------------------------------------------------------------------


def _ingest_file(work: _Work, number: int, *, progress: Progress) -> FileSummary:
    prefix, told = _prefix(work, number), len(work.relation.notes)
    private = tuple(sorted(work.private))
    summary: FileSummary | None = None
    rows_in = 0
    for count, batches in enumerate(_pieces(work, number)):
        rows_in += sum(b.rows.num_rows + len(b.rejects) for b in batches)
        made = _ingest_piece(work, batches, key=f"{prefix}/{count:06d}.parquet")
        if summary is None:
            private = tuple(sorted(work.private))
        summary = made if summary is None else _joined(summary, made)
        progress(batches[-1].share, f"reading {work.mapping.table}: {rows_in:,} rows")
    if summary is None:
        return _seal(work, prefix, replace(_nothing(work), private=private))
    summary = replace(summary, notes=tuple(work.relation.notes[told:]), private=private)
    del work.relation.notes[told:]
    return _seal(work, prefix, summary)


def _pieces(work: _Work, number: int) -> Iterator[list[Batch]]:
    """The batches of a file, about `PIECE` rows or `PIECE_SIZE` bytes together."""
    assert work.relation.one is not None  # noqa: S101 - who calls has asked
    waiting: list[Batch] = []
    for batch in work.relation.one(work.mapping.landed, number):
        waiting.append(batch)
        if sum(b.rows.num_rows for b in waiting) >= PIECE or sum(b.rows.nbytes for b in waiting) >= PIECE_SIZE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _ingest_piece(work: _Work, batches: list[Batch], *, key: str) -> FileSummary:
    engine, mapping = work.engine, work.mapping
    file = work.relation.files[batches[0].file]
    rows = pa.Table.from_batches([b.rows for b in batches])
    raw = [mapping.raw(name) if name != LINE else LINE for name in rows.schema.names]
    rows = rows.rename_columns(raw).append_column("__file", pa.array([batches[0].file] * rows.num_rows, pa.int64()))
    rejects = [reject for b in batches for reject in b.rejects]
    if rejects:
        quarantine.add_rejects(engine, rejects, table=mapping.table, file=file)
    engine.register(RAW, rows)
    work.private |= private_numbers.holding(engine, mapping, work.table, work.relation) - work.private
    if work.private:
        for name in (mapping.raw(source) for source in work.private):
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, rows.schema.field(place), pa.nulls(rows.num_rows, rows.schema.field(place).type))
        engine.register(RAW, rows)
        quarantine.withhold(engine, mapping.table)
    try:
        columns, mixed = decide(engine, mapping, work.reader)
        work.columns = _same_kinds(work, columns)
        checked = check_rows(engine, mapping, work.columns, work.reader)
        work.checked = checked
        reasons = refusals.seen(engine, mapping, checked)
        refusals.to_quarantine(engine, mapping, work.relation, checked)
        refusals.returned_goods(engine, mapping, work.table, checked=checked)
        met = traps.found(engine, mapping, checked)
    finally:
        engine.unregister(RAW)
    left_out = engine.rows(f"SELECT count(*) FILTER (WHERE __problem IS NULL AND NOT __kept) FROM {CHECKED}")[0][0]
    figures = health.figures(engine, f"({_typed(work, checked)})", table=mapping.table, checked=checked, reader=work.reader)
    good = engine.rows(f"SELECT count(*) FROM {CHECKED} WHERE {refusals.GOOD}")[0][0]
    work.area.add(key, lambda path: _write(work, checked, path), suffix=".parquet")
    gone = replacing.gone(key) if _write_gone(work, replacing.gone(key)) else ""
    piece = Piece(key, figures.rows, figures.first, figures.last, good - figures.rows, gone)
    engine.execute(f"DROP TABLE {CHECKED}")
    kinds = {**{c.name: c.kind or "text" for c in work.columns}, **{n: str(k) for n, k in checked.kinds.items()}}
    told = tuple((column, reason, seen) for (column, reason), seen in reasons.items())
    return FileSummary(rows.num_rows + len(rejects), left_out, (piece,), kinds, figures, told, tuple(mixed), (), met)


def _typed(work: _Work, checked: Checked) -> str:
    """The good rows of CHECKED with the canonical columns and local_timestamp."""
    names = [quoted(name) for name in checked.kinds]
    rows = f"({_newest(work)})" if work.table.key else CHECKED
    return f"SELECT {', '.join(names)}, {work.reader.local('timestamp')} AS local_timestamp FROM {rows} AS r WHERE {refusals.GOOD}"


def _newest(work: _Work) -> str:
    """The last readable row of CHECKED with each key, whether `where` keeps it or not, and all rows without a whole key."""
    keys = ", ".join(map(quoted, work.table.key))
    lacking = " OR ".join(f"{quoted(name)} IS NULL" for name in work.table.key)
    newest = f"row_number() OVER (PARTITION BY {keys} ORDER BY __line DESC) = 1"
    return f"SELECT * FROM {CHECKED} WHERE __problem IS NULL QUALIFY {lacking} OR {newest}"


def _write_gone(work: _Work, key: str) -> bool:
    """Keep the keys whose last row `where` leaves out, so that no earlier row with them counts; whether there are any."""
    if not work.table.key or not work.mapping.where:
        return False
    whole = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in work.table.key)
    sql = f"SELECT {', '.join(map(quoted, work.table.key))} FROM ({_newest(work)}) AS r WHERE NOT __kept AND {whole}"
    if not work.engine.rows(f"SELECT 1 FROM ({sql}) AS g LIMIT 1"):
        return False

    def write(path: Path) -> Facts:
        work.engine.write_parquet(sql, path)
        return Facts()

    work.area.add(key, write, suffix=".parquet")
    return True


def _write(work: _Work, checked: Checked, path: Path) -> Facts:
    sql = f"SELECT *, bucket_of(customer_id, {BUCKETS}) AS bucket FROM ({_typed(work, checked)}) ORDER BY bucket"
    work.engine.write_parquet(sql, path, group=GROUP)
    return Facts()


def _joined(one: FileSummary, two: FileSummary) -> FileSummary:
    known = {(column, reason) for column, reason, _ in one.reasons}
    return replace(
        one,
        rows_in=one.rows_in + two.rows_in,
        left_out=one.left_out + two.left_out,
        pieces=(*one.pieces, *two.pieces),
        figures=one.figures + two.figures,
        reasons=(*one.reasons, *(r for r in two.reasons if r[:2] not in known)),
        mixed=tuple(dict.fromkeys((*one.mixed, *two.mixed))),
        traps=traps.joined(one.traps, two.traps),
    )


def _nothing(work: _Work) -> FileSummary:
    """Of a file with a header and no rows."""
    empty = Figures(0, None, None, {}, {}, {}, 0, 0, 0.0, 0, 0)
    return FileSummary(0, 0, (), {c.name: c.kind or "text" for c in work.columns or work.mapping.columns}, empty, (), (), ())


def _same_kinds(work: _Work, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The kinds decided on the table's first rows hold for all of it: an expression must not change its meaning half-way."""
    if work.columns is None:
        return columns
    for before, now in zip(work.columns, columns, strict=True):
        if before.kind != now.kind:
            first, later = _KINDS[before.kind or "text"], _KINDS[now.kind or "text"]
            raise SourceError(
                f"tables.{work.mapping.table}: '{now.source}' holds {first} at first and {later} later; say which it is: "
                f'types = {{ {now.name} = "text" }}.'
            )
    return work.columns


_KINDS = {"id": "texts", "text": "texts", "number": "numbers", "instant": "moments", "day": "days"}


def _with_kinds(mapping: Mapping, kinds: dict[str, str]) -> tuple[Column, ...]:
    return tuple(replace(c, kind=kinds[c.name]) for c in mapping.columns)  # type: ignore[arg-type]  # a Kind was written


# --- summaries and refused rows on disk --------------------------------------------------------------------------


def _seal(work: _Work, prefix: str, summary: FileSummary) -> FileSummary:
    """Keep the refused rows of a file, then the summary that makes its parts count."""
    number = next(n for n in range(len(work.relation.files)) if _prefix(work, n) == prefix)
    file = work.relation.files[number]
    rejected = work.engine.arrow(
        "SELECT line, column_name, reason, row_text FROM quarantine WHERE table_name = ? AND file_name = ? ORDER BY line",
        (work.mapping.table, file),
    )
    quarantine.forget(work.engine, work.mapping.table, file)
    work.area.add(f"{prefix}/{_REJECTED}", lambda path: _write_arrow(rejected, path), suffix=".parquet")
    file_summary.keep(work.area, prefix, summary)
    return summary


def _write_arrow(table: pa.Table, path: Path) -> Facts:
    pq.write_table(table, path)
    return Facts(rows=table.num_rows)


def _restore_rejected(work: _Work, prefix: str, number: int) -> None:
    entry = work.area.get(f"{prefix}/{_REJECTED}")
    if entry is None or not entry.rows:
        return
    work.engine.execute(
        "INSERT INTO quarantine SELECT ?, line, column_name, reason, row_text, ? FROM read_parquet(?)",
        (work.mapping.table, work.relation.files[number], str(work.area.path(entry))),
    )


# --- the whole table ---------------------------------------------------------------------------------------------


def _parts(area: Area, summaries: tuple[FileSummary, ...]) -> tuple[Part, ...]:
    """The parts in the order of the files, without empty ones."""
    return tuple(_part(area, piece) for s in summaries for piece in s.pieces if piece.rows)


def _part(area: Area, piece: Piece) -> Part:
    entry = _entry(area, piece.key)
    if not _is_parquet(area.path(entry)):
        raise SourceError(
            f"The kept part '{piece.key}' of a table is damaged in '{area.folder}'; delete that folder to read everything again."
        )
    name = hashlib.sha256(f"{piece.key} {entry.sha256}".encode()).hexdigest()  # two files with the same bytes are two parts
    return Part(name, area.path(entry), piece.rows, piece.first, piece.last)


def _is_parquet(path: Path) -> bool:
    """Whether a file begins and ends as Parquet does (the format's specification, "File format")."""
    with path.open("rb") as file:
        begins = file.read(4)
        file.seek(-4, os.SEEK_END)
        return begins == file.read(4) == b"PAR1"


def _entry(area: Area, key: str) -> Landed:
    entry = area.get(key)
    if entry is None:
        raise SourceError(f"The kept part '{key}' of a table is missing in '{area.folder}'; delete that folder to read everything again.")
    return entry


def _as_checked(work: _Work, summaries: tuple[FileSummary, ...]) -> Checked:
    """The kinds of the table's columns; from a kept summary where no file had to be read."""
    if work.checked is not None:
        return work.checked
    stays = [c.name for c in work.mapping.columns if c.stays]
    derived = [n for n in work.mapping.derive if n in summaries[0].kinds]
    kinds = {name: summaries[0].kinds[name] for name in (*stays, *derived)}
    return Checked(kinds, ())  # type: ignore[arg-type]  # Kinds were written


def _check_whole(work: _Work, made: Ingested) -> None:
    name = work.mapping.table
    if made.rows_in == 0:
        raise SourceError(f"tables.{name}: '{work.relation.named}' has a header and no rows; give a file with rows, or take the table out.")
    refusals.over_threshold(quarantine.commonest(work.engine, name), work.mapping, work.table, known=made.reasons, rows_in=made.rows_in)
    refusals.nothing_left(work.mapping, rows_in=made.rows_in, rows_ok=made.rows_ok, rows_left_out=made.left_out)
