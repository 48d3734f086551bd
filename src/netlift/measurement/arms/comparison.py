"""One treated arm against the control arm: the estimate that its data allow, with every gate of experiments.md section 7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt
from typing import Literal

from netlift.errors import NotEnoughData
from netlift.measurement.arms import permutation
from netlift.measurement.arms.always_valid import PLANNED, confidence_sequence
from netlift.measurement.arms.bayes import normal
from netlift.measurement.arms.difference import Difference, Pair, difference, pair, variance
from netlift.measurement.arms.intervals import ALPHA, Interval, welch
from netlift.measurement.arms.metric import Metric
from netlift.measurement.arms.moments import Moments, Y
from netlift.measurement.arms.permutation import Values
from netlift.measurement.arms.skew import why_not_welch

LEAST, MOST = 1e-60, 1e60  # values whose third powers can be computed with
HEAVY = 0.05  # share of an arm's total that one customer may make up without a word
CLEAR = 3.0  # standard errors that the control value must lie above 0 for a relative effect by the delta method
METHODS = {("mean", False): "welch", ("proportion", False): "welch", ("ratio", False): "delta"}
Primary = Literal["absolute", "relative"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was declared before the data were looked at."""

    primary: Primary = "absolute"  # which effect p and significance belong to
    always_valid: bool = False  # may be read at any time
    planned: int | None = None  # customers; a reading with fewer of them becomes always valid

    def early(self, n: int) -> bool:
        """Whether a result with n customers may only be read by an always valid method."""
        return self.always_valid or (self.planned is not None and n < self.planned)


