"""The lift of a run's own arms: those contacted against those held out at random, as assigned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import add

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.measurement.arms import Comparison, Metric, Moments, Plan, Units, Values, compare, read_cells, read_values
from netlift.measurement.profit import NO_MARGIN, Spend, profit, told
from netlift.measurement.words import interval, signed
from netlift.records import Audience, Estimate, Tables
from netlift.settings import Settings

ESTIMATORS: Mapping[str, tuple[Metric, str]] = {
    "holdout_welch": (Metric("sales"), "customers held out at random, sales after sending"),
    "holdout_cuped": (
        Metric("sales", covariate=True),
        "customers held out at random, sales after sending corrected for each customer's sales before",
    ),
}
HELD, TREATED = "held out", "treated"
RUN = "run"  # the one campaign of a run, in its spend
ONE_OF = "One of {} segments: of so many intervals one in twenty misses by luck."
AS_ASSIGNED = "Everybody counts in the arm that was drawn, also those the message did not reach."

UNITS = """
SELECT 'run' AS experiment, a.arm, a.segment, CAST(0 AS BIGINT) AS entry_day,
    coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS y0,
    coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS x0
FROM measurement_arms AS a LEFT JOIN transactions AS t ON t.customer_id = a.customer_id
GROUP BY a.arm, a.segment, a.customer_id
"""


def measure_run(
    settings: Settings,
    engine: Session,
    tables: Tables,
    *,
    run_id: str,
    audience: Audience,
    sent_at: datetime,
) -> tuple[Estimate, ...]:
    """Sales after `sent_at` (naive UTC) to the end of the data, treated against held out, by Welch and by CUPED.

    The whole run first, then each segment as it was when the arms were drawn. The time before, for CUPED, is as long as the
    time after, or as long as the data allow. An estimate that cannot be had says why in its warnings.
    """
    try:
        times, note = _times(engine, tables, sent_at)
    except NotEnoughData as reason:
        return tuple(_none(run_id, name, f"cannot be estimated yet, because {reason}") for name in ESTIMATORS)
    _register(engine, audience)
    try:
        return _estimates(settings, engine, Units(UNITS, times), audience=audience, run_id=run_id, note=note)
    finally:
        engine.unregister("measurement_arms")


def run_sentence(estimates: tuple[Estimate, ...]) -> str:
    """What the arms of the whole run, which comes first, say in a sentence; the corrected figure is the sharper one."""
    estimates = tuple(e for e in estimates if e.scope == estimates[0].scope)
    found = [e for e in estimates if e.lift is not None]
    if not found:
        reasons = {w for e in estimates for w in e.warnings if w.startswith("cannot")}
        return f"The lift of this run {min(reasons, default='cannot be estimated')}."
    best = found[-1]
    low, high = best.low or 0.0, best.high or 0.0
    verdict = "the run raised sales" if low > 0 else "the run lowered sales" if high < 0 else "this cannot be told from chance"
    return f"Against customers held out at random, sales changed by {signed(best.lift or 0)} {interval(low, high)}: {verdict}."


def _times(engine: Session, tables: Tables, sent_at: datetime) -> tuple[tuple[datetime, ...], str]:
    """First and last moment after and before sending, and a remark about the time before.

    Raises:
        NotEnoughData: there are no sales after sending.
    """
    if not tables.has("transactions"):
        raise NotEnoughData("the table transactions is not given")
    first, last = engine.rows("SELECT min(timestamp), max(timestamp) FROM transactions")[0]
    if last is None or last <= sent_at:
        raise NotEnoughData(f"no sales after {sent_at:%Y-%m-%d %H:%M} UTC are in the data")
    earliest = max(sent_at - (last - sent_at), first - timedelta(seconds=1))
    short = earliest > sent_at - (last - sent_at)
    note = f"The data begin {(sent_at - first).days} days before sending; as many as after would be better." if short else ""
    return (sent_at, last, earliest, sent_at), note


def _register(engine: Session, audience: Audience) -> None:
    drawn = np.array([arm is not None for arm in audience.arm], dtype=bool)
    columns = {
        "customer_id": audience.customer_ids[drawn].tolist(),
        "arm": np.where(audience.arm[drawn] == "holdout", HELD, TREATED).tolist(),
        "segment": [str(s) for s in audience.segment[drawn]],
    }
    engine.register("measurement_arms", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))


@dataclass(frozen=True, slots=True)
class _Part:
    """A run, or one of its segments (`segment`, else None): its arms, held out first, and what its messages cost."""

    scope: str
    segment: str | None
    arms: tuple[Moments, Moments]
    spend: Spend


def _estimates(settings: Settings, engine: Session, units: Units, *, audience: Audience, run_id: str, note: str) -> tuple[Estimate, ...]:
    cells = {(c.arm, c.segment): c.moments["sales"] for c in read_cells(engine, units, [ESTIMATORS["holdout_cuped"][0]])}
    missing = [name for name in (HELD, TREATED) if name not in {arm for arm, _ in cells}]
    if missing:
        return tuple(_none(run_id, name, f"cannot be estimated yet, because nobody was {missing[0]}") for name in ESTIMATORS)
    segments = sorted({segment for _, segment in cells}, key=int)
    whole = [_added(cells, arm, segments) for arm in (HELD, TREATED)]
    parts = [_Part(run_id, None, (whole[0], whole[1]), _spend(settings, audience, segments))]
    found: list[Estimate] = []
    for s in segments if len(segments) > 1 else []:
        scope = f"{run_id}, segment {s}"
        alone = [arm for arm in (HELD, TREATED) if (arm, s) not in cells]
        if alone:
            found += [_none(scope, name, f"cannot be estimated, because nobody was {alone[0]}") for name in ESTIMATORS]
        else:
            parts.append(_Part(scope, s, (cells[HELD, s], cells[TREATED, s]), _spend(settings, audience, [s])))
    made = [_part(settings, engine, units, part, note=note if part.segment is None else _told_of(len(segments), note)) for part in parts]
    return (*(e for each in made for e in each), *found)


def _told_of(segments: int, note: str) -> str:
    return ONE_OF.format(segments) + (f" {note}" if note else "")


def _part(settings: Settings, engine: Session, units: Units, part: _Part, *, note: str) -> tuple[Estimate, ...]:
    values = partial(_values, engine, units, part.segment)
    warnings = _warnings(settings, *part.arms, note)
    return tuple(
        _estimate(part, name, compare(metric, part.arms, Plan(primary="relative"), values=values), warnings)
        for name, (metric, _) in ESTIMATORS.items()
    )


def _values(engine: Session, units: Units, segment: str | None) -> Values:
    return read_values(engine, units, 0, control=HELD, treated=TREATED, segment=segment)


def _added(cells: Mapping[tuple[str, str], Moments], arm: str, segments: Sequence[str]) -> Moments:
    """One arm of several segments together: customers of two segments are different people, so sums add up."""
    return reduce(add, [cells[arm, s] for s in segments if (arm, s) in cells])


def _spend(settings: Settings, audience: Audience, segments: Sequence[str]) -> Spend:
    """What the messages to these segments cost; a treated customer without a message cost nothing."""
    margin = settings.response.margin if settings.response else None
    channels = audience.channel[audience.contacted() & np.isin(audience.segment.astype(str), segments)]
    names, contacts = np.unique([str(c or "") for c in channels], return_counts=True)
    return Spend(margin, {RUN: sum(float(n) * settings.contact_cost(str(name)) for name, n in zip(names, contacts, strict=True))})


def _estimate(part: _Part, name: str, found: Comparison, warnings: tuple[str, ...]) -> Estimate:
    lift, low, high = found.relative_lift, found.relative_low, found.relative_high
    if found.difference is None or lift is None or low is None or high is None:
        why = found.reason or " ".join(f"cannot be estimated: {text[0].lower()}{text[1:]}" for text in found.warnings[-1:])
        return _none(part.scope, name, why, *warnings)
    money = float(part.arms[0].means[0]) * found.n
    sales = found.difference * found.n, low * money, high * money
    earned = [profit(part.spend, amount, (RUN,)) for amount in sales]
    doubts = () if part.spend.margin is not None else (NO_MARGIN,)
    return Estimate(
        scope=part.scope,
        estimator=name,
        evidence="randomised",
        lift=lift,
        low=low,
        high=high,
        incremental_sales=sales[0],
        customers=found.n,
        comparison=ESTIMATORS[name][1],
        warnings=(*warnings, *found.warnings, *doubts),
        incremental_low=sales[1],
        incremental_high=sales[2],
        **told(*earned),
    )


def _none(run_id: str, name: str, *warnings: str) -> Estimate:
    return Estimate(run_id, name, "randomised", None, None, None, None, None, 0, ESTIMATORS[name][1], warnings)


def _warnings(settings: Settings, control: Moments, treated: Moments, note: str) -> tuple[str, ...]:
    mean, base = treated.means[0], control.means[0]
    means = f"Sales after sending: {mean:,.2f} {settings.project.currency} a customer treated, {base:,.2f} held out."
    return tuple(text for text in (means, note, AS_ASSIGNED) if text)
