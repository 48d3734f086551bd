"""PostgreSQL by ADBC: Arrow record batches from COPY, in a read-only session.

Where the server is not on this machine the connection is encrypted; with ca_file it is also checked who answers.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from types import ModuleType
from typing import Any

import pyarrow as pa

from netlift.engine import quoted
from netlift.errors import MissingExtra, NetliftError, SettingsError, SourceError
from netlift.expressions import closest
from netlift.sources.sql_question import CONNECT_SECONDS, Answer, Question
from netlift.sources.values import literal

# Types that Arrow holds as they are. The others come as the text PostgreSQL writes, numeric among them: exact.
_PLAIN = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "date", "timestamp", "timestamptz"})
_SESSION = "-c default_transaction_read_only=on -c standard_conforming_strings=on"
_PORT = 5432


@contextlib.contextmanager
def ask(question: Question) -> Iterator[Answer]:
    """The answer of a PostgreSQL, streamed; valid until the block ends.

    Raises:
        SettingsError: a key is missing or wrong.
        SourceError: the server cannot be reached, refuses, or does not know what is asked for.
        MissingExtra: the driver is not installed.
    """
    adbc = _driver()
    base = _base(question)
    with _connected(adbc, question) as connection:
        with _explained(adbc, question):
            cursor = connection.cursor()
            described = cursor.adbc_execute_schema(base)
        with _explained(adbc, question):
            cursor.execute(_statement(base, described, question))
            reader = cursor.fetch_record_batch()
        schema = pa.schema([(f.name, f.type) for f in reader.schema])
        yield Answer(schema, _batches(adbc, reader, question, schema))


def _driver() -> ModuleType:
    try:
        return importlib.import_module("adbc_driver_postgresql.dbapi")
    except ImportError as error:
        raise MissingExtra("sql", "Reading from PostgreSQL") from error


def _base(question: Question) -> str:
    if question.relation is None:
        return question.select()
    schema, relation = question.parts()
    return "SELECT * FROM " + (f"{quoted(schema)}." if schema else "") + quoted(relation)


def _statement(base: str, described: pa.Schema, question: Question) -> str:
    """The base with every column as Arrow can hold it, and only what is above the watermark."""
    names = described.names
    if len(set(names)) < len(names):
        return base  # cannot be wrapped; the caller refuses it by its schema
    columns = ", ".join(_column(field) for field in described)
    if question.seen is None:
        return f"SELECT {columns} FROM ({base}\n) AS q"
    if question.watermark is None or question.watermark not in names:
        return f"SELECT {columns} FROM ({base}\n) AS q LIMIT 0"  # its schema is enough for the caller
    return f"SELECT {columns} FROM ({base}\n) AS q WHERE {quoted(question.watermark)} > {_literal(question.seen)}"


def _column(field: pa.Field) -> str:
    name = quoted(field.name)
    kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    if kind in _PLAIN:
        return name
    # money as text would have the currency sign and marks of the server's locale
    return f"CAST({f'CAST({name} AS numeric)' if kind == 'money' else name} AS text) AS {name}"


def _literal(seen: Any) -> str:  # noqa: ANN401 - a whole number, date, datetime or text
    """In quotes and without a type: PostgreSQL reads it as the column's."""
    return literal(seen.isoformat() if isinstance(seen, date | datetime) else str(seen))


def _batches(adbc: ModuleType, reader: pa.RecordBatchReader, question: Question, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows = 0
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, adbc.Error, pa.ArrowException) as error:
            raise _stopped(question, str(error), rows) from error
        rows += batch.num_rows
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _stopped(question: Question, text: str, rows: int) -> NetliftError:
    """The sentence for an answer that breaks off; nothing of it lands."""
    said = re.search(r"ERROR:\s+(.+)", text)  # else the server did not speak itself
    if said is None:
        return SourceError(f"{_where(question)}: the connection was lost after {rows:,} rows; nothing of them was kept, run again.")
    if "read-only transaction" in said[1]:
        return _writes(question, said[1])
    return SourceError(f"tables.{question.table}: the database cannot answer {question.named}: {said[1]}, after {rows:,} rows.")


def _writes(question: Question, said: str) -> SettingsError:
    return SettingsError(
        f"tables.{question.table}: {question.named} wants to change data ({said}), and netlift only reads; write a SELECT."
    )


@contextlib.contextmanager
def _connected(adbc: ModuleType, question: Question) -> Iterator[Any]:
    try:
        connection = adbc.connect(_conninfo(question))
    except adbc.Error as error:
        raise SourceError(_why_no_connection(question, str(error))) from None  # the driver's own text might hold the password
    try:
        yield connection
    finally:
        with contextlib.suppress(adbc.Error):  # a lost connection cannot be closed properly
            connection.close()


