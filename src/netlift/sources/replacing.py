"""Corrections: of rows with the same key the one that came in last stands; only parts that lose rows are written anew.

Rows came in in the order of the files and, within a file, of the lines. A last row that `where` leaves out (an order that was cancelled)
takes the place of earlier ones too. Within one part `parts` sees to it; here are the rows of different parts. Which parts were compared
already is kept, so new parts cost a look at the keys of the others, not their rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netlift.engine import Engine, quoted
from netlift.sources import file_summary
from netlift.sources.area import Area, Facts
from netlift.sources.file_summary import FileSummary, Piece

DONE = "compared.json"  # in the area: keys of the parts that were compared, in their order
_HITS, _LOSERS = "__hits", "__losers"


def place(prefix: str) -> str:
    """A file among the files of a table: its digest, and which of the files with these bytes it is."""
    return prefix.split("/", 1)[1]


def gone(key: str) -> str:
    """Where the keys of a part are that no row of it or before it may have."""
    return f"{key.removesuffix('.parquet')}-gone.parquet"


def replaced(
    engine: Engine, area: Area, key: Sequence[str], prefixes: Sequence[str], summaries: tuple[FileSummary, ...]
) -> tuple[FileSummary, ...]:
    """The summaries after rows with the key of a later row have left their parts; `prefixes` are the files' places in the area."""
    pieces = [(number, piece) for number, summary in enumerate(summaries) for piece in summary.pieces if piece.rows or piece.gone]
    new = _not_compared(area, [piece.key for _, piece in pieces])
    if not new or len(pieces) == 1:
        _remember(area, [piece.key for _, piece in pieces])
        return summaries
    losing = _losers(engine, area, key, [piece for _, piece in pieces], new)
    found = list(summaries)
    for at, (rows, by) in losing.items():
        number, piece = pieces[at]
        lighter = _without(engine, area, piece, place=at, rows=rows, key=key)
        winners = {place(prefixes[pieces[w][0]]) for w in by} - {place(prefixes[number])}
        found[number] = replace(
            found[number],
            pieces=tuple(lighter if p.key == piece.key else p for p in found[number].pieces),
            replaced_by=tuple(sorted({*found[number].replaced_by, *winners})),
        )
        file_summary.keep(area, prefixes[number], found[number])
    _remember(area, [piece.key for summary in found for piece in summary.pieces if piece.rows or piece.gone])
    return tuple(found)


def _not_compared(area: Area, keys: list[str]) -> set[int]:
    """Places of the parts that are new; of all where the others stand in another order than before."""
    entry = area.get(DONE)
    before = json.loads(area.path(entry).read_text(encoding="utf-8")) if entry else []
    places = {key: place for place, key in enumerate(before)}
    known = [places[key] for key in keys if key in places]
    if known != sorted(known):
        return set(range(len(keys)))
    return {place for place, key in enumerate(keys) if key not in places}


def _remember(area: Area, keys: list[str]) -> None:
    def write(path: Path) -> Facts:
        path.write_text(json.dumps(keys), encoding="utf-8")
        return Facts()

    area.add(DONE, write, suffix=".json")


def _losers(engine: Engine, area: Area, key: Sequence[str], pieces: Sequence[Piece], new: set[int]) -> dict[int, tuple[int, set[int]]]:
    """Place of each part that loses rows: how many, and the places of the parts that replace them. The rows' keys are in `_LOSERS`."""
    names = ", ".join(map(quoted, key))
    present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in key)

    def rows(places: Sequence[int]) -> str:
        of = [
            f"SELECT {names}, {at} AS place, {gone} AS gone FROM read_parquet('{_text(area, key)}') WHERE {present}"
            for at in places
            for key, gone in ((pieces[at].key, "FALSE"), (pieces[at].gone, "TRUE"))
            if key
        ]
        return " UNION ALL ".join(of)

    engine.keep("__new_keys", f"SELECT DISTINCT {names} FROM ({rows(sorted(new))})")
    engine.keep(_HITS, f"SELECT * FROM ({rows(range(len(pieces)))}) AS r SEMI JOIN __new_keys USING ({names})")
    engine.keep(_LOSERS, f"SELECT *, max(place) OVER (PARTITION BY {names}) AS winner FROM {_HITS} QUALIFY place < winner AND NOT gone")
    found = engine.rows(f"SELECT place, CAST(count(*) AS BIGINT), list(DISTINCT winner) FROM {_LOSERS} GROUP BY place ORDER BY place")
    return {place: (count, set(winners)) for place, count, winners in found}


def _without(engine: Engine, area: Area, piece: Piece, *, place: int, rows: int, key: Sequence[str]) -> Piece:
    """The part written anew without its losers, under a new key, so that the old one stays good until the summary changes."""
    names = ", ".join(map(quoted, key))
    source = f"SELECT * FROM read_parquet('{_text(area, piece.key)}') AS r"
    sql = f"{source} ANTI JOIN (SELECT {names} FROM {_LOSERS} WHERE place = {place}) AS l USING ({names}) ORDER BY bucket"

    def write(path: Path) -> Facts:
        engine.write_parquet(sql, path)
        return Facts()

    stem = piece.key.removesuffix(".parquet")
    renewed = f"{stem}-{hashlib.sha256(f'{piece.key} {piece.replaced + rows}'.encode()).hexdigest()[:8]}.parquet"
    entry = area.add(renewed, write, suffix=".parquet")
    first, last = engine.rows(
        f"SELECT min(local_timestamp), max(local_timestamp) FROM read_parquet('{str(area.path(entry)).replace(chr(39), 2 * chr(39))}')"
    )[0]
    return replace(piece, key=renewed, rows=piece.rows - rows, first=first, last=last, replaced=piece.replaced + rows)


def _text(area: Area, key: str) -> str:
    entry = area.get(key)
    if entry is None:
        raise AssertionError(f"a summary names the part {key}, which is not in the area")
    return str(area.path(entry)).replace("'", "''")
