"""The lift of a run's own arms: those contacted against those held out at random, as assigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.measurement.arms import Arm, Lift, cuped, welch
from netlift.measurement.profit import NO_MARGIN, Spend, profit, told
from netlift.measurement.words import interval, signed
from netlift.records import Audience, Estimate, Tables
from netlift.settings import Settings

ESTIMATORS: Mapping[str, tuple[Callable[[Arm, Arm], Lift], str]] = {
    "holdout_welch": (welch, "customers held out at random, sales after sending"),
    "holdout_cuped": (cuped, "customers held out at random, sales after sending corrected for each customer's sales before"),
}
FEW_BUYERS = 30
RUN = "run"  # the one campaign of a run, in its spend
ONE_OF = "One of {} segments: of so many intervals one in twenty misses by luck."
AS_ASSIGNED = "Everybody counts in the arm that was drawn, also those the message did not reach."

SUMS = """
SELECT segment, treated, count(*) AS n, count(*) FILTER (WHERE y <> 0e0) AS buyers,
    sum(y), sum(x), sum(y * y), sum(x * y), sum(x * x),
    sum(y * y * y), sum(x * y * y), sum(x * x * y), sum(x * x * x)
FROM (
    SELECT a.segment, a.treated, a.customer_id,
        coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS y,
        coalesce(sum(t.amount) FILTER (WHERE t.timestamp > ? AND t.timestamp <= ?), 0e0) AS x
    FROM measurement_arms AS a LEFT JOIN transactions AS t ON t.customer_id = a.customer_id
    GROUP BY a.segment, a.treated, a.customer_id
) AS customers_of_arms
GROUP BY segment, treated ORDER BY segment, treated
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
        arms, note = _arms(engine, tables, audience, sent_at)
    except NotEnoughData as reason:
        return tuple(_none(run_id, name, f"cannot be estimated yet, because {reason}") for name in ESTIMATORS)
    segments = sorted({segment for segment, _ in arms})
    parts = [(run_id, segments, note)]
    if len(segments) > 1:
        parts += [(f"{run_id}, segment {s}", [s], ONE_OF.format(len(segments)) + (f" {note}" if note else "")) for s in segments]
    return tuple(
        _estimate(name, _Part(scope, _added(arms, of, 0), _added(arms, of, 1), _spend(settings, audience, of)), settings, said)
        for scope, of, said in parts
        for name in ESTIMATORS
    )


def run_sentence(estimates: tuple[Estimate, ...]) -> str:
    """What the run's own arms say, in a sentence; the corrected figure is the sharper one."""
    estimates = tuple(e for e in estimates if e.scope == estimates[0].scope)  # the whole run
    found = [e for e in estimates if e.lift is not None]
    if not found:
        reasons = {w for e in estimates for w in e.warnings if w.startswith("cannot")}
        return f"The lift of this run {min(reasons, default='cannot be estimated')}."
    best = found[-1]
    low, high = best.low or 0.0, best.high or 0.0
    verdict = "the run raised sales" if low > 0 else "the run lowered sales" if high < 0 else "this cannot be told from chance"
    return f"Against customers held out at random, sales changed by {signed(best.lift or 0)} {interval(low, high)}: {verdict}."


def _arms(engine: Session, tables: Tables, audience: Audience, sent_at: datetime) -> tuple[dict[tuple[int, int], Arm], str]:
    """Sums by segment and arm (0 = held out, 1 = treated), and a remark about the time before.

    Raises:
        NotEnoughData: there are no sales after sending, or nobody was held out or treated.
    """
    if not tables.has("transactions"):
        raise NotEnoughData("the table transactions is not given")
    first, last = engine.rows("SELECT min(timestamp), max(timestamp) FROM transactions")[0]
    if last is None or last <= sent_at:
        raise NotEnoughData(f"no sales after {sent_at:%Y-%m-%d %H:%M} UTC are in the data")
    earliest = max(sent_at - (last - sent_at), first - timedelta(seconds=1))
    sums = _sums(engine, audience, (sent_at, last, earliest, sent_at))
    for treated, name in ((0, "held out"), (1, "treated")):
        if treated not in {arm for _, arm in sums}:
            raise NotEnoughData(f"nobody was {name}")
    short = earliest > sent_at - (last - sent_at)
    note = f"The data begin {(sent_at - first).days} days before sending; as many as after would be better." if short else ""
    return sums, note