def _conninfo(question: Question) -> str:
    c = question.connection
    if not c.database:
        raise SettingsError(f"connections.{question.name}.database is missing; write the database's name.")
    parts: dict[str, Any] = {
        "host": c.host,
        "port": c.port or _PORT,
        "dbname": c.database,
        "user": c.user,
        "password": c.password(),
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 30,
        "application_name": "netlift",
        "options": _SESSION,
        "sslmode": _sslmode(question),
        "sslrootcert": str(question.folder / c.ca_file) if c.ca_file else None,
    }
    return " ".join(f"{key}='{_escaped(str(value))}'" for key, value in parts.items() if value is not None)


def _sslmode(question: Question) -> str:
    c = question.connection
    if not c.tls:
        return "disable"
    if c.ca_file:
        return "verify-full"
    return "prefer" if c.on_this_machine() else "require"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _where(question: Question) -> str:
    c = question.connection
    return f"tables.{question.table}: database '{c.database}' on {c.host}:{c.port or _PORT}"


def _why_no_connection(question: Question, text: str) -> str:
    """One sentence for a failed connection, without the driver's text unless it is known to hold no secret."""
    c = question.connection
    section = f"connections.{question.name}"
    known = (
        (
            "password authentication failed",
            f"refuses the user '{c.user}' or the password; correct user, password_env or password_file in {section}",
        ),
        ("no password supplied", f"wants a password; write password_env or password_file in {section}"),
        ("could not translate host name", f"cannot be found: there is no such host; correct {section}.host"),
        ("Connection refused", f"does not answer: nothing listens there; correct host and port in {section}, or start the server"),
        ("timeout expired", f"does not answer within {CONNECT_SECONDS} seconds; look at host, port and firewall"),
        ("No route to host", f"cannot be reached; correct {section}.host"),
        ("Network is unreachable", f"cannot be reached; look at this machine's network or correct {section}.host"),
        ("does not support SSL", "offers no encryption; switch TLS on there"),
        ("certificate verify failed", f"shows a certificate that {section}.ca_file did not sign; correct ca_file or host"),
        ("does not match host name", f"shows a certificate for another host; correct {section}.host"),
        ("root certificate file", f"cannot be checked, because {section}.ca_file '{c.ca_file}' cannot be read; correct the path"),
        ("too many connections|too many clients|connection slots", "has no free connection; try again later"),
        ("starting up|shutting down|recovery mode", "is starting or stopping; try again in a moment"),
        ("no pg_hba.conf entry", f"does not let the user '{c.user}' in from here; ask its administrator for an entry in pg_hba.conf"),
        (r'role ".*" does not exist', f"does not know the user '{c.user}'; correct {section}.user"),
        (r'database ".*" does not exist', f"does not exist; correct {section}.database"),
    )
    fatal = re.search(r"FATAL:\s+(.+)", text)  # the server's own words, which never hold a password
    otherwise = f"cannot be opened: {fatal[1]}" if fatal else "cannot be opened; look at the server's log"
    reason = next((why for mark, why in known if re.search(mark, text)), otherwise)
    return f"{_where(question)} {reason}."


@contextlib.contextmanager
def _explained(adbc: ModuleType, question: Question) -> Iterator[None]:
    """Turn the server's refusals into sentences."""
    try:
        yield
    except adbc.Error as error:
        raise _refusal(adbc, question, error) from error


def _refusal(adbc: ModuleType, question: Question, error: Any) -> NetliftError:  # noqa: ANN401 - an error of an untyped module
    where = f"tables.{question.table}"
    said = _primary(error)
    match error.sqlstate:
        case "42P01":
            return SourceError(f"{where}: {said}{_near(adbc, question, said)}; correct {'relation' if question.relation else 'query'}.")
        case "42501":
            return SourceError(
                f"{where}: the user '{question.connection.user}' may not read {question.named}: {said}; grant SELECT to this user."
            )
        case "25006" | "0A000" if "read-only" in said or "data-modifying" in said:
            return _writes(question, said)
        case "42601" | "42703" | "42883":
            return SettingsError(f"{where}: {question.named} is wrong: {said}.")
        case _:
            return SourceError(f"{where}: the database cannot answer {question.named}: {said}.")


def _primary(error: Any) -> str:  # noqa: ANN401 - an error of an untyped module
    """The server's own first line."""
    details = dict(error.details or ())
    text = details.get(b"PG_DIAG_MESSAGE_PRIMARY", b"").decode("utf-8", "replace") or str(error)
    return text.splitlines()[0].strip(" .")


def _near(adbc: ModuleType, question: Question, said: str) -> str:
    """A hint at a relation of nearly this name."""
    missing = re.search(r'"(.+?)"', said)
    if missing is None:
        return ""
    with _connected(adbc, question) as connection, contextlib.suppress(adbc.Error):
        cursor = connection.cursor()
        cursor.execute(
            "SELECT table_schema::text, table_name::text FROM information_schema.tables "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        found = cursor.fetchall()
        name = missing[1]
        return closest(name, [f"{s}.{t}" for s, t in found]) if "." in name else closest(name, [t for _, t in found])
    return ""
