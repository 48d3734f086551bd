"""Columns whose kind nobody declared: the whole column decides between number, moment and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.sources.canonical import CANONICAL, Kind
from netlift.sources.date_forms import fitting
from netlift.sources.landing import RAW
from netlift.sources.mapping import Column, Mapping
from netlift.sources.values import Reader

SOME = 0.1  # share of numbers or dates from which a column that stays text is worth a remark
AT_ONCE = 20  # columns in one query: the engine's planning grows faster than their number
EXACT = 2**53  # whole numbers beyond it are not exact as DOUBLE


@dataclass(frozen=True, slots=True)
class _Facts:
    """Counts over one column of text."""

    present: int
    numbers: int
    coded: int  # numbers that look like codes: a leading zero, or too long to be exact
    moments: int
    timed: int  # moments with a time of day
    first_line: int | None  # line and text of the first value that is no number
    first_value: str | None
    coded_line: int | None
    undated_line: int | None  # line and text of the first value that is no moment
    undated_value: str | None


def decide(engine: Engine, mapping: Mapping, reader: Reader) -> tuple[tuple[Column, ...], list[str]]:
    """The columns with every kind decided, and remarks about columns that are mixed.

    number: every value is a number, none with a leading zero. A moment ("day" where no value has a time of day): every
    value fits the date format. Else text.

    Raises:
        SourceError: a date format is declared, and a column holds dates of another one.
    """
    undecided = [c for c in mapping.columns if _is_open(c, mapping)]
    facts = [f for i in range(0, len(undecided), AT_ONCE) for f in _facts(engine, mapping, undecided[i : i + AT_ONCE], reader)]
    found = dict(zip((c.name for c in undecided), facts, strict=True))
    decided: list[Column] = []
    findings: list[str] = []
    for column in mapping.columns:
        if column.name in found:
            kind, finding = _kind(column, found[column.name], reader.expected_date)
            decided.append(replace(column, kind=kind))
            advice = _other_dates(engine, mapping, column, reader) if kind == "text" and column.native == "text" else ""
            findings += [f"{mapping.table}: {text}" for text in (advice or finding,) if text]
        else:
            decided.append(column)
    return tuple(decided), findings


def _is_open(column: Column, mapping: Mapping) -> bool:
    """Whether the values decide; of a moment, only whether it has a time of day."""
    return column.kind is None or (column.kind == "instant" and column.name not in CANONICAL[mapping.table].columns)


def _facts(engine: Engine, mapping: Mapping, columns: Sequence[Column], reader: Reader) -> list[_Facts]:
    moments = CANONICAL[mapping.table].attributes == "typed"
    inner = ", ".join(
        f"{reader.present(mapping.raw(c.source))} AS t{i}" if c.native == "text" else f"{mapping.raw(c.source)} AS t{i}"
        for i, c in enumerate(columns)
    )
    middle = ", ".join(_parsed(i, c, reader, moments=moments or c.kind == "instant") for i, c in enumerate(columns))
    outer = ", ".join(_counts(i) for i in range(len(columns)))
    row = engine.rows(f"SELECT {outer} FROM (SELECT __line, {middle} FROM (SELECT __line, {inner} FROM {RAW}))")[0]
    size = len(fields(_Facts))
    return [_Facts(*row[i : i + size]) for i in range(0, len(row), size)]


def _parsed(i: int, column: Column, reader: Reader, *, moments: bool) -> str:
    """t: the value as text; n: as a number; c: whether it looks like a code; m: as a moment."""
    number, coded, moment = "CAST(NULL AS DOUBLE)", "FALSE", "CAST(NULL AS TIMESTAMP)"
    if column.native == "text":
        number = reader.number(f"t{i}")
        coded = f"regexp_matches(t{i}, '^[ +-]*0[0-9]') OR (abs({number}) > {EXACT} AND regexp_matches(t{i}, '^[ +-]*[0-9]+ *$'))"
        moment = reader.moment(f"t{i}") if moments else moment
    elif column.native in {"time", "time_with_zone"}:
        moment = f"CAST(t{i} AS TIMESTAMP)" if column.native == "time" else f"timezone('UTC', t{i})"
    else:
        number = f"CAST(t{i} AS DOUBLE)"
        coded = f"abs(CAST(t{i} AS DOUBLE)) > {EXACT}" if column.native == "whole" else coded
    return f"CAST(t{i} AS VARCHAR) AS t{i}, {number} AS n{i}, coalesce({coded}, FALSE) AS c{i}, {moment} AS m{i}"


def _counts(i: int) -> str:
    """In the order of _Facts."""
    odd, undated = (f"t{i} IS NOT NULL AND {parsed}{i} IS NULL" for parsed in ("n", "m"))
    return (
        f"count(t{i}), count(n{i}), count_if(c{i}), count(m{i}), count_if(m{i} <> date_trunc('day', m{i})), "
        f"min(__line) FILTER (WHERE {odd}), min_by(t{i}, __line) FILTER (WHERE {odd}), min(__line) FILTER (WHERE c{i}), "
        f"min(__line) FILTER (WHERE {undated}), min_by(t{i}, __line) FILTER (WHERE {undated})"
    )


def _other_dates(engine: Engine, mapping: Mapping, column: Column, reader: Reader) -> str:
    """A remark on a column of text that holds dates of another form than the expected one."""
    if CANONICAL[mapping.table].attributes != "typed" or column.name in CANONICAL[mapping.table].columns or column.kind is not None:
        return ""
    raw = mapping.raw(column.source)
    forms = fitting(engine, f"SELECT t FROM (SELECT {reader.present(raw)} AS t FROM {RAW}) WHERE t IS NOT NULL")
    if not forms:
        return ""
    line, example = engine.rows(f"SELECT min(__line), min_by({raw}, __line) FROM {RAW} WHERE {reader.present(raw)} IS NOT NULL")[0]
    seen = f"{column.name} holds dates such as '{example}' (line {line}), which fit {' and '.join(map(repr, forms))}"
    if reader.format.date is not None:
        raise SourceError(
            f"tables.{mapping.table}: {seen}, and not the declared form {reader.expected_date}; "
            f'correct date in tables.{mapping.table}.format, or write types = {{ {column.name} = "text" }}.',
        )
    return f"{seen} and not {reader.expected_date}; they stay text until date is written in tables.{mapping.table}.format."


def _kind(column: Column, facts: _Facts, form: str) -> tuple[Kind, str]:
    """The kind, and a remark where the column is mixed."""
    if column.kind == "instant" or (facts.present and facts.moments == facts.present):
        return ("instant" if facts.timed or not facts.present else "day"), ""
    if facts.moments > SOME * facts.present:
        others = facts.present - facts.moments
        return "text", (
            f"{column.name} stays text, because {others:,} of its {facts.present:,} values are no dates of the form {form}, first "
            f"'{facts.undated_value}' in line {facts.undated_line}."
        )
    if not facts.present or facts.numbers < SOME * facts.present:
        return ("number" if column.native in {"whole", "float", "decimal", "boolean"} else "text"), ""
    if facts.numbers < facts.present:
        others = facts.present - facts.numbers
        return "text", (
            f"{column.name} stays text, because {others:,} of its {facts.present:,} values are no numbers, first '{facts.first_value}' "
            f'in line {facts.first_line}; to quarantine those rows write types = {{ {column.name} = "number" }}, or name the word under '
            "format.missing."
        )
    if facts.coded:
        return "text", (
            f"{column.name} stays text, because {facts.coded:,} of its numbers have a leading zero or too many digits, first in line "
            f"{facts.coded_line}: it looks like a code."
        )
    return "number", ""
