"""Any database that SQLAlchemy has a driver for, and SAP HANA: rows in batches, turned into Arrow.

Values are taken as the driver hands them over. SQLite has no exact decimals and no types for time: its numbers with a
fraction are floats there already, its times are text. Rows wait in a temporary file until the last one has come, because
only then the type of every column is known.

HANA was not run against a server here: its statements are compiled in tests, its errors are the driver's own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from netlift.errors import MissingExtra, SettingsError, SourceError
from netlift.expressions import closest
from netlift.sources.sql_question import CONNECT_SECONDS, Answer, Question

if TYPE_CHECKING:
    import sqlalchemy as sa

ROWS = 50_000  # of a batch
# How a session promises to change nothing, where the database knows such a promise. SQLite is opened as a read-only file.
READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "hana": "SET TRANSACTION READ ONLY",
}
_OFF = frozenset({"", "0", "false", "no", "off", "disable", "disabled", "allow", "prefer", "preferred", "optional"})


@contextlib.contextmanager
def ask(question: Question) -> Iterator[Answer]:
    """The answer of the database of a SQLAlchemy URL; valid until the block ends.

    Raises:
        SettingsError: a key is missing or wrong.
        SourceError: the database cannot be reached, refuses, or does not know what is asked for.
        MissingExtra: SQLAlchemy is not installed.
    """
    _require()
    with _answered(question, _url(question), {}) as answer:
        yield answer


@contextlib.contextmanager
def ask_hana(question: Question) -> Iterator[Answer]:
    """The answer of an SAP HANA; as `ask`."""
    _require()
    try:
        importlib.import_module("hdbcli.dbapi")
        importlib.import_module("sqlalchemy_hana")
    except ImportError as error:
        raise MissingExtra("hana", "Reading from SAP HANA") from error
    with _answered(question, *hana_address(question)) as answer:
        yield answer


def _require() -> None:
    try:
        importlib.import_module("sqlalchemy")
    except ImportError as error:
        raise MissingExtra("sql", "Reading from a database") from error


def hana_address(question: Question) -> tuple[sa.URL, dict[str, Any]]:
    """URL and driver arguments; encrypted and the server verified, unless it is on this machine and has tls = false."""
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    c = question.connection
    url = sa.URL.create("hana+hdbcli", c.user, c.password(), c.host, c.port, c.database)
    arguments: dict[str, Any] = {"encrypt": c.tls, "sslValidateCertificate": c.tls, "connectTimeout": CONNECT_SECONDS * 1000}
    if c.ca_file:
        arguments["sslTrustStore"] = str(question.folder / c.ca_file)
    return url, arguments


def _url(question: Question) -> sa.URL:
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    key = f"connections.{question.name}.url"
    try:
        url = sa.make_url(question.connection.url or "")
    except (sa.exc.ArgumentError, ValueError):
        raise SettingsError(f"{key} is no SQLAlchemy URL; write it as driver://user@host/database.") from None  # it may hold a password
    if url.password is not None or any(_holds_password(k, v) for k, v in url.query.items()):
        raise SettingsError(f"{key} holds a password; take it out and name it by password_env or password_file.")
    if url.get_backend_name() == "sqlite":
        return _sqlite(question, url)
    if not _on_this_machine(url) and not any(_encrypts(k, v) for k, v in url.query.items()):
        raise SettingsError(
            f"{key} asks for no encryption, and '{url.host or url.database}' may not be this machine; write host and the driver's option, "
            "e.g. ?sslmode=verify-full, ?ssl_ca=FILE or ?Encrypt=yes."
        )
    password = question.connection.password()
    return url if password is None else url.set(password=password)


def _holds_password(key: str, value: str | tuple[str, ...]) -> bool:
    return key.lower() in {"password", "passwd", "pwd"} or "pwd=" in str(value).lower()


def _on_this_machine(url: sa.URL) -> bool:
    """Only where the URL says so plainly; an option may lead a driver to another host."""
    if {"host", "odbc_connect", "dsn"} & {key.lower() for key in url.query}:
        return False
    return "unix_socket" in url.query if url.host is None else url.host in {"localhost", "::1"} or url.host.startswith("127.")


def _encrypts(key: str, value: str | tuple[str, ...]) -> bool:
    return any(mark in key.lower() for mark in ("ssl", "tls", "encrypt")) and str(value).lower() not in _OFF


def _sqlite(question: Question, url: sa.URL) -> sa.URL:
    path = question.folder / (url.database or "")
    if not path.is_file():
        raise SourceError(f"tables.{question.table}: there is no SQLite file '{url.database}'; it is looked for beside netlift.toml.")
    return url.set(database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})


@contextlib.contextmanager
def _answered(question: Question, url: sa.URL, arguments: dict[str, Any]) -> Iterator[Answer]:
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    engine = _engine(question, url, arguments)
    try:
        with tempfile.TemporaryFile(prefix="netlift-rows-") as spool:
            with _opened(question, engine) as connection:
                if question.relation is not None:
                    _check_relation(question, sa.inspect(connection))
                names, kinds = _spool(question, connection, spool)
            landed = [question.known.field(n).type if question.known and n in question.known.names else pa.null() for n in names]
            kinds = [unified(a, b) for a, b in zip(landed, kinds, strict=True)]
            schema = pa.schema([(n, pa.string() if k == pa.null() else k) for n, k in zip(names, kinds, strict=True)])
            yield Answer(schema, _unspooled(spool, schema))
    finally:
        engine.dispose()


def _engine(question: Question, url: sa.URL, arguments: dict[str, Any]) -> sa.Engine:
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    try:
        return sa.create_engine(url, connect_args=arguments, poolclass=sa.pool.NullPool)
    except sa.exc.NoSuchModuleError:
        raise SettingsError(
            f"connections.{question.name}.url names '{url.drivername}', which SQLAlchemy does not know; correct it."
        ) from None
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"connections.{question.name}.url needs the driver '{error.name}', which is not installed: pip install {error.name}."
        ) from error


@contextlib.contextmanager
def _opened(question: Question, engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that only reads, and whose errors are sentences."""
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    where = f"tables.{question.table}"
    try:
        connection = engine.connect()
    except sa.exc.DBAPIError as error:
        raise SourceError(f"{where}: the database of connections.{question.name} cannot be opened: {_said(error, engine)}.") from None
    try:
        with connection:
            if engine.dialect.name in READ_ONLY:
                connection.execute(sa.text(READ_ONLY[engine.dialect.name]))
            yield connection
            connection.rollback()
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise SourceError(f"{where}: the connection to the database was lost; nothing was kept, run again.") from None
        raise SourceError(f"{where}: the database cannot answer {question.named}: {_said(error, engine)}.") from None


