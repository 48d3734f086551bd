"""Features of the user's own, as SQL expressions of the settings: over the rows of one table, or over other features.

A table's rows are those before `as_of`, so no expression can look into the future. Expressions are checked against the common subset of
the engines before anything runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import sqlglot
from pyarrow import types as is_a
from sqlglot import exp

from netlift import expressions
from netlift.catalogue import Class, sensitivity
from netlift.engine import Session, quoted
from netlift.errors import ExpressionError, SettingsError
from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature, Tables
from netlift.settings import OwnFeature, Settings

# what says when a row of a table happened, and the moment it is compared with
MOMENTS = {
    "transactions": ("local_timestamp", "{as_of}"),
    "events": ("local_timestamp", "{as_of}"),
    "survey": ("answered_at", "{as_of_utc}"),
    "contacted": ("contacted_at", "{as_of_utc}"),
    "responses": ("responded_at", "{as_of_utc}"),
}


def subjects(settings: Settings, session: Session, tables: Tables, *, taken: Collection[str]) -> list[Subject]:
    """A subject for each table that own features are made of; `taken` are the names of the catalogue's features.

    Raises:
        SettingsError: a name is taken, or a table is not given or has no moments.
        ExpressionError: an expression is outside the common subset, names an unknown column, or is no number over many rows.
    """
    _check_names(settings.features.own, taken)
    found = []
    for table in dict.fromkeys(own.of for own in settings.features.own.values() if own.of is not None):
        named = {name: own for name, own in settings.features.own.items() if own.of == table}
        relation = _rows(table, tables, next(iter(named)))
        entries = tuple(_entry(name, own, session, tables) for name, own in named.items())
        found.append(Subject(f"own_{table}", {}, table, relation, entries))
    return found


def over_features(
    settings: Settings, session: Session, sql: str, features: Sequence[Feature]
) -> tuple[str, tuple[Feature, ...], dict[str, str]]:
    """The wide query with the own features made of other features, what these mean, and by name a query of each alone, for `blamed`."""
    known = [f.name for f in features]
    made: list[Feature] = []
    alone: dict[str, str] = {}
    for name, own in settings.features.own.items():
        if own.of is not None:
            continue
        what = _what(name)
        expressions.check(own.sql, columns=known, what=what)
        _check_number(session, own.sql, sql, what)
        columns = ", ".join(quoted(column) for column in ("customer_id", *known))
        alone[name] = f"SELECT CAST({own.sql} AS DOUBLE) AS value FROM ({sql}) AS wide"
        sql = f"SELECT {columns}, CAST({own.sql} AS DOUBLE) AS {quoted(name)} FROM ({sql}) AS wide"
        used = [f for f in (*features, *made) if f.name in expressions.columns_used(own.sql)]
        made.append(_feature(name, own, "missing where what it is made of is missing", used))
        known.append(name)
    return sql, tuple(made), alone


def alone(subject: Subject, relation: str) -> dict[str, str]:
    """A query of each own feature of a subject, by name, over its rows."""
    return {
        e.feature.name: f"SELECT CAST({e.sql} AS DOUBLE) AS value FROM ({relation}) AS facts GROUP BY customer_id"
        for e in subject.entries
        if e.own
    }


@contextmanager
def blamed(settings: Settings, session: Session) -> Iterator[dict[str, str]]:
    """Where a query fails in the block, say which own feature failed on the rows, by the queries of each alone that it has put in.

    An engine may compute an expression long after it was given one.

    Raises:
        ExpressionError: one of them cannot be computed.
    """
    queries: dict[str, str] = {}
    try:
        yield queries
    except session.errors:
        for name, query in queries.items():
            try:
                session.attempt(query)
            except ExpressionError as error:
                raise ExpressionError(f"{_what(name)}, '{settings.features.own[name].sql}': {error}") from error
        raise


def _what(name: str) -> str:
    return f"features.own.{name}.sql"


def _check_names(own: Collection[str], taken: Collection[str]) -> None:
    lower = {name.lower(): name for name in ("customer_id", *taken)}
    for name in own:
        if not name.isidentifier():
            raise SettingsError(f"features.own.{name}: a feature's name is one word of letters, digits and '_'; give it another name.")
        if name.lower() in lower:
            raise SettingsError(f"features.own.{name}: there is a '{lower[name.lower()]}' already; give yours another name.")
        lower[name.lower()] = name


def _rows(table: str, tables: Tables, name: str) -> str:
    """A table's rows before `as_of`."""
    moment, limit = MOMENTS[table]
    if not tables.has(table):
        raise SettingsError(f"features.own.{name}.of is '{table}', and there is no [tables.{table}]; add it, or take the feature out.")
    if not tables.has(table, moment):
        raise SettingsError(
            f"features.own.{name}.of is '{table}', which has no column {moment}: what happened after features.as_of could not be left out; "
            "map that column, or take the feature out."
        )
    columns = ", ".join(map(quoted, tables.columns(table)))
    return f"SELECT {columns} FROM {table} WHERE {moment} < {limit}"


def _entry(name: str, own: OwnFeature, session: Session, tables: Tables) -> Entry:
    what, columns = _what(name), tables.columns(own.of or "")
    expressions.check(own.sql, columns=columns, what=what, aggregates=True)
    _check_aggregated(own.sql, what)
    _check_number(session, own.sql, f"SELECT {', '.join(map(quoted, columns))} FROM {own.of}", what)
    feature = _feature(name, own, f"missing for customers without rows in {own.of}", ())
    return Entry(feature, own.sql, own=True)


def _check_aggregated(sql: str, what: str) -> None:
    """Every column inside a function over many rows: a customer has many, and gets one number."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    if tree.find(exp.Window) is not None:
        raise ExpressionError(f"{what}, '{sql}': OVER gives a number per row, and one per customer is needed; leave it out.")
    bare = [c.name for c in tree.find_all(exp.Column) if c.find_ancestor(exp.AggFunc) is None and c.find_ancestor(exp.Filter) is None]
    if bare or tree.find(exp.AggFunc) is None:
        shown = f"'{bare[0]}'" if bare else "the expression"
        raise ExpressionError(
            f"{what}, '{sql}': {shown} is not inside a function over many rows; write for example sum(…), avg(…) or max(…)."
        )


def _check_number(session: Session, sql: str, relation: str, what: str) -> None:
    try:
        kind = session.kind(sql, relation)
    except ExpressionError as error:
        raise ExpressionError(f"{what}, '{sql}': {error}") from error
    if not (is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind) or is_a.is_boolean(kind)):
        raise ExpressionError(
            f"{what}, '{sql}', gives a {kind}, and a feature is a number; write for example count_if(…) or seconds_between(…)."
        )


def _feature(name: str, own: OwnFeature, missing: str, used: Sequence[Feature]) -> Feature:
    uses_response = own.of == "responses" or any(f.uses_response for f in used)
    return Feature(name, own.unit, own.meaning, "own", missing, own.scale, _sensitivity(name, own, used), uses_response)


def _sensitivity(name: str, own: OwnFeature, used: Sequence[Feature]) -> Class:
    """As stated; else the strictest of the names and texts in it and of the features it is made of."""
    if own.sensitivity is not None:
        return own.sensitivity
    tree = sqlglot.parse_one(own.sql, dialect="duckdb")
    words = [name, own.meaning, *(c.name for c in tree.find_all(exp.Column)), *(t.name for t in tree.find_all(exp.Literal) if t.is_string)]
    found = {sensitivity(word) for word in words} | {f.sensitivity for f in used}
    levels: tuple[Class, ...] = ("A", "B", "C")
    return next((level for level in levels if level in found), "none")
