"""What each customer will spend: the model of his purchase days fitted, checked on days it had not seen, and applied to everybody.

A purchase is a day whose net amount is above zero. The features come from the model of all days before `as_of`; the check comes from
one that knew only the days before the last `held_out` of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.features import bg_nbd, gamma_gamma, totals
from netlift.features.bg_nbd import Histories
from netlift.features.clock import Clock
from netlift.features.matrix import LARGEST
from netlift.features.value_model import FORETOLD, ValueModel
from netlift.records import Calibration, Feature, Floats, ForecastCheck, Learnt

HISTORIES = "features_histories"
NOW, THEN = ("x", "t_x", "watched", "m"), ("x_then", "t_x_then", "watched_then", "m_then", "bought_later", "spent_later")
FACTS = (*NOW, *THEN)
FITTED = 20_000  # customers that the model is fitted and checked on: more would move its few parameters by less than their error
MOST_REPEATS = 4  # customers with so many repeat purchases or more are checked together
FAR_OFF = 0.2  # relative error of all purchases from which the check warns

# One row per customer: his history at as_of, and for the check at `cut` (x_then -1 = had not bought yet) with what came after.
# Money is rounded: engines add up in different orders, and a fit would carry the last digits further.
HISTORY = """
SELECT n.customer_id AS customer_id, n.days - 1e0 AS x,
       CAST(days_between(n.first_day, n.last_day) AS DOUBLE) AS t_x, CAST(days_between(n.first_day, {as_of}) AS DOUBLE) AS watched,
       round(n.days_amount - n.first_amount, 6) / nullif(n.days - 1e0, 0e0) AS m{checked}
FROM {now} AS n JOIN features_population AS p ON p.customer_id = n.customer_id{then}
WHERE n.days > 0e0
"""
CHECKED = """,
       coalesce(t.days, 0e0) - 1e0 AS x_then, CAST(days_between(t.first_day, t.last_day) AS DOUBLE) AS t_x_then,
       CAST(days_between(n.first_day, {cut}) AS DOUBLE) AS watched_then,
       round(t.days_amount - t.first_amount, 6) / nullif(t.days - 1e0, 0e0) AS m_then,
       n.days - coalesce(t.days, 0e0) AS bought_later, round(n.days_amount - coalesce(t.days_amount, 0e0), 6) AS spent_later"""


@dataclass(frozen=True, slots=True)
class Valued:
    """The features that a table of the session now holds, and what was learnt for them; or, without features, why not."""

    table: str = ""
    features: tuple[Feature, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    check: ForecastCheck | None = None
    notes: tuple[str, ...] = ()


def cut(moment: Clock, horizon: int) -> datetime:
    """The midnight (local) at which the days begin that are held back: the horizon, and a third of the time known at most."""
    return datetime.combine(moment.local.date() - timedelta(days=_held_out(moment, horizon)), time())


def foretell(session: Session, *, moment: Clock, horizon: int, learnt: Learnt | None) -> Valued:
    """Fit and check on at most FITTED customers, drawn at random, and make a table of everybody's forecast for `horizon` days.

    Args:
        session: where the totals are, NOW and, unless `learnt` is given, THEN.
        moment: as of when.
        horizon: days ahead.
        learnt: the parameters of an earlier run instead of a fit.
    """
    if learnt is not None and not learnt.value:
        return Valued()
    names = {"now": totals.NOW, "as_of": moment.literals()["{as_of}"], "checked": "", "then": ""}
    if learnt is None:
        names["checked"] = CHECKED.format(cut=f"DATE '{cut(moment, horizon):%Y-%m-%d}'")
        names["then"] = f" LEFT JOIN {totals.THEN} AS t ON t.customer_id = n.customer_id"
    session.keep(HISTORIES, HISTORY.format(**names))
    drawn = _drawn(session, NOW if learnt else FACTS)
    if learnt is not None:
        table = _keep(session, ValueModel.of(learnt.value, horizon), drawn)
        return Valued(table, _features(horizon), learnt.value, learnt.check)
    known = {name: drawn[name][:FITTED].to_numpy().astype(np.float64) for name in FACTS}
    try:
        model = _fitted(*(known[name] for name in NOW), horizon=horizon)
        check, notes = _checked(known, _held_out(moment, horizon))
    except NotEnoughData as error:
        return Valued(notes=(f"what customers will spend is not foretold: {str(error).rstrip('.')}",))
    return Valued(_keep(session, model, drawn), _features(horizon), model.parameters(), check, notes)


def _held_out(moment: Clock, horizon: int) -> int:
    """Days that are held back."""
    return min(horizon, (moment.local - (moment.first or moment.local)).days // 3)


def _drawn(session: Session, facts: Sequence[str]) -> pa.Table:
    """The histories of at most LARGEST customers, those of least hash, in an order that is the same on every engine."""
    columns = ", ".join(("customer_id", *facts))
    chances = f"SELECT {columns}, unit_hash('sample:' || customer_id) AS chance FROM {HISTORIES}"
    return session.arrow(f"SELECT {columns} FROM ({chances}) AS h ORDER BY chance NULLS LAST, customer_id NULLS LAST LIMIT {LARGEST}")


def _keep(session: Session, model: ValueModel, drawn: pa.Table) -> str:
    """Everybody's forecast as a table of the session; its name."""
    if drawn.num_rows == LARGEST:
        session.apply("features_value", f"SELECT customer_id, {', '.join(NOW)} FROM {HISTORIES}", model.batch, schema=FORETOLD)
        return "features_value"
    # everybody is here already, and Spark's workers need not run netlift
    session.register("features_value_of_all", pa.Table.from_batches([model.batch(b) for b in drawn.to_batches()], schema=FORETOLD))
    return "features_value_of_all"


