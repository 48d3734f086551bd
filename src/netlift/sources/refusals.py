"""When a whole table is refused, and the one sentence that says why and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netlift.engine import Engine, quoted
from netlift.errors import SourceError
from netlift.settings import TableSettings
from netlift.sources import quarantine
from netlift.sources.canonical import CANONICAL
from netlift.sources.date_forms import fitting
from netlift.sources.derived import CHECKED, Checked
from netlift.sources.landing import RAW
from netlift.sources.mapping import Mapping
from netlift.sources.quarantine import Commonest
from netlift.sources.relation import Relation
from netlift.sources.values import literal

GOOD = "__problem IS NULL AND __kept"
RETURNING = ("quantity", "amount")  # columns of transactions that are negative where goods came back
MARKS = (  # how a number that was refused may be written → the settings that read it
    (r"\d{1,3},\d{3}", 'decimal = "," or thousands = ",", whichever the comma is,'),
    (r"\d+,\d+", 'decimal = ","'),
    (r"\d{1,3}(\.\d{3})+(,\d+)?", 'decimal = "," and thousands = "."'),
    (r"\d{1,3}(,\d{3})+(\.\d+)?", 'thousands = ","'),
)
# an address; a telephone number with its country or area code; several words, as names have
_PRIVATE = re.compile(r"@|^\s*(\+|00|\()[\d\s()/.-]{6,}$|^\s*0\d{2,}[\s/-]\d{3,}|[^\W\d_]{2,}[\s,]+[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Seen:
    """The first value refused for one reason, where it may be shown, and for dates the forms that all such values fit."""

    value: str | None
    forms: tuple[str, ...] | None = None


Reasons = dict[tuple[str, str], Seen]  # by column and reason


def seen(engine: Engine, mapping: Mapping, checked: Checked) -> Reasons:
    """What the refused rows of CHECKED hold."""
    if not engine.rows(f"SELECT 1 FROM {CHECKED} WHERE __problem IS NOT NULL LIMIT 1"):
        return {}
    numbers = [n for (n,) in engine.rows(f"SELECT DISTINCT __problem FROM {CHECKED} WHERE __problem IS NOT NULL ORDER BY 1")]
    found: Reasons = {}
    for number in numbers:
        problem = checked.problems[number]
        source = mapping.source_of(problem.column)
        if source is not None and mapping.table != "contacts":
            rows = f"FROM {RAW} JOIN {CHECKED} USING (__file, __line) WHERE __problem = {number}"
            value = f"SELECT CAST({mapping.raw(source)} AS VARCHAR) AS t {rows}"
            first = engine.rows(f"{value} ORDER BY __file, __line LIMIT 1")[0][0]
            forms = tuple(fitting(engine, value)) if problem.is_date else None
            found[problem.column, problem.reason] = Seen(None if first is None or is_private(str(first)) else str(first), forms)
    return found


def is_private(value: str) -> bool:
    """Whether a value looks like a person's address, number or name, which no finding and no error shows."""
    return _PRIVATE.search(value) is not None


def to_quarantine(engine: Engine, mapping: Mapping, relation: Relation, checked: Checked) -> None:
    """Put the rows of CHECKED that have a problem into quarantine."""
    if not checked.problems:
        return
    cases = " ".join(f"WHEN {i} THEN {literal(p.column)}" for i, p in enumerate(checked.problems))
    reasons = " ".join(f"WHEN {i} THEN {literal(p.reason)}" for i, p in enumerate(checked.problems))
    found = (
        f"SELECT __file, __line, CASE __problem {cases} END AS column_name, CASE __problem {reasons} END AS reason "
        f"FROM {CHECKED} WHERE __problem IS NOT NULL"
    )
    quarantine.add_found(engine, mapping, relation, found=found, raw=RAW)


