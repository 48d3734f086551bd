"""Which usual date form fits values that are not of the expected one: for advice in messages, never for reading."""

from __future__ import annotations

from netlift.engine import Engine
from netlift.sources.values import EARLIEST, LATEST, literal

_DAYS = ("%d-%m-%Y", "%m-%d-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d", "%Y%m%d", "%d-%b-%Y", "%d %b %Y")
FORMS = tuple(day + time for time in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f") for day in _DAYS)
SAMPLE = 100  # values that rule most forms out before all values are looked at


def fitting(engine: Engine, texts: str) -> list[str]:
    """The forms that all values fit; `texts` is a query of one column t without missing values."""
    forms = list(FORMS)
    for query in (f"{texts} LIMIT {SAMPLE}", texts):
        if forms:
            counts = ", ".join(
                f"count_if(coalesce(try_strptime(trim(t), {literal(f)}) BETWEEN {EARLIEST} AND {LATEST}, FALSE))" for f in forms
            )
            total, *fits = engine.rows(f"SELECT count(*), {counts} FROM ({query})")[0]
            forms = [form for form, count in zip(forms, fits, strict=True) if count == total > 0]
    return forms
