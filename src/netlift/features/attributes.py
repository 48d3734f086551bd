"""Features that are the customer's own attributes: any numeric column of customers."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from netlift.catalogue import Class, sensitivity
from netlift.records import Feature, Floats, Tables
from netlift.settings import Settings

REGISTERED_ONLY = ("A", "B")  # classes of columns that must be registered before a feature is made of them
SHOWN = 5  # columns that a note names
SKEWED = 1.0  # skewness from which a column without negative values is scaled by its logarithm


def attributes(settings: Settings, tables: Tables) -> tuple[Feature, ...]:
    """One feature per numeric column of customers, in the table's order; scale is decided later, by `scaled`."""
    tainted = _tainted(settings)
    return tuple(
        Feature(
            name,
            "",
            name,
            "attribute",
            "missing where the column is empty",
            sensitivity=class_of(settings, "customers", name),
            uses_response=name in tainted,
        )
        for name, kind in tables.columns("customers").items()
        if kind == "number" and usable(settings, "customers", name)
    )


def class_of(settings: Settings, table: str, column: str) -> Class:
    """How sensitive a column is: as registered, else by the words in its name."""
    told = settings.tables.get(table)
    entry = ((told and told.registered) or {}).get(column)
    return (entry and entry.sensitivity) or sensitivity(column)


def usable(settings: Settings, table: str, column: str) -> bool:
    """Whether a feature may be made of a column: what is sensitive of class A or B must be registered, or derived by the settings."""
    told = settings.tables.get(table)
    return sensitivity(column) not in REGISTERED_ONLY or (told is not None and column in {**(told.registered or {}), **told.derive})


def unregistered(settings: Settings, tables: Tables) -> tuple[str, ...]:
    """A note on the columns of customers and enrichment that nobody registered, and one on those that are not used for it."""
    found = []
    for table in ("customers", "enrichment"):
        told, canonical = settings.tables.get(table), ("customer_id", "consent_reference", "obtained_at")
        if told is None or told.registered is not None:
            continue
        names = [c for c in tables.columns(table) if c not in canonical and c not in told.derive]
        if names:
            shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
            found.append(f"{len(names)} columns of {table} are not registered ({shown}): netlift check prints the lines to paste")
        found += [
            f"{name} of {table} is sensitive of class {sensitivity(name)} and not registered, so no feature is made of it"
            for name in names
            if not usable(settings, table, name)
        ]
    return tuple(found)


def _tainted(settings: Settings) -> frozenset[str]:
    """The outcome's column and every derived column that was computed from it."""
    if settings.response is None or settings.response.column is None:
        return frozenset()
    tainted = {settings.response.column}
    customers = settings.tables.get("customers")
    for name, text in (customers.derive if customers else {}).items():
        used = {c.name for c in sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Column)}
        if used & tainted:
            tainted.add(name)
    return frozenset(tainted)


def skewed(values: Floats) -> bool:
    """Whether a column, shape (n,), has no negative value and a long right tail (moment skewness over SKEWED)."""
    known = values[values == values]  # noqa: PLR0124 - NaN is the only value that differs from itself
    if known.size < 3 or known.min() < 0 or known.std() == 0:
        return False
    return bool((((known - known.mean()) / known.std()) ** 3).mean() > SKEWED)