def _sums(engine: Session, audience: Audience, times: tuple[datetime, datetime, datetime, datetime]) -> dict[tuple[int, int], Arm]:
    drawn = np.array([arm is not None for arm in audience.arm], dtype=bool)
    people = pa.table(
        {
            "customer_id": pa.array(audience.customer_ids[drawn].tolist(), pa.string()),
            "segment": pa.array(audience.segment[drawn].astype(np.int64)),
            "treated": pa.array((audience.arm[drawn] != "holdout").astype(np.int64)),
        }
    )
    engine.register("measurement_arms", people)
    try:
        return {(row[0], row[1]): Arm(*row[2:]) for row in engine.rows(SUMS, times)}
    finally:
        engine.unregister("measurement_arms")


def _added(arms: Mapping[tuple[int, int], Arm], segments: Sequence[int], treated: int) -> Arm:
    """One arm of several segments together: customers of two segments are different people, so sums add up."""
    found = [astuple(arms[s, treated]) for s in segments if (s, treated) in arms]
    return Arm(*(sum(values) for values in zip(*found, strict=True))) if found else Arm(*[0] * len(fields(Arm)))


def _spend(settings: Settings, audience: Audience, segments: Sequence[int]) -> Spend:
    """What the messages to these segments cost; a treated customer without a message cost nothing."""
    margin = settings.response.margin if settings.response else None
    channels = audience.channel[audience.contacted() & np.isin(audience.segment, segments)]
    names, contacts = np.unique([str(c or "") for c in channels], return_counts=True)
    return Spend(margin, {RUN: sum(float(n) * settings.contact_cost(str(name)) for name, n in zip(names, contacts, strict=True))})


@dataclass(frozen=True, slots=True)
class _Part:
    """A run, or one of its segments: its arms and what its messages cost."""

    scope: str
    control: Arm
    treated: Arm
    spend: Spend


def _estimate(name: str, part: _Part, settings: Settings, note: str) -> Estimate:
    control, treated = part.control, part.treated
    try:
        lift = ESTIMATORS[name][0](control, treated)
    except NotEnoughData as reason:
        return _none(part.scope, name, f"cannot be estimated, because {reason}", *_warnings(settings, control, treated, note))
    sales = tuple(amount * treated.n for amount in (lift.absolute, lift.low * control.mean, lift.high * control.mean))
    earned = [profit(part.spend, s, (RUN,)) for s in sales]
    doubts = () if part.spend.margin is not None else (NO_MARGIN,)
    return Estimate(
        scope=part.scope,
        estimator=name,
        evidence="randomised",
        lift=lift.relative,
        low=lift.low,
        high=lift.high,
        incremental_sales=sales[0],
        customers=treated.n,
        comparison=ESTIMATORS[name][1],
        warnings=(*_warnings(settings, control, treated, note), *doubts),
        incremental_low=sales[1],
        incremental_high=sales[2],
        **told(*earned),
    )


def _none(run_id: str, name: str, *warnings: str) -> Estimate:
    return Estimate(run_id, name, "randomised", None, None, None, None, None, 0, ESTIMATORS[name][1], warnings)


def _warnings(settings: Settings, control: Arm, treated: Arm, note: str) -> tuple[str, ...]:
    if not control.n or not treated.n:
        return ()
    few = [
        f"Only {arm.buyers} of the {arm.n:,} customers {name} bought: the interval is rough."
        for arm, name in ((control, "held out"), (treated, "treated"))
        if arm.buyers < FEW_BUYERS
    ]
    means = f"Sales after sending: {treated.mean:,.2f} {settings.project.currency} a customer treated, {control.mean:,.2f} held out."
    return tuple(text for text in (means, *few, note, AS_ASSIGNED) if text)
