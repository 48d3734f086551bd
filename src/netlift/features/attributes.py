"""Features that are the customer's own attributes: any numeric column of customers."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from netlift.catalogue import sensitivity
from netlift.records import Feature, Floats, Tables
from netlift.settings import Settings

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
            sensitivity=sensitivity(name),
            uses_response=name in tainted,
        )
        for name, kind in tables.columns("customers").items()
        if kind == "number"
    )


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