def over_threshold(common: Commonest | None, mapping: Mapping, table: TableSettings, *, known: Reasons, rows_in: int) -> None:
    """Refuse a table of which more than `max_quarantined` was refused row by row.

    Raises:
        SourceError: the commonest reason, its count, its first line, and what to do.
    """
    if common is None or common.refused <= table.max_quarantined * rows_in:
        return
    raise SourceError(
        f"tables.{mapping.table}: {common.refused:,} of {rows_in:,} rows ({100 * common.refused / rows_in:.1f} %) are refused, and at most "
        f"{100 * table.max_quarantined:.0f} % may be; {describe(common, known)}; {_hint(mapping, common, known)}.",
    )


def describe(common: Commonest, known: Reasons) -> str:
    """The commonest reason in words, with the first row's value where it may be shown."""
    value = known.get((common.column, common.reason), Seen(None)).value
    shown = f" '{value[:60]}'" if value else ""
    subject = f"{common.column}{shown}" if common.column else "the row"
    rows = "1 row" if common.rows == 1 else f"{common.rows:,} rows"
    return f"mostly ({rows}, first in '{common.file}' line {common.line}) {subject} {common.reason}"


def repeated_keys(engine: Engine, mapping: Mapping, table: TableSettings, relation: Relation) -> None:
    """Where a table has one row per id: refuse a second row with the same id, put it in quarantine, or leave out all but the last.

    Raises:
        SourceError: an id is there twice and `duplicates` is "refuse".
    """
    key = CANONICAL[mapping.table].key
    if key is None:
        return
    if table.duplicates == "last":
        relation.notes.extend(_keep_last(engine, mapping, key))
        return
    order = f"OVER (PARTITION BY {quoted(key)} ORDER BY __file, __line)"
    repeats = (
        f"SELECT __file, __line, first_value(__file) {order} AS first_file, first_value(__line) {order} AS first_line "
        f"FROM {CHECKED} WHERE {GOOD} QUALIFY row_number() {order} > 1"
    )
    found = engine.rows(f"SELECT count(*) OVER (), __line, first_line FROM ({repeats}) ORDER BY __file, __line LIMIT 1")
    if not found:
        return
    if table.duplicates == "refuse":
        rows, line, first = found[0]
        raise SourceError(
            f"tables.{mapping.table}: {rows:,} {'row repeats' if rows == 1 else 'rows repeat'} a {key} that an earlier row has (first in "
            f"line {line}: the same as in line {first}), and one row per {key} is expected; leave the wrong ones out with where, or write "
            f'duplicates = "quarantine" to keep the first of each, or "last" for the last.',
        )
    files = " ".join(f"WHEN {i} THEN {literal(name)}" for i, name in enumerate(relation.files))
    place = "'line ' || first_line" if len(relation.files) == 1 else f"'line ' || first_line || ' of ' || CASE first_file {files} END"
    reasons = f"SELECT __file, __line, {literal(key)} AS column_name, 'was already seen in ' || {place} AS reason FROM ({repeats})"
    quarantine.add_found(engine, mapping, relation, found=reasons, raw=RAW)
    engine.execute(f"UPDATE {CHECKED} SET __problem = -1 WHERE (__file, __line) IN (SELECT (__file, __line) FROM ({repeats}))")


def _keep_last(engine: Engine, mapping: Mapping, key: str) -> list[str]:
    """Leave out all rows of an id but its last; the remarks say how many, and which of the named columns differ.

    `where` has chosen before: of one file, a row may tell of a customer, or of an order that is not in question. Where that makes an
    earlier row count, it is said.
    """
    named = [c for c in (*(c.name for c in mapping.columns if c.stays and c.name != c.source), *mapping.derive) if c != key]
    differs = ", ".join(f"count_if(low{i} <> high{i})" for i in range(len(named)))
    ends = ", ".join(f"min({quoted(c)}) AS low{i}, max({quoted(c)}) AS high{i}" for i, c in enumerate(named))
    groups = f"SELECT count(*) - 1 AS more{', ' + ends if ends else ''} FROM {CHECKED} WHERE {GOOD} GROUP BY {quoted(key)}"
    more, *different = engine.rows(f"SELECT sum(more){', ' + differs if differs else ''} FROM ({groups})")[0]
    older = _older(engine, key) if mapping.where else []
    if not more:
        return older
    order = f"OVER (PARTITION BY {quoted(key)} ORDER BY __file DESC, __line DESC)"
    earlier = f"SELECT (__file, __line) FROM {CHECKED} WHERE {GOOD} QUALIFY row_number() {order} > 1"
    engine.execute(f"UPDATE {CHECKED} SET __kept = FALSE WHERE (__file, __line) IN ({earlier})")
    changed = ", ".join(f"{name} of {count:,}" for name, count in zip(named, different, strict=True) if count)
    rows = "1 row is" if more == 1 else f"{more:,} rows are"
    return [f"{rows} left out, because a later row has the same {key}{'; what differs: ' + changed if changed else ''}.", *older]


