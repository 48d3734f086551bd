"""What a database is asked for and what it answers: the same for every kind of database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from netlift.errors import SettingsError
from netlift.expressions import closest
from netlift.settings import SqlConnection

CONNECT_SECONDS = 10
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """The rows of a relation or of a query; with a watermark and a value seen, only the rows above it."""

    table: str  # canonical
    name: str  # of the connection
    connection: SqlConnection
    folder: Path  # of netlift.toml
    relation: str | None
    query: str | None
    watermark: str | None
    seen: Any = None
    known: pa.Schema | None = None  # of the files landed so far

    @property
    def named(self) -> str:
        """What the user calls it."""
        return self.relation or f"the query of tables.{self.table}"

    @property
    def address(self) -> str:
        """What tells databases apart, and what accounts see of them; no secret."""
        c = self.connection
        return f"{c.kind} {c.url or ''} {c.host} {c.port or ''} {c.database or ''} {c.user or ''}"

    def above(self, seen: Any, known: pa.Schema) -> Question:  # noqa: ANN401 - a whole number, date, datetime or text
        """The same for rows whose watermark is above `seen`, to be added to files with the schema `known`."""
        return replace(self, seen=seen, known=known)

    def parts(self) -> tuple[str | None, str]:
        """Schema, None where the database's default is meant, and name of the relation.

        Raises:
            SettingsError: the relation is not written as schema.table.
        """
        parts = (self.relation or "").split(".")
        if len(parts) > 2 or not all(parts):
            raise SettingsError(f"tables.{self.table}.relation is '{self.relation}'; write table or schema.table, or use query.")
        return (parts[0] if len(parts) == 2 else None), parts[-1]

    def select(self) -> str:
        """The query, without what may end it.

        Raises:
            SettingsError: it is no SELECT.
        """
        text = (self.query or "").strip().rstrip(";").rstrip()
        words = _COMMENTS.sub(" ", text).replace("(", " ").split()
        if not words or words[0].upper() not in {"SELECT", "WITH"}:
            begins = f"begins with '{words[0]}'" if words else "is empty"
            raise SettingsError(f"tables.{self.table}.query {begins}; netlift only reads: write a SELECT.")
        return text

    def no_watermark(self, columns: Collection[str]) -> str:
        """The sentence for a watermark that is not there."""
        hint = closest(self.watermark or "", columns)
        return f"tables.{self.table}.watermark is '{self.watermark}', and {self.named} has no such column{hint}; correct it."


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns, and rows in batches that all have this schema."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