@dataclass(frozen=True, slots=True)
class Capped:
    """The same comparison with every value at most `cap`, beside the raw one."""

    cap: float
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treated less control. None where it cannot be estimated: then `reason` says why."""

    metric: str
    arm: str
    control: str
    n: int  # customers of the treated arm
    n_control: int
    mean: float | None  # of the metric; a ratio's Σ/Σ
    mean_control: float | None
    difference: float | None = None  # in the metric's unit; with CUPED of the adjusted values
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None  # of the primary effect
    relative_lift: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None
    significant: bool | None = None  # p_value < .05
    chance_to_win: float | None = None  # flat prior; where the normal approximation holds
    method: str | None = None  # welch, delta, cuped, permutation, confidence_sequence
    primary: Primary = "absolute"
    capped: Capped | None = None
    p_adjusted: float | None = None  # for all comparisons shown together
    reason: str | None = None
    warnings: tuple[str, ...] = ()


def compare(metric: Metric, arms: tuple[Moments, Moments], plan: Plan, *, values: Callable[[], Values] | None = None) -> Comparison:
    """Compare (control, treated). `values` fetches the buyers' values; it is called only where Welch cannot be believed.

    Never raises for data that are too few: `reason` says so.
    """
    control, treated = arms
    means = tuple(_value(metric, arm) for arm in arms)
    empty = Comparison(metric.name, "", "", treated.n, control.n, means[1], means[0], primary=plan.primary)
    try:
        for arm, side in zip(arms, ("control", "treated"), strict=True):
            _anything(metric, arm, side)
        ready = pair(metric, control, treated)
        found = difference(ready)
        why = why_not_welch(ready)
        if why is None:
            return _normal(empty, ready, found, plan)
        return _permuted(replace(empty, difference=found.effect), plan, why=why, values=values, metric=metric)
    except NotEnoughData as reason:
        return replace(empty, difference=None, reason=f"cannot be estimated, because {reason}")


def _value(metric: Metric, arm: Moments) -> float | None:
    if arm.n == 0:
        return None
    means = arm.means
    if metric.kind != "ratio":
        return float(means[0])
    return float(means[0] / means[1]) if means[1] > 0 else None


def _anything(metric: Metric, arm: Moments, side: str) -> None:
    if arm.n and not arm.nonzero:
        raise NotEnoughData(f"none of the {arm.n:,} customers of the {side} arm has a value of '{metric.name}' other than 0")
    if arm.n and not LEAST < abs(arm.largest) < MOST:
        raise NotEnoughData(f"'{metric.name}' reaches {arm.largest:.3g}, which cannot be computed with; give it in another unit")


def _normal(empty: Comparison, arms: Pair, found: Difference, plan: Plan) -> Comparison:
    """Welch, delta method or CUPED, or the confidence sequence of the same difference."""
    early = plan.early(found.n)
    infer: Callable[[Difference], Interval] = partial(confidence_sequence, planned=plan.planned or PLANNED) if early else welch
    of = infer(found)
    method = "cuped" if arms.metric.covariate else METHODS[arms.metric.kind, False]
    made = replace(
        empty,
        difference=found.effect,
        standard_error=sqrt(found.variance),
        low=of.low,
        high=of.high,
        chance_to_win=normal(found).chance_to_win,
        method=f"{method}, confidence_sequence" if early else method,
        capped=None if early else _capped(arms),
        warnings=_weight(arms),
    )
    made, share = _relative(made, arms, infer)
    primary = of if plan.primary == "absolute" else share
    if primary is None:
        return made
    return replace(made, p_value=primary.p, significant=primary.p < ALPHA)


def _relative(made: Comparison, arms: Pair, infer: Callable[[Difference], Interval]) -> tuple[Comparison, Interval | None]:
    form, n = arms.forms[0], arms.control.n
    error = sqrt(variance(arms.metric, arms.control, form.weights) / n)
    if form.value < CLEAR * error or form.value == 0:
        what = f"the control value {form.value:,.4g} is not clearly above 0 (se {error:,.4g})"
        text = f"There is no relative effect of '{arms.metric.name}', because {what}."
        return replace(made, warnings=(*made.warnings, text)), None
    found = difference(arms, relative=True)
    of = infer(found)
    return replace(made, relative_lift=found.effect, relative_low=of.low, relative_high=of.high), of


def _permuted(empty: Comparison, plan: Plan, *, why: str, values: Callable[[], Values] | None, metric: Metric) -> Comparison:
    n = empty.n + empty.n_control
    if values is None:
        raise NotEnoughData(why)
    if plan.early(n):
        raise NotEnoughData(f"{why}: no always valid interval holds there, so it can be read only once, at the planned end")
    drawn = permutation.draw(values())
    of, share = permutation.absolute(drawn), permutation.relative(drawn)
    held, bought = len(drawn.values.control), len(drawn.values.treated)
    note = (
        f"'{metric.name}' is compared by permutation, because {why}; {held:,} and {bought:,} customers have a value other than 0. "
        "A larger control arm, or a proportion as metric, would tell more."
    )
    unused = ("The covariate is not used there.",) if metric.covariate else ()
    mean, base = empty.mean or 0.0, empty.mean_control or 0.0
    return replace(
        empty,
        difference=mean - base,
        low=of.low,
        high=of.high,
        p_value=of.p,
        relative_lift=mean / base - 1,
        relative_low=share.low,
        relative_high=share.high,
        significant=of.p < ALPHA,
        method="permutation",
        warnings=(note, *unused),
    )


def _capped(arms: Pair) -> Capped | None:
    if arms.metric.kind != "mean" or not arms.control.cap < max(arms.control.largest, arms.treated.largest):
        return None
    made = pair(Metric(arms.metric.name), arms.control.winsorised(), arms.treated.winsorised())
    if why_not_welch(made) is not None:
        return None
    try:
        found = difference(made)
    except NotEnoughData:  # all are alike below the cap
        return None
    of = welch(found)
    return Capped(arms.control.cap, found.effect, of.low, of.high, of.p)


def _weight(arms: Pair) -> tuple[str, ...]:
    """Customers who make up much of an arm, where its total is clearly above 0."""
    if arms.metric.kind != "mean":
        return ()
    sides = ((arms.control, "control"), (arms.treated, "treated"))
    return tuple(
        f"One customer makes up {arm.largest / arm.total:.0%} of the {name} arm's '{arms.metric.name}'."
        for arm, name in sides
        if arm.n > 1 / HEAVY and arm.largest > HEAVY * arm.total and arm.total > CLEAR * sqrt(arm.n * arm.covariance()[Y, Y])
    )
