"""What sources hand over: the checked tables and what was found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table that came in together, in a Parquet file that never changes: the canonical columns and `bucket`, sorted by it."""

    name: str  # changes with any row in it, so whatever was computed from a part may be kept under its name
    path: Path
    rows: int
    first: datetime | None  # of local_timestamp
    last: datetime | None


@dataclass(frozen=True, slots=True)
class HealthFigure:
    """One figure about the health of a table; `text` says it in words, and `remarkable` whether an analyst should look."""

    table: str
    kind: Literal["freshness", "volume", "missing", "drift", "coverage", "clock", "ids"]
    column: str  # "" where it is the table's
    value: float
    unit: str
    text: str
    remarkable: bool


@dataclass(frozen=True, slots=True)
class TableInput:
    """One canonical table as it was read. The rows themselves stay in the engine under `table`."""

    table: str
    source: str  # what the user named: a path, never a secret
    rows_in: int
    rows_ok: int
    rows_quarantined: int  # refused, with a reason, in the engine's table `quarantine`
    rows_left_out: int  # left out on purpose by `where`
    sha256: str  # of the bytes read; of the files' own, joined, where there are several
    columns: Mapping[str, str]  # canonical name -> "text" | "number" | "timestamp"
    findings: tuple[str, ...] = ()  # data-quality remarks in plain words
    parts: tuple[Part, ...] = ()  # the files the engine's view reads; empty = the rows are in the engine itself

    def __post_init__(self) -> None:
        """Hold the contract that no row is lost."""
        if self.rows_in != self.rows_ok + self.rows_quarantined + self.rows_left_out:
            raise AssertionError(f"rows of {self.table} do not add up: {self}")


@dataclass(frozen=True, slots=True)
class Tables:
    """The checked canonical tables, in the order of the settings."""

    inputs: tuple[TableInput, ...]
    health: tuple[HealthFigure, ...] = ()
    left_out: int = 0  # customers kept from every stage, such as who objected to profiling; their ids are the engine's table `left_out`
    buckets: int = 1  # `bucket` of tables in parts = bucket_of(customer_id, buckets): whole customers, so features need one at a time

    def told(self) -> Tables:
        """What there is to tell of the tables when their rows are gone: without parts."""
        return replace(self, inputs=tuple(replace(i, parts=()) for i in self.inputs), buckets=1)

    def parts(self, table: str) -> tuple[Part, ...]:
        """The parts of a table; empty where its rows are in the engine itself."""
        return next((i.parts for i in self.inputs if i.table == table), ())

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table was given, with all of these columns."""
        return any(i.table == table and set(columns) <= set(i.columns) for i in self.inputs)

    def addressed(self, alias: str) -> str:
        """SQL condition on rows of `contacted`: the customer was addressed, not left alone to compare with."""
        return f"NOT is_held_out({alias}.arm)" if self.has("contacted", "arm") else "TRUE"

    def columns(self, table: str) -> Mapping[str, str]:
        """Columns of a table and their kinds; empty where the table was not given."""
        return next((i.columns for i in self.inputs if i.table == table), {})