def _fitted(x: Floats, t_x: Floats, T: Floats, m: Floats, *, horizon: int) -> ValueModel:
    histories, _ = Histories.of(x, t_x, T)
    return ValueModel(bg_nbd.fit(histories), gamma_gamma.fit(x, m), horizon)


def _checked(known: dict[str, Floats], held_out: int) -> tuple[ForecastCheck, tuple[str, ...]]:
    """What the days before the held-out ones foretell of them, beside what came.

    Raises:
        NotEnoughData: too few customers or days, or the model foretells no better than the mean of all.
    """
    there = known["x_then"] >= 0
    if held_out < 1 or not there.any():
        raise NotEnoughData("All purchases are of 2 days or fewer, and a forecast needs some to learn from and some to be checked on.")
    x, t_x, T, m, came, spent = (known[name][there] for name in THEN)
    try:
        said = _fitted(x, t_x, T, m, horizon=held_out).foretell(x, t_x, T, m)
    except NotEnoughData as error:
        raise NotEnoughData(f"it could not be checked on the last {held_out} days, because before them: {error}") from error
    if ((came - said.purchases) ** 2).sum() >= ((came - came.mean()) ** 2).sum():
        raise NotEnoughData(
            f"Of the last {held_out} days the model foretold {said.purchases.mean():.3g} purchases a customer and {came.mean():.3g} came, "
            "with an error above that of one number for everybody; use plain sums."
        )
    repeats = np.minimum(x, MOST_REPEATS)
    rows = tuple(
        Calibration(f"{k:.0f}{' or more' if k == MOST_REPEATS else ''}", *_means(repeats == k, said.purchases, came))
        for k in np.unique(repeats)
    )
    inside = float(((said.low <= spent) & (spent <= said.high)).mean())
    check = ForecastCheck(held_out, rows, float(said.spend.sum()), float(spent.sum()), inside)
    off = said.purchases.sum() / came.sum() - 1
    if abs(off) <= FAR_OFF:
        return check, ()
    warning = (
        f"of the last {held_out} days, held back, {said.purchases.sum():,.0f} purchases were foretold and {came.sum():,.0f} came "
        f"({off:+.0%}): the model knows no season, so take what customers will spend as an order of customers more than as a level"
    )
    return check, (warning,)


def _means(here: Floats, expected: Floats, came: Floats) -> tuple[int, float, float]:
    return int(here.sum()), float(expected[here].mean()), float(came[here].mean())


def _features(horizon: int) -> tuple[Feature, ...]:
    ahead, never = f"in the next {horizon} days", "missing for customers who have not bought"

    def feature(name: str, unit: str, meaning: str, words: tuple[str, str] | None = None) -> Feature:
        return Feature(name, unit, meaning, "forecast", never, "log", words=words, clustered=False)

    return (
        feature("expected_purchases", "purchases", f"purchases expected {ahead}", ("few purchases ahead", "many purchases ahead")),
        feature("expected_spend", "{currency}", f"money expected {ahead}", ("little money ahead", "much money ahead")),
        feature("expected_spend_low", "{currency}", f"least money expected {ahead} (2.5 % spend less)"),
        feature("expected_spend_high", "{currency}", f"most money expected {ahead} (2.5 % spend more)"),
    )


NAMES = tuple(f.name for f in _features(1))
