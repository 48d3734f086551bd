"""SQL that turns raw columns into typed ones and numbers what is wrong with a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netlift.engine import quoted
from netlift.sources.canonical import CANONICAL, Kind
from netlift.sources.landing import RAW
from netlift.sources.mapping import Column, Mapping
from netlift.sources.values import EARLIEST, LATEST, Reader, literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that can be wrong with a row; `condition` is SQL over the typed columns."""

    column: str
    reason: str
    condition: str
    is_date: bool = False


def typed(mapping: Mapping, columns: Sequence[Column], reader: Reader) -> tuple[str, list[Problem]]:
    """A query of __file, __line, the columns by their names, __problem (index into the list, NULL where all is well)."""
    texts = ", ".join(_text(i, c, mapping, reader) for i, c in enumerate(columns))
    values = ", ".join(_value(i, c, reader) for i, c in enumerate(columns))
    problems = [p for i, c in enumerate(columns) for p in _problems(i, c, mapping.table, reader)]
    names = {c.name: f"v{i}" for i, c in enumerate(columns)}
    if {"start_date", "end_date"} <= set(names):
        condition = f"{names['end_date']} < {names['start_date']}"
        problems.append(Problem("end_date", "lies before start_date", condition))
    shown = [f"v{i} AS {quoted(c.name)}" for i, c in enumerate(columns)]
    if CANONICAL[mapping.table].local_time and "timestamp" in names:
        shown.append(f"{reader.local(names['timestamp'])} AS local_timestamp")
    query = (
        f"SELECT __file, __line, {', '.join(shown)}, {first_problem(problems)} AS __problem FROM "
        f"(SELECT *, {values} FROM (SELECT __file, __line, {texts} FROM {RAW}))"
    )
    return query, problems


def first_problem(problems: Sequence[Problem], *, start: int = 0) -> str:
    """The index of the first problem of a row, counted from `start`."""
    cases = " ".join(f"WHEN {p.condition} THEN {i}" for i, p in enumerate(problems, start))
    return f"CASE {cases} END" if cases else "CAST(NULL AS INTEGER)"


def range_problems(name: str, kind: Kind, value: str, table: str) -> list[Problem]:
    """What can be wrong with a value that could be read; `value` is SQL."""
    problems = []
    if kind == "number":
        problems.append(Problem(name, "is no finite number", f"NOT isfinite({value})"))
    if table == "survey" and name == "weight":
        problems.append(Problem(name, "is below 0, and a weight is 0 or more", f"{value} < 0"))
    if kind in {"instant", "day"}:
        outside = f"{value} < {EARLIEST} OR {value} >= {LATEST}"
        problems.append(Problem(name, "lies outside the years 1900 to 2100", outside))
    if kind == "day" and name in CANONICAL[table].columns:
        problems.append(Problem(name, "has a time of day, and whole days are expected", f"{value} <> date_trunc('day', {value})"))
    choices = (CANONICAL[table].choices or {}).get(name)
    if choices:
        words = ", ".join(map(literal, choices))
        problems.append(Problem(name, f"is none of {', '.join(choices)}", f"{value} NOT IN ({words})"))
    return problems


def _problems(i: int, column: Column, table: str, reader: Reader) -> list[Problem]:
    problems = []
    if column.filled:
        problems.append(Problem(column.name, "is missing", f"t{i} IS NULL OR (v{i} IS NULL AND {_is_nan(i, column)})"))
    unread = f"t{i} IS NOT NULL AND v{i} IS NULL AND NOT {_is_nan(i, column)}"
    if column.kind == "number":
        problems.append(Problem(column.name, f"is no number{_number_form(reader)}", unread))
    if column.kind in {"instant", "day"}:
        problems.append(Problem(column.name, f"is no date of the form {reader.expected_date}", unread, is_date=True))
    return [*problems, *range_problems(column.name, column.kind or "text", f"v{i}", table)]


def _is_nan(i: int, column: Column) -> str:
    """NaN is how tools that know no missing value write one."""
    return f"isnan(t{i})" if column.native == "float" and column.kind == "number" else "FALSE"


def _number_form(reader: Reader) -> str:
    example = f"1{reader.format.thousands}234{reader.format.decimal}5"
    return f" of the form {example}" if example != "1234.5" else ""


def _text(i: int, column: Column, mapping: Mapping, reader: Reader) -> str:
    raw = mapping.raw(column.source)
    if column.native == "text":
        return f"{reader.present(raw)} AS t{i}"
    if column.native == "whole" and column.kind in {"instant", "day"}:
        return f"CAST({raw} AS VARCHAR) AS t{i}"  # 19970131
    return f"{raw} AS t{i}"


def _value(i: int, column: Column, reader: Reader) -> str:
    text = f"t{i}"
    if column.kind in {"id", "text"}:
        value = f"CAST({text} AS VARCHAR)"
    elif column.kind == "number":
        value = _number(text, column, reader)
    elif column.kind == "day":
        value = _day(text, column, reader)
    else:
        value = _instant(text, column, reader)
    return f"{value} AS v{i}"


def _number(text: str, column: Column, reader: Reader) -> str:
    if column.native == "text":
        return reader.number(text)
    return f"CASE WHEN NOT isnan({text}) THEN CAST({text} AS DOUBLE) END" if column.native == "float" else f"CAST({text} AS DOUBLE)"


def _instant(text: str, column: Column, reader: Reader) -> str:
    if column.native == "time":
        return reader.utc(f"CAST({text} AS TIMESTAMP)")
    if column.native == "time_with_zone":
        return f"timezone('UTC', {text})"
    return f"CASE WHEN {reader.carries_offset(text)} THEN {reader.moment(text)} ELSE {reader.utc(reader.moment(text))} END"


def _day(text: str, column: Column, reader: Reader) -> str:
    """A calendar day is the same day in every zone: it is not moved."""
    if column.native == "time":
        return f"CAST({text} AS TIMESTAMP)"
    if column.native == "time_with_zone":
        return reader.local(f"timezone('UTC', {text})")
    return f"CASE WHEN {reader.carries_offset(text)} THEN {reader.local(reader.moment(text))} ELSE {reader.moment(text)} END"
