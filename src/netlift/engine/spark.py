"""Spark 4, on this machine or through Spark Connect: the same SQL text and the same named functions as DuckDB."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

import netlift
from netlift.engine.session import EMAIL, HELD_OUT, LONGEST_EMAIL, NOWHERE, PHONE, Work
from netlift.errors import ExpressionError, MissingExtra, SettingsError
from netlift.settings import EngineSettings

PORT = 15002  # of Spark Connect, unless the address names another
PATIENCE = 10.0  # seconds until a server that does not answer is given up
JAVA = 17  # the oldest that Spark 4 runs on

# Under these settings the common subset means the same as on DuckDB.
MEANING = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.variable.substitute": "false",  # else '${…}' inside a text would be replaced
}

# name(arguments) -> body; the DuckDB bodies of the same names are in duck.py
FUNCTIONS = {
    "seconds_between(a TIMESTAMP, b TIMESTAMP) RETURNS DOUBLE": "CAST(timestampdiff(MICROSECOND, a, b) AS DOUBLE) / 1e6",
    "days_between(a TIMESTAMP, b TIMESTAMP) RETURNS INT": "datediff(CAST(b AS DATE), CAST(a AS DATE))",
    "iso_weekday(t TIMESTAMP) RETURNS INT": "weekday(t) + 1",
    "hour_of(t TIMESTAMP) RETURNS INT": "hour(t)",
    "month_start(t TIMESTAMP) RETURNS DATE": "trunc(CAST(t AS DATE), 'MM')",
    "whole(x DOUBLE) RETURNS BIGINT": "CAST(x AS BIGINT)",
    "unit_hash(t STRING) RETURNS DOUBLE": "CAST(conv(substr(md5(t), 1, 13), 16, 10) AS DOUBLE) / 4503599627370496e0",
    "bucket_of(t STRING, n INT) RETURNS INT": "CAST(CAST(conv(substr(md5(t), 1, 8), 16, 10) AS BIGINT) % n AS INT)",
    "local_time(t TIMESTAMP, zone STRING) RETURNS TIMESTAMP": "convert_timezone('UTC', zone, t)",
    "is_held_out(arm STRING) RETURNS BOOLEAN": (
        f"coalesce(trim(regexp_replace(lower(arm), '[^a-z]+', ' ')) RLIKE '^({HELD_OUT})$', FALSE)"
    ),
    "is_phone(t STRING) RETURNS BOOLEAN": f"length(t) <= 40 AND trim(t) RLIKE '^{PHONE}$'",
    "is_email(t STRING) RETURNS BOOLEAN": (
        f"length(t) <= {LONGEST_EMAIL} AND lower(t) RLIKE '^{EMAIL}$' AND NOT lower(t) RLIKE '^{NOWHERE}$'"
    ),
}


class SparkEngine:
    """A session of Spark with the methods of `Session`; close it, or use it as a context manager.

    Raises:
        MissingExtra: pyspark is not installed.
        SettingsError: Java is missing, no server answers, or the server does not take the session's settings.
    """

    def __init__(self, settings: EngineSettings) -> None:
        logging.getLogger("SQLQueryContextLogger").disabled = True  # it prints the SQL of every error, at length
        self._folder = tempfile.TemporaryDirectory(prefix="netlift-spark-")
        self._kept: dict[str, Any] = {}
        self._workers_run = False  # known only once they were asked
        try:
            with _arrow_only():
                self._session, self._stop = _remote(settings) if settings.remote else _local(settings, self._folder.name)
        except BaseException:
            self._folder.cleanup()
            raise
        try:
            _agree(self._session)
            for signature, body in FUNCTIONS.items():
                self._session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} RETURN {body}")
        except BaseException:
            self.close()
            raise

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement; values go through `parameters`, never into the text."""
        self._frame(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        return [tuple(row) for row in self._frame(sql, parameters).collect()]

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """A result as an Arrow table."""
        return self._frame(sql, parameters).toArrow()

    def kind(self, expression: str, relation: str) -> pa.DataType:
        """The type that a user's expression has over a relation, without computing it."""
        with self._expression():
            return self.arrow(f"SELECT {expression} AS value FROM ({relation}) AS rows_of_it LIMIT 0").schema.field(0).type

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What Spark raises where a query fails on its rows."""
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an optional extra

        return (PySparkException,)

    def attempt(self, sql: str) -> None:
        """Compute the column `value` of a query, only to learn whether it can be."""
        with self._expression():
            self.rows(f"SELECT count(value) FROM ({sql}) AS attempted")

    @contextmanager
    def _expression(self) -> Iterator[None]:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an optional extra

        try:
            yield
        except PySparkException as error:
            condition = error.getCondition() or "an error"
            raise ExpressionError(f"it cannot be computed: Spark says {condition}; correct it.") from error

    def keep(self, name: str, sql: str) -> None:
        """Compute a result once, in the cluster, and keep it under a name, in place of what had the name before."""
        self._keep(name, self._frame(sql))

    def apply(self, name: str, sql: str, function: Work, *, schema: pa.Schema) -> None:
        """Hand the rows of a result to a function, in the cluster, and keep what it returns under a name.

        The function travels by reference, so that the workers need netlift; Spark sees to it that their Python has our minor version.

        Raises:
            SettingsError: the workers cannot run netlift.
        """
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - an optional extra

        self._check_workers()
        frame = self._frame(sql)
        with _arrow_only():
            self._keep(name, frame.mapInArrow(lambda batches: map(function, batches), from_arrow_schema(schema)))

    def _check_workers(self) -> None:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an optional extra

        if self._workers_run:
            return
        try:
            with _arrow_only():
                told = self._frame("SELECT '' AS version").mapInArrow(_versions, "version STRING").collect()[0][0]
        except PySparkException as error:
            ours = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SettingsError(
                f"Spark's workers cannot run netlift: install netlift {netlift.__version__} there for Python {ours}, "
                "and let PYSPARK_PYTHON of the server name that Python."
            ) from error
        if told != netlift.__version__:
            raise SettingsError(f"Spark's workers have netlift {told}, and {netlift.__version__} runs here; install the same there.")
        self._workers_run = True

    def _keep(self, name: str, frame: Any) -> None:  # noqa: ANN401 - a DataFrame of an optional package
        frame = frame.persist()
        frame.createOrReplaceTempView(name)
        before = self._kept.pop(name, None)
        if before is not None:
            before.unpersist()
        self._kept[name] = frame

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as a view."""
        self._session.createDataFrame(table).createOrReplaceTempView(name)

    def attach(self, name: str, path: Path) -> None:
        """Make a Parquet file that the workers can see readable as a view."""
        # not as_uri(): Hadoop does not decode %20; without the scheme a cluster would look in its own file system
        literal = re.sub(r"([\[\]{}*?\\])", r"\\\1", str(path))
        self._session.read.parquet(f"file://{literal}").createOrReplaceTempView(name)

    def unregister(self, name: str) -> None:
        """Take a registered view away."""
        self._session.catalog.dropTempView(name)

    def write_parquet(self, sql: str, path: Path, parameters: Sequence[Any] = ()) -> None:
        """Write a result to one Parquet file on this machine; it passes through this machine's memory."""
        pq.write_table(self.arrow(sql, parameters), path, compression="zstd")

    def close(self) -> None:
        """Free what the cluster keeps for the session, and the session."""
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()
        self._stop()
        self._folder.cleanup()

    def _frame(self, sql: str, parameters: Sequence[Any] = ()) -> Any:  # noqa: ANN401 - a DataFrame of an optional package
        # Spark reads \ in a text as an escape; DuckDB, and so our SQL, does not, and uses it nowhere else
        values = [_in_utc(value) for value in parameters]
        return self._session.sql(sql.replace("\\", "\\\\"), args=values or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def _arrow_only() -> Iterator[None]:
    """Pyspark 4.3 warns of pandas 3 where it is imported; tables pass as Arrow here, never as pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _versions(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What a worker says of its netlift."""
    for batch in batches:
        yield pa.RecordBatch.from_arrays([pa.array([netlift.__version__] * batch.num_rows)], ["version"])


def _in_utc(value: Any) -> Any:  # noqa: ANN401 - any SQL value
    """Naive moments are UTC; pyspark would take them for the time zone of this process."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _agree(session: Any) -> None:  # noqa: ANN401 - a SparkSession of an optional package
    """Give the session the settings under which the SQL means the same as on DuckDB, and hold it to them."""
    from pyspark.errors import PySparkException  # noqa: PLC0415

    for name, wanted in MEANING.items():
        try:
            if session.conf.get(name).lower() != wanted.lower():
                session.conf.set(name, wanted)
            found = session.conf.get(name)
        except PySparkException as error:
            raise SettingsError(f"Spark does not let this session set {name} to {wanted}; let the server allow it.") from error
        if found.lower() != wanted.lower():
            raise SettingsError(f"Spark holds {name} at {found}, and {wanted} is needed; let the server allow it.")


def _local(settings: EngineSettings, folder: str) -> tuple[Any, Any]:
    """A session of a Spark in this process, and what ends it."""
    try:
        from pyspark import SparkContext  # noqa: PLC0415 - an optional extra
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("spark", "engine.name = 'spark'") from error
    _check_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers' Python is this one, not whatever python3 is on the path
    running = SparkContext._active_spark_context is not None  # noqa: SLF001 - the only way to ask without starting one
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": folder,
        "spark.sql.shuffle.partitions": "8",  # the default, 200, is meant for clusters
        "spark.log.level": "OFF",
    }
    if settings.memory_limit is not None:
        options["spark.driver.memory"] = f"{_mebibytes(settings.memory_limit)}m"
    builder = SparkSession.builder.master(settings.master or "local[*]").appName("netlift")
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        first = builder.getOrCreate()
    except PySparkException as error:
        raise SettingsError("engine.name is 'spark', and Spark does not start on this machine; 'java -version' must work.") from error
    return first.newSession(), (lambda: None) if running else first.stop


def _remote(settings: EngineSettings) -> tuple[Any, Any]:
    """A session of its own on a Spark Connect server, and what ends it."""
    try:
        import grpc  # type: ignore[import-untyped]  # noqa: PLC0415 - an optional extra
        from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("spark", "engine.name = 'spark'") from error
    parts = urlsplit(settings.remote or "")
    address = f"{parts.hostname}:{parts.port or PORT}"
    failed = f"engine.remote: no Spark Connect server answers at {address}"
    try:
        socket.create_connection((parts.hostname, parts.port or PORT), timeout=PATIENCE).close()
    except OSError as error:
        raise SettingsError(f"{failed} ({error.strerror or error}); start one there or correct the address.") from error
    channels = DefaultChannelBuilder(settings.connect_url())
    try:
        with channels.toChannel() as channel:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    except grpc.FutureTimeoutError as error:
        raise SettingsError(f"{failed}: something listens there and does not speak its language; correct the address.") from error
    session = SparkSession.builder.channelBuilder(channels).create()
    return session, session.stop


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    advice = f"install Java {JAVA} (Debian: openjdk-17-jre-headless), or name a server in engine.remote"
    if program is None:
        where = f"JAVA_HOME is '{home}' and holds none" if home else "there is none"
        raise SettingsError(f"engine.name is 'spark' with a local master, which needs Java, and {where}; {advice}.")
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603 - no user's words
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < JAVA:
        raise SettingsError(f"engine.name is 'spark', and Java at '{program}' is {version[1] if version else 'not running'}; {advice}.")


def _mebibytes(limit: str) -> int:
    units = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
    number, unit = re.fullmatch(r"([\d.]+)\s?(\w+)", limit).groups()  # type: ignore[union-attr]  # settings checked the form
    return int(float(number) * units[unit]) // 2**20