def _older(engine: Engine, key: str) -> list[str]:
    last = f"row_number() OVER (PARTITION BY {quoted(key)} ORDER BY __file DESC, __line DESC) = 1"
    rows = f"SELECT *, {last} AS last FROM {CHECKED} WHERE __problem IS NULL"
    groups = f"SELECT count_if(last AND NOT __kept) AS lost, count_if(__kept) AS others FROM ({rows}) AS r GROUP BY {quoted(key)}"
    count = engine.rows(f"SELECT count(*) FROM ({groups}) AS g WHERE lost > 0 AND others > 0")[0][0]
    if not count:
        return []
    who = f"1 {key} counts" if count == 1 else f"{count:,} {key}s count"
    why = "because where leaves out the last one; if that one tells how it is now, leave the condition out and use the column."
    return [f"{who} by an earlier row, {why}"]


def returned_goods(engine: Engine, mapping: Mapping, table: TableSettings, *, checked: Checked) -> None:
    """Refuse transactions with a negative quantity or amount, unless the settings say that they are returns.

    Raises:
        SourceError: there are such rows and `returns` is "refuse".
    """
    negative = negative_columns(checked) if mapping.table == "transactions" else ""
    if not negative or table.returns == "keep":
        return
    columns = [c for c in RETURNING if c in checked.kinds]
    first = engine.rows(
        f"SELECT count(*) OVER (), __line, {', '.join(columns)} FROM {CHECKED} "
        f"WHERE {GOOD} AND ({negative}) ORDER BY __file, __line LIMIT 1"
    )
    if first:
        rows, line, *values = first[0]
        column, value = next((c, v) for c, v in zip(columns, values, strict=True) if v is not None and v < 0)
        raise SourceError(
            f"tables.transactions: {rows:,} {'row has' if rows == 1 else 'rows have'} a negative quantity or amount, first "
            f"{mapping.source_of(column) or column} {value:,.12g} in line {line}; "
            'write returns = "keep" if they are returned goods, or leave them out with where.',
        )


def negative_columns(checked: Checked) -> str:
    """SQL condition for a transaction that takes something back."""
    return " OR ".join(f"{c} < 0" for c in RETURNING if c in checked.kinds)


def nothing_left(mapping: Mapping, *, rows_in: int, rows_ok: int, rows_left_out: int) -> None:
    """Refuse a table of which no row is left.

    Raises:
        SourceError: no row is left.
    """
    if rows_ok == 0:
        why = f"where, '{mapping.where}', leaves out {rows_left_out:,}" if rows_left_out else "all are refused"
        raise SourceError(f"tables.{mapping.table}: no row of {rows_in:,} is left: {why}; correct the settings or the file.")


def _hint(mapping: Mapping, common: Commonest, known: Reasons) -> str:
    first = known.get((common.column, common.reason), Seen(None))
    where = f"tables.{mapping.table}.format"
    fits = first.forms
    if fits is None:
        marks = next((text for form, text in MARKS if re.fullmatch(f"[+-]?{form}", (first.value or "").strip())), None)
        advice = f"write {marks} in {where}" if marks and common.reason.startswith("is no number") else "correct the file or its format"
        return f"{advice}, or raise max_quarantined"
    if not fits:
        return f"no usual form fits all of these values; write their form as date in {where}, or correct the file if forms are mixed"
    if len(fits) == 1:
        return f"all of these fit '{fits[0]}': write date = \"{fits[0]}\" in {where}"
    return f"these fit {' and '.join(repr(f) for f in fits)} alike: write the right one as date in {where}"
