"""The values of buyers, as (arm, value, count): fetched only where the skew gate asks for them."""

from __future__ import annotations

import numpy as np

from netlift.engine import Session
from netlift.measurement.arms.cells import Units
from netlift.measurement.arms.permutation import Values
from netlift.records import Floats


def read_values(engine: Session, units: Units, place: int, *, control: str, treated: str, segment: str | None = None) -> Values:
    """The values other than 0 of metric number `place` of two arms; `units` as for `read_cells`."""
    only, given = ("", []) if segment is None else ("AND segment = ?", [segment])
    sql = f"""
SELECT arm, y{place} AS value, count(*) AS n FROM ({units.sql}) AS units WHERE arm IN (?, ?) {only} GROUP BY arm, y{place}
"""
    found: dict[str, Floats] = {}
    sizes: dict[str, int] = {}
    rows = engine.arrow(sql, [*units.parameters, control, treated, *given])
    arm = np.array(rows["arm"].to_pylist(), dtype=object)
    value, n = rows["value"].to_numpy(), rows["n"].to_numpy()
    for name in (control, treated):
        of = arm == name
        sizes[name] = int(n[of].sum())
        order = np.argsort(value[of & (value != 0)])  # engines give rows in any order; the draws must not depend on it
        found[name] = np.repeat(value[of & (value != 0)][order], n[of & (value != 0)][order])
    return Values(found[control], found[treated], sizes[control], sizes[treated])
