"""DuckDB, the engine that needs nothing else: one process, files and memory of this machine."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import pyarrow as pa

from netlift.engine.session import BATCH, EMAIL, HELD_OUT, LONGEST_EMAIL, NOWHERE, PHONE, Work, quoted
from netlift.errors import ExpressionError, NoRoom
from netlift.settings import EngineSettings

# name(arguments) -> DuckDB body; iso_weekday: Monday 1 … Sunday 7; days_between counts calendar days.
FUNCTIONS = {
    "seconds_between(a, b)": "CAST(date_diff('microsecond', a, b) AS DOUBLE) / 1e6",
    "days_between(a, b)": "CAST(date_diff('day', CAST(a AS DATE), CAST(b AS DATE)) AS INTEGER)",
    "iso_weekday(t)": "CAST(isodow(t) AS INTEGER)",
    "hour_of(t)": "CAST(hour(t) AS INTEGER)",
    "month_start(t)": "CAST(date_trunc('month', t) AS DATE)",
    "whole(x)": "CAST(trunc(x) AS BIGINT)",
    "unit_hash(t)": "('0x' || substr(md5(t), 1, 13))::BIGINT / 4503599627370496.0",
    "bucket_of(t, n)": "CAST(('0x' || substr(md5(t), 1, 8))::BIGINT % n AS INTEGER)",
    "local_time(t, zone)": "timezone(zone, timezone('UTC', t))",  # naive UTC -> naive local
    "is_held_out(arm)": f"coalesce(regexp_full_match(trim(regexp_replace(lower(arm), '[^a-z]+', ' ', 'g')), '{HELD_OUT}'), FALSE)",
    "is_phone(t)": f"length(t) <= 40 AND regexp_full_match(trim(t), '{PHONE}')",
    "is_email(t)": (
        f"length(t) <= {LONGEST_EMAIL} AND regexp_full_match(lower(t), '{EMAIL}') AND NOT regexp_full_match(lower(t), '{NOWHERE}')"
    ),
}

GROUP = 122_880  # rows, DuckDB's own choice

Held = TypeVar("Held")


class Engine:
    """A session of DuckDB; close it, or use it as a context manager."""

    def __init__(self, settings: EngineSettings | None = None) -> None:
        settings = settings or EngineSettings()
        self._folder = tempfile.TemporaryDirectory(prefix="netlift-engine-")
        self._held = ExitStack()
        self._limit = settings.memory_limit
        self._connection = duckdb.connect(":memory:")
        options: dict[str, str | int | None] = {
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": self._folder.name,
        }
        for name, value in options.items():
            if value is not None:
                self._connection.execute(f"SET {name} = ?", [value])
        self._connection.execute("SET enable_progress_bar = false")  # after two seconds it would write to standard output, into our JSON
        self._connection.execute("SET preserve_insertion_order = false; SET autoinstall_known_extensions = false; SET TimeZone = 'UTC'")
        for signature, body in FUNCTIONS.items():
            self._connection.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body}")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement; values go through `parameters`, never into the text.

        Raises:
            NoRoom: memory or disk do not suffice; so does everything that computes.
        """
        with self._room():
            self._connection.execute(sql, list(parameters))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        with self._room():
            return self._connection.execute(sql, list(parameters)).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """A result as an Arrow table."""
        with self._room():
            return self._connection.execute(sql, list(parameters)).to_arrow_table()

    def kind(self, expression: str, relation: str) -> pa.DataType:
        """The type that a user's expression has over a relation, without computing it."""
        with self._expression():
            return self.arrow(f"SELECT {expression} AS value FROM ({relation}) AS rows_of_it LIMIT 0").schema.field(0).type

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What DuckDB raises where a query fails on its rows."""
        return (duckdb.Error,)

    def attempt(self, sql: str) -> None:
        """Compute the column `value` of a query, only to learn whether it can be."""
        with self._expression():
            self.rows(f"SELECT count(value) FROM ({sql}) AS attempted")

    @contextmanager
    def _expression(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            said = re.sub(r"'.*'|\".*\"", "'…'", str(error).splitlines()[0])  # could hold a value
            raise ExpressionError(f"it cannot be computed: {said}; correct it.") from error

    def keep(self, name: str, sql: str) -> None:
        """Compute a result once and keep it under a name, in place of what had the name before."""
        with self._room():
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {sql}")

    def drop(self, name: str) -> None:
        """Take away the table or view of this name, where there is one."""
        kinds = self.rows("SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name])
        for (kind,) in kinds:
            self._connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quoted(name)}")

    def apply(self, name: str, sql: str, function: Work, *, schema: pa.Schema) -> None:
        """Hand the rows of a result to a function, `BATCH` at a time, and keep what it returns under a name."""
        with self._room(), self._connection.execute(sql).to_arrow_reader(BATCH) as batches:
            made = pa.Table.from_batches([function(batch) for batch in batches], schema=schema)
        self.register("netlift_applied", made)
        self.keep(name, "SELECT * FROM netlift_applied")
        self.unregister("netlift_applied")

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as a view."""
        self._connection.register(name, table)

    def attach(self, name: str, paths: Sequence[Path]) -> None:
        """Make Parquet files of one schema readable together as a view, in place of what had the name before."""
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        self.view(name, f"SELECT * FROM read_parquet([{files}])")

    def view(self, name: str, sql: str) -> None:
        """Give a query a name, in place of what had the name before."""
        self.drop(name)
        self._connection.execute(f"CREATE VIEW {quoted(name)} AS {sql}")

    def hold(self, context: AbstractContextManager[Held]) -> Held:
        """Enter a context, such as the lock of files that are read, until the session is closed."""
        return self._held.enter_context(context)

    def unregister(self, name: str) -> None:
        """Take a registered view away."""
        self._connection.unregister(name)

    def write_parquet(self, sql: str, path: Path, parameters: Sequence[Any] = (), *, group: int = GROUP) -> None:
        """Write a result to a Parquet file, in groups of so many rows; who reads few rows of a sorted file wants small ones."""
        self.execute(_copy(sql, path, group), parameters)

    def write_each(self, results: Sequence[tuple[str, Path]], written: Callable[[Path], None], *, group: int) -> None:
        """Write many results to Parquet files, each by one thread, several at a time; `written` is called in that thread.

        For results of a million rows or fewer this is less work than one after the other by all threads. They may read files, tables
        and views, but nothing that was kept.
        """
        threads = self.rows("SELECT current_setting('threads')")[0][0]

        def write(result: tuple[str, Path]) -> None:
            sql, path = result
            with self._room(), self._connection.cursor() as cursor:
                cursor.execute(_copy(sql, path, group))
            written(path)

        pool = ThreadPoolExecutor(threads)
        self.execute("SET threads = 1")  # of one result; those at work at the same time are threads of our own
        try:
            for _ in pool.map(write, results):
                pass
        finally:
            pool.shutdown(cancel_futures=True)
            self.execute(f"SET threads = {threads}")

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Say in one sentence that memory or disk do not suffice."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            has = f"memory_limit = '{self._limit}' allows" if self._limit else "this machine has"
            raise NoRoom(f"The SQL engine needs more memory than {has}; raise engine.memory_limit or use a larger machine.") from error
        except duckdb.IOException as error:
            if "No space left" not in str(error):
                raise
            raise NoRoom(
                f"There is no space left on the disk of '{self._folder.name}' or of netlift's data; free some and run again."
            ) from error

    def close(self) -> None:
        """Free the session and its temporary files."""
        self._connection.close()
        self._held.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _copy(sql: str, path: Path, group: int) -> str:
    target = str(path).replace("'", "''")
    return f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group})"
