"""derive and where: the user's expressions over the typed rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from netlift import expressions
from netlift.engine import Engine, quoted
from netlift.errors import ExpressionError
from netlift.sources.canonical import CANONICAL, Kind
from netlift.sources.mapping import Column, Mapping
from netlift.sources.typed import Problem, first_problem, range_problems, typed
from netlift.sources.values import Reader

# __file, __line, the canonical table's columns, __problem, __kept (where is true), __failed (the first condition of where,
# counted from 0, that is not true)
CHECKED = "__checked"


@dataclass(frozen=True, slots=True)
class Checked:
    """What CHECKED holds."""

    kinds: dict[str, Kind]  # of the canonical table's columns
    problems: tuple[Problem, ...]  # __problem is an index into it


def check_rows(engine: Engine, mapping: Mapping, columns: Sequence[Column], reader: Reader) -> Checked:
    """Type the raw rows, run derive and where over them, and number what is wrong with each row, into CHECKED.

    Raises:
        ExpressionError: an expression fails on the engine or gives the wrong kind of value; the message names it.
    """
    query, problems = typed(mapping, columns, reader)
    layers = [query]
    for name, text in mapping.derive.items():
        layers.append(_derive(layers[-1], name, text))
        _attempt(engine, f"DESCRIBE {layers[-1]}", f"tables.{mapping.table}.derive.{name}")
    types = {row[0]: row[1] for row in engine.rows(f"DESCRIBE {layers[-1]}")}
    derived = {name: _derived_kind(mapping.table, name, types[name]) for name in mapping.derive}
    kinds = {**{c.name: c.kind or "text" for c in columns if c.stays}, **derived}
    stored = [quoted(c.name) for c in columns if c.stays]
    stored += [f"{_derived_value(name, kind, mapping.table, reader)} AS {quoted(name)}" for name, kind in derived.items()]
    later = [p for name, kind in derived.items() for p in _derived_problems(mapping.table, name, kind)]
    kept = _kept(engine, layers[-1], mapping)
    verdicts = f"{kept} AS __kept, {_failed(mapping)} AS __failed"
    inner = f"SELECT __file, __line, __problem AS __first, {', '.join(stored)}, {verdicts} FROM ({layers[-1]})"
    second = first_problem(later, start=len(problems))
    final = f"SELECT * EXCLUDE (__first), coalesce(__first, {second}) AS __problem FROM ({inner})"
    try:
        engine.execute(f"CREATE OR REPLACE TABLE {CHECKED} AS {final}")
    except duckdb.Error:
        _blame(engine, layers, mapping)
        raise
    return Checked(kinds, (*problems, *later))


def _derive(query: str, name: str, text: str) -> str:
    # The line break ends whatever a text might leave open.
    return f"SELECT *, ({text}\n) AS {quoted(name)} FROM ({query})"


def _attempt(engine: Engine, sql: str, what: str) -> None:
    try:
        engine.rows(sql)
    except duckdb.Error as error:
        said = re.sub(r"'.*'|\".*\"", "'…'", str(error).splitlines()[0])  # values could be a person's, O'Neil's too
        raise ExpressionError(f"{what} cannot be computed: {said}; correct the expression.") from error


def _blame(engine: Engine, layers: Sequence[str], mapping: Mapping) -> None:
    """Say which expression failed on the rows."""
    for query, name in zip(layers[1:], mapping.derive, strict=True):
        _attempt(engine, f"SELECT count({quoted(name)}) FROM ({query})", f"tables.{mapping.table}.derive.{name}")
    if mapping.where:
        _attempt(engine, f"SELECT count_if({mapping.where}\n) FROM ({layers[-1]})", f"tables.{mapping.table}.where")


def _kept(engine: Engine, query: str, mapping: Mapping) -> str:
    if not mapping.where:
        return "TRUE"
    what = f"tables.{mapping.table}.where"
    described = f"DESCRIBE SELECT ({mapping.where}\n) FROM ({query})"
    _attempt(engine, described, what)
    kind = engine.rows(described)[0][1]
    if kind != "BOOLEAN":
        raise ExpressionError(f"{what}, '{mapping.where}', gives a {kind.lower()}, and a condition that is true or false is expected.")
    return f"coalesce(({mapping.where}\n), FALSE)"


def _failed(mapping: Mapping) -> str:
    conditions = expressions.conditions(mapping.where) if mapping.where else ()
    cases = " ".join(f"WHEN NOT coalesce(({text}\n), FALSE) THEN {i}" for i, text in enumerate(conditions))
    return f"CASE {cases} END" if cases else "CAST(NULL AS INTEGER)"


def _derived_kind(table: str, name: str, native: str) -> Kind:
    """The kind of a derived column: the canonical one, or by what the expression gives."""
    if native in {"TIMESTAMP", "DATE"}:
        given: Kind = "day" if native == "DATE" else "instant"
    elif native == "VARCHAR":
        given = "text"
    else:
        given = "number"
    kind = CANONICAL[table].columns.get(name)
    if kind is None:
        return given
    if (
        given != kind
        and not (kind in {"id", "text"} and (given == "text" or native in {"BIGINT", "INTEGER"}))
        and not {given, kind} <= {"instant", "day"}
    ):
        raise ExpressionError(
            f"tables.{table}.derive.{name} gives a {native.lower()}, and {name} is {_WORDS[kind]}; convert it with try_cast."
        )
    return kind


_WORDS: dict[Kind, str] = {"id": "an id (text)", "text": "a text", "number": "a number", "instant": "a moment", "day": "a day"}


def _derived_value(name: str, kind: Kind, table: str, reader: Reader) -> str:
    """A derived moment in a canonical column is on the table's clock, like those in the file; others stay as they are."""
    column = quoted(name)
    if kind in {"id", "text"}:
        return f"CAST({column} AS VARCHAR)"
    if kind == "number":
        return f"CAST({column} AS DOUBLE)"
    moment = f"CAST({column} AS TIMESTAMP)"
    return reader.utc(moment) if kind == "instant" and name in CANONICAL[table].columns else moment


def _derived_problems(table: str, name: str, kind: Kind) -> list[Problem]:
    column = quoted(name)
    missing = [Problem(name, "is missing (derived)", f"{column} IS NULL")] if name in CANONICAL[table].filled else []
    return [*missing, *range_problems(name, kind, column, table)]
