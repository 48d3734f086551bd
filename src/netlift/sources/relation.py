"""What a source hands over: named columns, rows in batches with their line numbers, rows it could not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from netlift.settings import Settings

LINE = "__line"  # the batch's column of line numbers


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read into columns."""

    line: int
    column: str  # "" where no single column is to blame
    reason: str
    text: str  # the row as it stands in the source


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows. `rows` has the columns asked for, in that order, and LINE (int64: where the row starts in its file)."""

    file: int  # index into Relation.files
    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    share: float  # 0..1 of the source read so far


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source reads: the settings (folder, connections) and the landing area for what it fetches."""

    settings: Settings
    landing: Path


@dataclass(frozen=True, slots=True)
class Relation:
    """A source opened and its header read; `batches` reads the rows, once."""

    named: str  # what the user named: a path, never a secret
    files: tuple[str, ...]  # names without folders
    columns: Mapping[str, Any]  # the source's column names, in order → Arrow type
    sha256: str  # of the bytes of the file; of the files' own, joined, where there are several
    batches: Callable[[Sequence[str]], Iterator[Batch]]
    whole_rows: bool  # read all columns although some are not needed, so that quarantine shows the whole row
    notes: list[str]  # remarks for the findings; complete when all batches are read
    delimiter: str = ","  # how quarantine writes a row
    one: Callable[[Sequence[str], int], Iterator[Batch]] | None = None  # the rows of one file, where each can be read alone
    digests: tuple[str, ...] = ()  # then: the SHA-256 of each file
