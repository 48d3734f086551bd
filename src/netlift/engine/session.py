"""What every SQL engine can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

# An address that SMTP can carry without extensions (RFC 5321, 4.1.2, without quoted names), and the domains that lead
# nowhere (RFC 6761), as regular expressions that every engine reads alike: no backslash, no look-ahead.
_ATOM = "[a-z0-9!#$%&*+/=?^_{|}~-]+"
EMAIL = f"{_ATOM}([.]{_ATOM})*@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]([a-z0-9-]*[a-z0-9])"
NOWHERE = ".*[@.](invalid|test|localhost)"
LONGEST_EMAIL = 254  # characters
PHONE = "[+(]{0,2}[0-9][0-9 ()/.-]{5,24}"  # as people write numbers; netlift.campaigns looks closer
# What files call the customers of a campaign that were left alone so that its effect can be measured, in small letters, with a blank
# for every run of other characters.
HELD_OUT = (
    "((universal|global) )?(hold ?outs?|held ?out|controls?|kontroll|kontrolle|kontrollgruppe|ctrl)"
    "( (group|gruppe|arm))?( (a|b|c))?( no [a-z]+)?"
    "|untreated|unbehandelt|(no|not|without|ohne|nicht|kein|keine) ?(contact|contacted|kontakt|kontaktiert|treated|treatment|offer|message"
    "|mail|mailed|mailing|e mail|email|letter|sms|call|called)"
)
BATCH = 100_000  # rows that `apply` hands over at once, at most

Work = Callable[[pa.RecordBatch], pa.RecordBatch]  # some rows in, as many or fewer rows out


class Session(Protocol):
    """A session of a SQL engine; tables, views and functions live in it and end with it."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement; values go through `parameters`, never into the text."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a small result."""

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """A result as an Arrow table."""

    def kind(self, expression: str, relation: str) -> pa.DataType:
        """The type that a user's expression has over a relation, without computing it.

        Raises:
            ExpressionError: the engine cannot compute it; the message holds no value.
        """

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the engine raises where a query fails on its rows."""

    def attempt(self, sql: str) -> None:
        """Compute the column `value` of a query, only to learn whether it can be.

        Raises:
            ExpressionError: it cannot; the message holds no value.
        """

    def keep(self, name: str, sql: str) -> None:
        """Compute a result once and keep it under a name, in place of what had the name before."""

    def apply(self, name: str, sql: str, function: Work, *, schema: pa.Schema) -> None:
        """Hand the rows of a result to `function`, some at a time and in any order, and keep what it returns under a name.

        The function must treat every row alone and return batches of `schema`. On Spark it runs in the cluster, where it arrives
        as a copy: whatever it holds should be plain and small.
        """

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as a view."""

    def unregister(self, name: str) -> None:
        """Take a registered view away."""

    def write_parquet(self, sql: str, path: Path, parameters: Sequence[Any] = ()) -> None:
        """Write a result to one Parquet file on this machine."""

    def close(self) -> None:
        """Free the session and what it keeps."""


def quoted(name: str) -> str:
    """An identifier, quoted, so that any column name is safe inside SQL."""
    return '"' + name.replace('"', '""') + '"'
