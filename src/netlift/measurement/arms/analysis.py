"""A whole experiment: every metric and arm, the segments, and what forbids or weakens the reading. experiments.md section 7."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netlift.errors import InputError, NotEnoughData
from netlift.measurement.arms.always_valid import PLANNED, confidence_sequence
from netlift.measurement.arms.cells import Cell, added
from netlift.measurement.arms.comparison import Comparison, Plan, compare
from netlift.measurement.arms.difference import Difference, difference, pair
from netlift.measurement.arms.intervals import ALPHA, welch
from netlift.measurement.arms.metric import Metric
from netlift.measurement.arms.moments import Moments
from netlift.measurement.arms.multiple import benjamini_hochberg, holm
from netlift.measurement.arms.permutation import Values
from netlift.measurement.arms.sample_ratio import LIMIT, SampleRatio, sample_ratio
from netlift.measurement.arms.strata import post_stratified, shrunk

SHOWN = 10  # arms in a message
Fetch = Callable[[Metric, str, str | None], Values]  # a metric, a treated arm, a segment or None = all


@dataclass(frozen=True, slots=True)
class SegmentEffect:
    """One arm's effect in one segment, raw and drawn to the mean of the segments by its noise."""

    segment: str
    comparison: Comparison
    shrunk: float | None  # None where fewer than two segments can be estimated


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the experiment says."""

    results: tuple[Comparison, ...]
    sample_ratio: SampleRatio
    segments: tuple[SegmentEffect, ...]
    post_stratified: Mapping[tuple[str, str], Mapping[str, float]]  # by metric and arm: the effect over segments
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Who is compared with whom, and the shares that were planned."""

    control: str
    shares: Mapping[str, float]
    plan: Plan
    forbidden: str | None = None  # why no effect may be shown, in words after "because"


def analyse(cells: Sequence[Cell], metrics: Sequence[Metric], design: Design, *, fetch: Fetch) -> Analysis:
    """Every arm against the control arm, for every metric; segments where there are two or more.

    Raises:
        InputError: the control is no arm, or there is no other; shares are not those of the arms.
    """
    names = sorted({cell.arm for cell in cells})
    if design.control not in names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        there = ", ".join(map(repr, names[:SHOWN]))
        raise InputError(f"The control '{design.control}' is not among the arms {there}{more}; name one of them.")
    if len(names) < 2:
        raise InputError(f"All customers are in the arm '{names[0]}'; a comparison needs two arms or more.")
    ratio = sample_ratio(_counts(cells, metrics[0].name, None), design.shares)
    design = replace(design, plan=_read_now(design.plan, sum(_counts(cells, metrics[0].name, None).values())))
    design = design if ratio.ok else replace(design, forbidden=design.forbidden or _mismatch(cells, metrics[0].name, ratio))
    treated = [name for name in names if name != design.control]
    pairs = [(metric, arm) for metric in metrics for arm in treated]
    results = _adjusted([_one(cells, metric, arm, None, design=design, fetch=fetch) for metric, arm in pairs], holm)
    segments, pooled = _segments(cells, pairs, design=design, fetch=fetch)
    return Analysis(tuple(results), ratio, segments, pooled, _warnings(cells, metrics[0].name, results, design))


def _read_now(plan: Plan, customers: int) -> Plan:
    """The plan at so many customers of the whole experiment: with those planned it is read for good, before only always validly."""
    if plan.planned is None or plan.always_valid:
        return plan
    return replace(plan, planned=None) if customers >= plan.planned else replace(plan, always_valid=True)


def _one(cells: Sequence[Cell], metric: Metric, arm: str, segment: str | None, *, design: Design, fetch: Fetch) -> Comparison:
    arms = _arms(cells, metric, arm, segment, design.control)
    if arms is None or design.forbidden is not None:
        n, n_control = (_counts(cells, metric.name, segment).get(name, 0) for name in (arm, design.control))
        why = design.forbidden or f"segment '{segment}' has {n:,} customers of this arm and {n_control:,} of the control arm"
        return Comparison(metric.name, arm, design.control, n, n_control, None, None, reason=f"cannot be estimated, because {why}")
    found = compare(metric, arms, design.plan, values=lambda: fetch(metric, arm, segment))
    return replace(found, arm=arm, control=design.control)


def _arms(cells: Sequence[Cell], metric: Metric, arm: str, segment: str | None, control: str) -> tuple[Moments, Moments] | None:
    found = [added((c for c in cells if c.arm == name and segment in {None, c.segment}), metric.name) for name in (control, arm)]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _counts(cells: Sequence[Cell], metric: str, segment: str | None) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in cells:
        if segment in {None, cell.segment}:
            counts[cell.arm] = counts.get(cell.arm, 0) + cell.moments[metric].n
    return counts