def _said(error: sa.exc.DBAPIError, engine: sa.Engine) -> str:
    """What the driver says, without the password."""
    arguments = getattr(error.orig, "args", ())  # some drivers give a number and a text
    text = " ".join(" ".join(a for a in arguments if isinstance(a, str)).split()) or str(error.orig)
    password = engine.url.password
    return (text.replace(password, "…") if password else text)[:300].rstrip(" .")


def _check_relation(question: Question, inspector: sa.Inspector) -> None:
    schema, relation = question.parts()
    if inspector.has_table(relation, schema=schema):
        return
    try:
        names = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
    except NotImplementedError:
        names = []
    hint = closest(relation, names)
    raise SourceError(f"tables.{question.table}: the database has no table or view '{question.relation}'{hint}; correct relation.")


def statement(question: Question) -> sa.Select[Any] | sa.TextClause:
    """What is sent: the relation, or the user's query, and of it only what is above the watermark."""
    import sqlalchemy as sa  # noqa: PLC0415 - an optional extra

    if question.relation is not None:
        schema, relation = question.parts()
        rows: Any = sa.table(sa.quoted_name(relation, quote=True), schema=sa.quoted_name(schema, quote=True) if schema else None)
    else:
        text = question.select().replace(":", "\\:")  # else a colon would begin a parameter
        if question.seen is None:
            return sa.text(text)
        rows = sa.text(f"({text}\n) q")
    found = sa.select(sa.text("*")).select_from(rows)
    if question.seen is None:
        return found
    return found.where(sa.column(sa.quoted_name(question.watermark or "", quote=True)) > question.seen)


def _spool(question: Question, connection: sa.Connection, spool: Any) -> tuple[list[str], list[Any]]:  # noqa: ANN401 - a binary file
    """Write the rows to a file, each batch with its own types; returns the columns and the types that hold all of them."""
    with connection.execution_options(stream_results=True, max_row_buffer=ROWS).execute(statement(question)) as result:
        names = list(result.keys())
        kinds: list[Any] = [pa.null()] * len(names)
        for rows in result.partitions(ROWS):
            batch = pa.RecordBatch.from_arrays(
                [array(values) for values in zip(*rows, strict=True)], names=[str(i) for i in range(len(names))]
            )
            with pa.ipc.new_stream(spool, batch.schema) as writer:
                writer.write_batch(batch)
            kinds = [unified(a, b) for a, b in zip(kinds, batch.schema.types, strict=True)]
    return names, kinds


def _unspooled(spool: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:  # noqa: ANN401 - a binary file
    end = spool.tell()
    spool.seek(0)
    while spool.tell() < end:
        with pa.ipc.open_stream(spool) as reader:
            for batch in reader:
                yield pa.RecordBatch.from_arrays([c.cast(f.type) for c, f in zip(batch.columns, schema, strict=True)], schema=schema)


def unified(a: Any, b: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The type that holds the values of both exactly: text where they differ."""
    if a == pa.null():
        return b
    return a if b in {a, pa.null()} else pa.string()


def array(values: Sequence[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Values of a driver as Arrow, exactly; what Arrow has no common type for becomes text."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {str}:
        return pa.array(values, pa.string() if kinds else pa.null())
    if kinds in ({bool}, {float}, {date}):
        return pa.array(values)
    if kinds == {int} and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return pa.array(values, pa.int64())
    if kinds == {datetime} and len(zoned := {v.tzinfo is not None for v in values if v is not None}) == 1:
        return pa.array(values, pa.timestamp("us", "UTC" if zoned == {True} else None))
    return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a driver hands over
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
