"""How customers of today differ from those a model was fitted on, and who moved between segments (notes/segmentation.md 12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, betaincinv

from netlift.records import Floats, Ints, Texts
from netlift.segments.model import Model

BINS = 10  # tenths of the customers the model was fitted on
ONE_SIDED = 0.05  # chance that fewer move than the lower bound of a move says
HALF = 0.5  # of a customer that each bin holds beforehand, else one alone would make the index infinite
LEAST = 1e-4  # share of customers with a fact, below which the index means nothing


@dataclass(frozen=True, slots=True)
class Move:
    """Customers of both times who left one segment for another."""

    from_segment: int
    to_segment: int
    customers: int
    share: float  # of the customers of both times who were in from_segment
    low: float  # its exact one-sided 95 % bound (Clopper and Pearson 1934)
    back: int  # customers who went the other way
    by_luck: float  # the share that moved between refits on resamples of the same customers (luck.py)
    # whether surely more left than by luck of the cut, and than came back: facts that go up and down by chance move as many each way
    # (McNemar 1947, exact)
    migration: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """What changed since the model was fitted."""

    stability: dict[str, float]  # population stability index by input; from .1 worth a look, from .25 another population
    sizes_then: dict[int, int]  # customers by segment
    sizes_now: dict[int, int]
    movement: dict[int, dict[int, int]]  # customers of both times: segment then -> segment now -> number
    moves: tuple[Move, ...]  # largest share first
    came: int  # customers of now who were not there then
    went: int


def stability(model: Model, values: Floats) -> dict[str, float]:
    """Population stability index of each input, from values of today, (n, p), NaN where a fact is missing.

    Σ (now - then) ln(now / then) over tenths of the customers fitted on, values that make up a tenth and customers without the fact
    being bins of their own (N. Siddiqi, "Credit Risk Scorecards", 2006, chapter 9). What as many customers drawn from those fitted on
    would show by chance, (bins - 1) (1 / then + 1 / now), is taken off; at least 0.
    """
    columns = zip(model.inputs, model.grids, model.missing, values.T, strict=True)
    return {name: _index(grid, float(missing), column) for name, grid, missing, column in columns}


def _index(grid: Floats, missing: float, column: Floats) -> float:
    edges = np.unique(np.quantile(grid, np.linspace(0, 1, BINS + 1)[1:-1]))
    known = column[~np.isnan(column)]
    fitted = len(grid) / max(1 - missing, LEAST)  # customers whose facts are in the grid, had all been kept
    then = np.append(_counts(grid, edges), fitted * missing)
    now = np.append(_counts(known, edges), len(column) - len(known)).astype(np.float64)
    met = (then > 0) | (now > 0)
    then, now = ((of[met] + HALF) / (of[met] + HALF).sum() for of in (then, now))
    chance = (met.sum() - 1) * (1 / fitted + 1 / len(column))
    return max(0.0, float(((now - then) * np.log(now / then)).sum() - chance))


def _counts(numbers: Floats, edges: Floats) -> Floats:
    """Numbers below the first edge, at it, between it and the next, …, beyond the last, (2 edges + 1,)."""
    bins = np.searchsorted(edges, numbers, side="left") + np.searchsorted(edges, numbers, side="right")
    return np.bincount(bins, minlength=2 * len(edges) + 1).astype(np.float64)


def drifted(model: Model, values: Floats, *, then: tuple[Texts, Ints], now: tuple[Texts, Ints]) -> Drift:
    """Compare customer ids and segments of two times; values (m, p) are the inputs today, of all or of a sample."""
    segment_then = dict(zip(then[0], then[1].tolist(), strict=True))
    segment_now = dict(zip(now[0], now[1].tolist(), strict=True))
    both = segment_then.keys() & segment_now.keys()
    segments = sorted({*segment_then.values(), *segment_now.values()})
    movement = {a: dict.fromkeys(segments, 0) for a in segments}
    for customer in both:
        movement[segment_then[customer]][segment_now[customer]] += 1
    return Drift(
        stability=stability(model, values),
        sizes_then=_sizes(then[1], segments),
        sizes_now=_sizes(now[1], segments),
        movement=movement,
        moves=_moves(movement, model.luck),
        came=len(segment_now) - len(both),
        went=len(segment_then) - len(both),
    )


def _moves(movement: dict[int, dict[int, int]], luck: Floats) -> tuple[Move, ...]:
    found = []
    for a, row in movement.items():
        n = sum(row.values())
        for b, moved in row.items():
            if a != b and moved:
                low, by_luck = float(betaincinv(moved, n - moved + 1, ONE_SIDED)), float(luck[a - 1, b - 1])
                back = movement[b][a]
                one_way = bdtrc(moved - 1, moved + back, 0.5) <= ONE_SIDED
                found.append(Move(a, b, moved, moved / n, low, back, by_luck, bool(low > by_luck and one_way)))
    return tuple(sorted(found, key=lambda move: -move.share))


def _sizes(segment: Ints, segments: list[int]) -> dict[int, int]:
    return {s: int((segment == s).sum()) for s in segments}