def _adjusted(found: list[Comparison], adjust: Callable[[Sequence[float]], Any]) -> list[Comparison]:
    """The same with adjusted p values, where there are several."""
    tested = [i for i, one in enumerate(found) if one.p_value is not None]
    if len(tested) < 2:
        return found
    adjusted = dict(zip(tested, adjust([found[i].p_value or 0.0 for i in tested]), strict=True))
    return [replace(one, p_adjusted=float(adjusted[i])) if i in adjusted else one for i, one in enumerate(found)]


def _segments(
    cells: Sequence[Cell], pairs: Sequence[tuple[Metric, str]], *, design: Design, fetch: Fetch
) -> tuple[tuple[SegmentEffect, ...], dict[tuple[str, str], Mapping[str, float]]]:
    names = sorted({cell.segment for cell in cells})
    if len(names) < 2:
        return (), {}
    raw = [(metric, arm, s, _one(cells, metric, arm, s, design=design, fetch=fetch)) for metric, arm in pairs for s in names]
    adjusted = _adjusted([comparison for *_, comparison in raw], benjamini_hochberg)
    shown: list[SegmentEffect] = []
    pooled: dict[tuple[str, str], Mapping[str, float]] = {}
    for start, (metric, arm) in zip(range(0, len(raw), len(names)), pairs, strict=True):
        some = adjusted[start : start + len(names)]
        by = {s: _difference(cells, metric, arm, s, design) for s, one in zip(names, some, strict=True) if one.difference is not None}
        known = {s: one for s, one in by.items() if one is not None}
        drawn: dict[str, float] = {}
        if len(known) > 1:
            effects, variances = (np.array([getattr(one, name) for one in known.values()]) for name in ("effect", "variance"))
            drawn = dict(zip(known, map(float, shrunk(effects, variances)[0]), strict=True))
        shown += [SegmentEffect(s, one, drawn.get(s)) for s, one in zip(names, some, strict=True)]
        if len(known) == len(names) and all(one.method != "permutation" for one in some):
            pooled[metric.name, arm] = _pooled(list(known.values()), design.plan)
    return tuple(shown), pooled


def _difference(cells: Sequence[Cell], metric: Metric, arm: str, segment: str, design: Design) -> Difference | None:
    arms = _arms(cells, metric, arm, segment, design.control)
    try:
        return None if arms is None else difference(pair(metric, *arms))
    except NotEnoughData:  # then the segment's own comparison has the reason
        return None


def _pooled(known: list[Difference], plan: Plan) -> dict[str, float]:
    found = post_stratified(known)
    of = confidence_sequence(found, planned=plan.planned or PLANNED) if plan.early(found.n) else welch(found)
    return {"difference": found.effect, "low": of.low, "high": of.high, "p_value": of.p}


def _mismatch(cells: Sequence[Cell], metric: str, ratio: SampleRatio) -> str:
    counts = ", ".join(f"{name} {n:,}" for name, n in sorted(_counts(cells, metric, None).items()))
    return (
        f"the arms do not have the sizes planned ({counts}; p = {ratio.p_value:.2g}, below {LIMIT}), so that something other than the "
        "draw decides who is in them: look for it in assignment, delivery and logging; if other shares were planned, give them"
    )


def _warnings(cells: Sequence[Cell], metric: str, results: Sequence[Comparison], design: Design) -> tuple[str, ...]:
    told = [f"{one.metric}, {one.arm}: {one.reason}." for one in results if one.reason is not None]
    told += [f"{one.metric}, {one.arm}: {text}" for one in results for text in one.warnings]
    told += [
        f"{one.metric}, {one.arm}: p = {one.p_value:.3g} alone, {one.p_adjusted:.3g} among {len(results)} comparisons (Holm)."
        for one in results
        if one.p_adjusted is not None and one.p_value is not None and one.p_value < ALPHA <= one.p_adjusted
    ]
    for segment in sorted({cell.segment for cell in cells}):
        counts = _counts(cells, metric, segment)
        if len({cell.segment for cell in cells}) > 1 and set(counts) == set(design.shares):
            within = sample_ratio(counts, design.shares)
            told += [] if within.ok else [f"Segment '{segment}': its arms do not have the sizes planned (p = {within.p_value:.2g})."]
    return tuple(dict.fromkeys(told))
