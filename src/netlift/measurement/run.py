"""The lift of a run's own arms: those contacted against those held out at random, as assigned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.measurement.arms import Comparison, Metric, Moments, Plan, Units, Values, compare, read_cells, read_values
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
AS_ASSIGNED = "Everybody counts in the arm that was drawn, also those the message did not reach."

UNITS = """
SELECT 'run' AS experiment, a.arm, '' AS segment, CAST(0 AS BIGINT) AS entry_day,
    coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS y0,
    coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS x0
FROM measurement_arms AS a LEFT JOIN transactions AS t ON t.customer_id = a.customer_id
GROUP BY a.arm, a.customer_id
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

    The time before, for CUPED, is as long as the time after, or as long as the data allow. An estimate that cannot be had
    says why in its warnings.
    """
    try:
        times, note = _times(engine, tables, sent_at)
    except NotEnoughData as reason:
        return tuple(_none(run_id, name, f"cannot be estimated yet, because {reason}") for name in ESTIMATORS)
    _register(engine, audience)
    try:
        return _estimates(settings, engine, Units(UNITS, times), run_id=run_id, note=note)
    finally:
        engine.unregister("measurement_arms")


def run_sentence(estimates: tuple[Estimate, ...]) -> str:
    """What the run's own arms say, in a sentence; the corrected figure is the sharper one."""
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
    arms = np.where(audience.arm[drawn] == "holdout", HELD, TREATED).tolist()
    people = pa.table({"customer_id": pa.array(audience.customer_ids[drawn].tolist(), pa.string()), "arm": pa.array(arms, pa.string())})
    engine.register("measurement_arms", people)


def _estimates(settings: Settings, engine: Session, units: Units, *, run_id: str, note: str) -> tuple[Estimate, ...]:
    cells = {cell.arm: cell.moments["sales"] for cell in read_cells(engine, units, [ESTIMATORS["holdout_cuped"][0]])}
    missing = [name for name in (HELD, TREATED) if name not in cells]
    if missing:
        return tuple(_none(run_id, name, f"cannot be estimated yet, because nobody was {missing[0]}") for name in ESTIMATORS)
    arms, warnings = (cells[HELD], cells[TREATED]), _warnings(settings, cells[HELD], cells[TREATED], note)

    @cache
    def values() -> Values:
        return read_values(engine, units, 0, control=HELD, treated=TREATED)

    return tuple(
        _estimate(run_id, name, compare(metric, arms, Plan(primary="relative"), values=values), arms[0], warnings)
        for name, (metric, _) in ESTIMATORS.items()
    )


def _estimate(run_id: str, name: str, found: Comparison, control: Moments, warnings: tuple[str, ...]) -> Estimate:
    lift, low, high = found.relative_lift, found.relative_low, found.relative_high
    if found.difference is None or lift is None or low is None or high is None:
        why = found.reason or " ".join(f"cannot be estimated: {text[0].lower()}{text[1:]}" for text in found.warnings[-1:])
        return _none(run_id, name, why, *warnings)
    money = float(control.means[0]) * found.n
    return Estimate(
        scope=run_id,
        estimator=name,
        evidence="randomised",
        lift=lift,
        low=low,
        high=high,
        incremental_sales=found.difference * found.n,
        incremental_profit=None,
        customers=found.n,
        comparison=ESTIMATORS[name][1],
        warnings=(*warnings, *found.warnings),
        incremental_low=low * money,
        incremental_high=high * money,
    )


def _none(run_id: str, name: str, *warnings: str) -> Estimate:
    return Estimate(run_id, name, "randomised", None, None, None, None, None, 0, ESTIMATORS[name][1], warnings)


def _warnings(settings: Settings, control: Moments, treated: Moments, note: str) -> tuple[str, ...]:
    mean, base = treated.means[0], control.means[0]
    means = f"Sales after sending: {mean:,.2f} {settings.project.currency} a customer treated, {base:,.2f} held out."
    return tuple(text for text in (means, note, AS_ASSIGNED) if text)
