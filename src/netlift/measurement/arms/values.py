"""The values of buyers, as (arm, value, count): fetched only where the skew gate asks for them."""

from __future__ import annotations

import numpy as np

from netlift.engine import Session
from netlift.measurement.arms.cells import Units
from netlift.measurement.arms.permutation import Values
from netlift.measurement.summaries import Flags
from netlift.records import Floats, Ints


def read_values(
    engine: Session, units: Units, place: int, *, control: str, treated: str, segment: str | None = None, ratio: bool = False
) -> Values:
    """The values other than 0 of metric number `place` of two arms, with their denominators where it is a ratio."""
    only, given = ("", []) if segment is None else ("AND segment = ?", [segment])
    columns = f"y{place}, d{place}" if ratio else f"y{place}"
    sql = f"""
SELECT arm, {columns}, count(*) AS n FROM ({units.sql}) AS units WHERE arm IN (?, ?) {only} GROUP BY arm, {columns}
"""
    rows = engine.arrow(sql, [*units.parameters, control, treated, *given])
    arm = np.array(rows["arm"].to_pylist(), dtype=object)
    y, n = rows[f"y{place}"].to_numpy(), rows["n"].to_numpy()
    d = rows[f"d{place}"].to_numpy() if ratio else np.zeros(len(y))
    sides = [_side(y, d, n, arm == name) for name in (control, treated)]
    (first, below, size), (second, under, other) = sides
    return Values(first, second, size, other, (below, under) if ratio else None)


def _side(y: Floats, d: Floats, n: Ints, of: Flags) -> tuple[Floats, Floats, int]:
    """Values and denominators of the customers who have any, and the number of all."""
    order = np.lexsort((d, y))  # engines give rows in any order; the draws must not depend on it
    some = order[(of & ((y != 0) | (d != 0)))[order]]
    return np.repeat(y[some], n[some]), np.repeat(d[some], n[some]), int(n[of].sum())
