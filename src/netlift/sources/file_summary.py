"""What one file of a table in parts gave: its counts, its parts and what was refused, as JSON in the area."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from netlift.sources.area import Area, Facts
from netlift.sources.health import Figures
from netlift.sources.refusals import Seen
from netlift.sources.traps import Trap, Traps

SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """One part as its summary knows it."""

    key: str  # in the area
    rows: int
    first: datetime | None  # of local_timestamp
    last: datetime | None
    replaced: int = 0  # rows that a later row with the same key took the place of
    gone: str = ""  # in the area: the keys whose last row here is left out by `where`; "" = none


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What one file gave."""

    rows_in: int
    left_out: int
    pieces: tuple[Piece, ...]
    kinds: dict[str, str]  # of every column read or derived, as decided on the table's first piece
    figures: Figures
    reasons: tuple[tuple[str, str, Seen], ...]  # column, reason, what the refused rows hold
    mixed: tuple[str, ...]  # remarks about columns of mixed kinds
    notes: tuple[str, ...]  # of the source
    traps: Traps = ()
    replaced_by: tuple[str, ...] = ()  # places (replacing.place) of files whose rows took the place of some of these
    private: tuple[str, ...] = ()  # columns of card or national id numbers that were withheld from the first row on


def keep(area: Area, prefix: str, summary: FileSummary) -> None:
    """Land the summary of a file."""
    text = json.dumps(asdict(summary), default=str)
    area.add(f"{prefix}/{SUMMARY}", lambda path: _write_text(text, path), suffix=".json")


def _write_text(text: str, path: Path) -> Facts:
    path.write_text(text, encoding="utf-8")
    return Facts()


def read_kept(area: Area, prefix: str) -> FileSummary | None:
    """The summary of a file; None where there is none, whatever parts there are."""
    entry = area.get(f"{prefix}/{SUMMARY}")
    if entry is None:
        return None
    read: dict[str, Any] = json.loads(area.path(entry).read_text(encoding="utf-8"))
    figures = {**read["figures"], "spreadsheet": {n: tuple(odd) for n, odd in read["figures"]["spreadsheet"].items()}}
    return FileSummary(
        rows_in=read["rows_in"],
        left_out=read["left_out"],
        pieces=tuple(Piece(**_moments(piece)) for piece in read["pieces"]),
        kinds=read["kinds"],
        figures=Figures(**_moments(figures)),
        reasons=tuple(
            (column, reason, Seen(seen["value"], None if seen["forms"] is None else tuple(seen["forms"])))
            for column, reason, seen in read["reasons"]
        ),
        mixed=tuple(read["mixed"]),
        notes=tuple(read["notes"]),
        traps=tuple(Trap(**trap) for trap in read["traps"]),
        replaced_by=tuple(read["replaced_by"]),
        private=tuple(read["private"]),
    )


def _moments(read: dict[str, Any]) -> dict[str, Any]:
    return {**read, **{name: read[name] and datetime.fromisoformat(read[name]) for name in ("first", "last")}}
