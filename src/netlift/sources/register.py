"""The column register: why each column is held, where it is from, how sensitive it is, and until when.

Columns of the canonical tables are registered here; further ones of customers and enrichment in netlift.toml. Where a table has a
register, or `project.strict_register` is on, a column that is not in it is refused. A column whose purpose or retention has ended is
not read, whatever the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from netlift import expressions
from netlift.catalogue import sensitivity
from netlift.errors import Refused, SettingsError
from netlift.records import Tables
from netlift.settings import RegisteredColumn, Settings, TableSettings
from netlift.sources import private_numbers
from netlift.sources.canonical import CANONICAL, STORED_AS
from netlift.sources.relation import Relation

WITH_ATTRIBUTES = ("customers", "enrichment")  # tables whose further columns can be features
PURPOSES = {
    "customers": "to tell customers apart",
    "transactions": "to learn what customers buy, and what campaigns earn",
    "products": "to learn what customers buy",
    "events": "to learn what customers look at",
    "survey": "to learn what customers say",
    "enrichment": "as customers were told",
    "contacts": "to reach customers; encrypted, never in features",
    "consents": "to prove consent",
    "campaigns": "to measure campaigns",
    "contacted": "to limit contacts, and to measure campaigns",
    "responses": "to measure campaigns",
}


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One column of one table, as the register has it."""

    table: str
    column: str
    purpose: str  # "" = not registered
    source: str
    sensitivity: str
    until: date | None  # the last day on which it is read
    standing: str  # "canonical", "registered", "derived", "not registered", "ended"


def today() -> date:
    """The day by which purposes end, in UTC."""
    return datetime.now(UTC).date()


def allowed(name: str, settings: Settings, relation: Relation) -> Relation:
    """The source without the columns whose purpose or retention has ended.

    Raises:
        Refused: a column is not registered where the register is in force, or one that has ended is needed; the message says what to write.
        SettingsError: the register names a column that the source does not have.
    """
    table = settings.tables[name]
    own = _own_names(table, relation.columns)
    _check_known(name, table, own.values())
    unknown = unregistered(name, table, own.values())
    if unknown and in_force(name, settings):
        raise Refused(
            f"tables.{name} has {len(unknown)} {'column' if len(unknown) == 1 else 'columns'} that the register does not: "
            f"{', '.join(unknown)}; leave them out of the file, or write why they are held:\n{lines(name, unknown)}"
        )
    ended = {source: column for source, column in own.items() if (entry := _entry(table, column)) and _ended(entry)}
    for source, column in ended.items():
        _check_needed(name, table, column=column, source=source)
        relation.notes.append(f"{column} is not read: its purpose or retention ended on {_until(table, column)}.")
    return private_numbers.without(relation, ended) if ended else relation


def in_force(name: str, settings: Settings) -> bool:
    """Whether columns that are not registered are refused."""
    return name in WITH_ATTRIBUTES and (settings.project.strict_register or settings.tables[name].registered is not None)


def unregistered(name: str, table: TableSettings, columns: Iterable[str]) -> list[str]:
    """Those of a table's columns that nobody registered; derived ones stand for the columns they are made of."""
    if name not in WITH_ATTRIBUTES:
        return []
    known = {*CANONICAL[name].columns, *(table.registered or {}), *table.derive}
    return [column for column in columns if column not in known]


def lines(name: str, columns: Sequence[str]) -> str:
    """What to paste into netlift.toml, with the purposes left to be written."""
    entries = [f'{_key(c)} = {{ purpose = "…", source = "…", sensitivity = "{sensitivity(c)}" }}' for c in columns]
    return "\n".join([f"[tables.{name}.registered]", *entries])


def column_register(settings: Settings, tables: Tables) -> list[RegisterEntry]:
    """Every column of every table that was read, and those that are not read any more."""
    found = []
    for read in tables.inputs:
        table = settings.tables[read.table]
        ended = [c for c, entry in (table.registered or {}).items() if _ended(entry) and c not in read.columns]
        made = {"local_timestamp"} & set(read.columns)
        found += [_told(read.table, table, c, source=read.source) for c in (*(c for c in read.columns if c not in made), *ended)]
    return found


def _told(name: str, table: TableSettings, column: str, *, source: str) -> RegisterEntry:
    entry, canonical = _entry(table, column), column in CANONICAL[name].columns
    given = table.purpose or PURPOSES[name]
    made = f"derived: {table.derive[column]}" if column in table.derive else ""
    if entry is not None:
        standing = "ended" if _ended(entry) else "registered"
    else:
        standing = "canonical" if canonical else "derived" if made else "registered" if name not in WITH_ATTRIBUTES else "not registered"
    return RegisterEntry(
        table=name,
        column=column,
        purpose=entry.purpose if entry else "" if standing == "not registered" else given,
        source=(entry and entry.source) or made or table.provider or source,
        sensitivity=(entry and entry.sensitivity) or ("none" if canonical else sensitivity(column)),
        until=entry.until if entry else None,
        standing=standing,
    )


def _own_names(table: TableSettings, columns: Iterable[str]) -> dict[str, str]:
    """The source's names → the names that the table has."""
    renamed = {source: STORED_AS.get(name, name) for name, source in table.columns.items()}
    return {source: renamed.get(source, source) for source in columns}


def _entry(table: TableSettings, column: str) -> RegisteredColumn | None:
    return (table.registered or {}).get(column)


def _until(table: TableSettings, column: str) -> str:
    entry = _entry(table, column)
    return str(entry.until) if entry else ""


def _ended(entry: RegisteredColumn) -> bool:
    return entry.until is not None and entry.until < today()


def _check_known(name: str, table: TableSettings, columns: Collection[str]) -> None:
    for column in table.registered or {}:
        if column not in {*columns, *table.derive, *CANONICAL[name].columns}:
            raise SettingsError(
                f"tables.{name}.registered names '{column}', which is no column of the table{expressions.closest(column, list(columns))}."
            )


def _check_needed(name: str, table: TableSettings, *, column: str, source: str) -> None:
    """What has ended must not be asked for: leaving it out in silence would change what an expression means."""
    if column in CANONICAL[name].required or {column, source} & private_numbers.asked_for(table):
        raise Refused(
            f"tables.{name} needs '{column}', whose purpose or retention ended on {_until(table, column)}; take it out of columns, types, "
            "derive and where, or register it anew if there is a new purpose that customers were told."
        )


def _key(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z0-9_-]+", column) else json.dumps(column, ensure_ascii=False)
