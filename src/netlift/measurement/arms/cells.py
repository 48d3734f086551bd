"""Cells: the moments of every metric by experiment, arm, segment and entry day, from one query of the engine.

The entry day is the day of a customer's first assignment, so that cells hold different customers and add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from netlift.engine import Session
from netlift.errors import InputError
from netlift.measurement.arms.metric import Metric
from netlift.measurement.arms.moments import Moments, terms
from netlift.records import Floats

VARIABLES = "ydxe"
CAP = 0.999  # quantile of all arms' values other than 0 at which a mean is capped


@dataclass(frozen=True, slots=True)
class Units:
    """A query with one row per customer.

    Its columns: experiment, arm, segment (texts), entry_day (whole), and of metric 0, 1, … the variables y0, d0, x0, e0, …
    that it needs, as DOUBLE and never NULL.
    """

    sql: str
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Customers of one experiment, arm, segment and entry day (days since 1970-01-01), and their moments by metric."""

    experiment: str
    arm: str
    segment: str
    day: int
    moments: Mapping[str, Moments]


def read_cells(engine: Session, units: Units, metrics: Sequence[Metric]) -> tuple[Cell, ...]:
    """All cells.

    One query does it; a second about the means is made only where a metric's mean is so far from 0 that its sums cancel.

    Raises:
        InputError: two metrics have one name.
    """
    names = [metric.name for metric in metrics]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"The metric '{twice[0]}' is asked for {names.count(twice[0])} times; ask once.")
    about = np.zeros((len(metrics), 4))
    cells = _read(engine, units, metrics, about)
    whole = [added(cells, metric.name) for metric in metrics]
    if not any(m is not None and m.far() for m in whole):
        return cells
    return _read(engine, units, metrics, np.array([np.zeros(4) if m is None else m.means for m in whole]))


def added(cells: Iterable[Cell], metric: str) -> Moments | None:
    """The moments of some cells together; None where there is no cell."""
    some = [cell.moments[metric] for cell in cells]
    return reduce(add, some) if some else None


def _read(engine: Session, units: Units, metrics: Sequence[Metric], about: Floats) -> tuple[Cell, ...]:
    parameters = [float(about[j, place]) for j, metric in enumerate(metrics) for place in metric.places]
    parameters += [float(about[j, 0]) for j, metric in enumerate(metrics) if metric.kind == "mean"]
    rows = engine.rows(sums(units.sql, metrics), [*units.parameters, *parameters])
    return tuple(Cell(row[0], row[1], row[2], row[3], _moments(row[4:], metrics, about)) for row in sorted(rows, key=lambda row: row[:4]))


def _moments(row: Sequence[float], metrics: Sequence[Metric], about: Floats) -> dict[str, Moments]:
    found, place = {}, 1
    for j, metric in enumerate(metrics):
        capped = metric.kind == "mean"
        size = 2 + len(terms(metric.places)) + 4 * capped
        part = np.array([row[0], *(np.nan if value is None else value for value in row[place : place + size])], dtype=np.float64)
        place += size
        cap, part = (float(part[-1]), part[:-1]) if capped else (np.nan, part)
        found[metric.name] = Moments.read(part, metric.places, about=about[j], cap=cap)
    return found


def sums(units: str, metrics: Sequence[Metric]) -> str:
    """The query: key, n, then of each metric its count of values other than 0, its largest, its sums and its capped sums."""
    capped = [j for j, metric in enumerate(metrics) if metric.kind == "mean"]
    names = [f"{VARIABLES[place]}{j}" for j, metric in enumerate(metrics) for place in metric.places]
    caps = "".join(f", percentile_cont({CAP}) WITHIN GROUP (ORDER BY CASE WHEN y{j} <> 0e0 THEN y{j} END) AS cap{j}" for j in capped)
    shifted = ", ".join(
        [f"u.y{j} AS raw{j}" for j in range(len(metrics))]
        + [f"u.{name} - CAST(? AS DOUBLE) AS {name}" for name in names]
        + [f"c.cap{j}, least(u.y{j}, c.cap{j}) - CAST(? AS DOUBLE) AS c{j}" for j in capped]
    )
    columns = ", ".join(text for j, metric in enumerate(metrics) for text in _columns(j, metric))
    return f"""
WITH units AS ({units}),
caps AS (SELECT experiment{caps} FROM units GROUP BY experiment),
shifted AS (
    SELECT u.experiment, u.arm, u.segment, u.entry_day, {shifted}
    FROM units AS u JOIN caps AS c ON c.experiment = u.experiment
)
SELECT experiment, arm, segment, entry_day, count(*) AS n, {columns}
FROM shifted GROUP BY experiment, arm, segment, entry_day
"""


def _columns(j: int, metric: Metric) -> list[str]:
    products = [" * ".join(f"{VARIABLES[place]}{j}" for place in term) for term in terms(metric.places)]
    capped = [f"sum(c{j})", f"sum(c{j} * c{j})", f"sum(c{j} * c{j} * c{j})", f"max(cap{j})"] if metric.kind == "mean" else []
    return [f"count(CASE WHEN raw{j} <> 0e0 THEN 1 END)", f"max(raw{j})", *(f"sum({text})" for text in products), *capped]
