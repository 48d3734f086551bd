"""experiment power and holdout: how large a test must be, and how large a holdout pays; reads only, keeps nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from netlift import experiments
from netlift.errors import InputError
from netlift.experiments import Design, HoldoutValue, Metric, Prospect, Sizing
from netlift.experiments.design import Kind
from netlift.records import Floats
from netlift.workflow import outputs
from netlift.workflow.pilot_file import pilot_columns

KINDS: tuple[Kind, ...] = ("mean", "proportion", "ratio", "revenue")


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A sized test, and beside it the same test of the capped metric."""

    design: Design
    sizing: Sizing
    cap: float | None = None
    capped: Sizing | None = None
    weekly: float | None = None


def experiment_power(
    design: Design, *, effect: float | str | None = None, customers: int | None = None, power: float = 0.8, weekly: float | None = None
) -> Planned:
    """Customers, power or smallest effect of a planned test, from the other two.

    Args:
        design: the planned test.
        effect: in the metric's unit, or a text such as "5%" of the baseline.
        customers: in the whole test.
        power: wanted, or unused where effect and customers are given.
        weekly: customers who come into the test a week.

    Raises:
        InputError: something given cannot be.
        NotEnoughData: so few customers find nothing.
    """
    found = None if effect is None else _absolute(effect, design.metric)
    return Planned(design, experiments.size(design, effect=found, customers=customers, power=power, weekly=weekly), weekly=weekly)


def experiment_power_from(  # noqa: PLR0913 - what a file adds
    file: Path | str,
    design: Design,
    *,
    column: str,
    per: str | None = None,
    effect: float | str | None = None,
    customers: int | None = None,
    power: float = 0.8,
    weekly: float | None = None,
) -> Planned:
    """The same with baseline and spread from past values, one row per customer; the metric in `design` gives the kind only.

    Of revenue, the test of the values capped at their p99.9 is sized too, for the same relative effect.

    Args:
        file: CSV, CSV.GZ, Parquet, JSON lines.
        design: the planned test.
        column: the metric, of a ratio what stands above.
        per: of a ratio what stands below.
        effect: in the metric's unit, or a text such as "5%" of the baseline.
        customers: in the whole test.
        power: wanted.
        weekly: customers who come into the test a week.

    Raises:
        InputError: the file or something given cannot be.
        NotEnoughData: so few customers find nothing, or the values do not differ.
    """
    kind = design.metric.kind
    if (kind == "ratio") != (per is not None):
        raise InputError(f"The metric is a {kind}; a ratio needs --per, the column below, and the others do not have it.")
    names = [column] if per is None else [column, per]
    y, *below = pilot_columns(file, names)
    whole = dataclasses.replace(design, metric=experiments.metric_of(y, kind, of=below[0] if below else None, name=column))
    if kind != "revenue":
        return experiment_power(whole, effect=effect, customers=customers, power=power, weekly=weekly)
    found = None if effect is None else _absolute(effect, whole.metric)
    sized = experiments.size_of_revenue(y, whole, effect=found, customers=customers, power=power, weekly=weekly)
    return _with_cap(Planned(whole, sized, weekly=weekly), y, given=effect is not None, customers=customers, power=power)


def experiment_holdout(prospect: Prospect) -> tuple[HoldoutValue, tuple[HoldoutValue, ...]]:
    """The share held out that pays most, and the curve of shares.

    Raises:
        InputError: a figure cannot be.
    """
    return experiments.best_holdout(prospect)


def metric(kind: str, *, baseline: float, sd: float | None, skewness: float = 0.0) -> Metric:
    """The metric of figures that are known.

    Raises:
        InputError: the kind is unknown, or its spread is missing.
    """
    known = next((k for k in KINDS if k == kind), None)
    if known is None:
        raise InputError(f"The metric is '{kind}'; it must be one of {', '.join(KINDS)}.")
    if known == "proportion":
        return Metric(known, baseline, max(baseline * (1 - baseline), 1e-300) ** 0.5)  # a baseline that cannot be is told by the check
    if sd is None:
        raise InputError(f"The standard deviation of the {kind} is missing; give --sd, or past values with --from FILE --column COL.")
    return Metric(known, baseline, sd, skewness)


def facts(planned: Planned) -> dict[str, Any]:
    """The figures as JSON has them."""
    told: dict[str, Any] = {**outputs.plain(planned.sizing), "metric": outputs.plain(planned.design.metric)}
    told["control_share"] = planned.design.share
    told["cap"], told["capped"] = planned.cap, outputs.plain(planned.capped)
    return {**told, "sentences": sentences(planned)}


def sentences(planned: Planned) -> list[str]:
    """What was found, for people."""
    found, design = planned.sizing, planned.design
    base, arms = design.metric.baseline, design.comparisons
    relative = f" ({100 * found.effect / abs(base):+.1f} % of {base:,.4g})" if base else ""
    each = f"{found.n_per_arm:,} customers in each of {arms} arms" if arms > 1 else f"{found.n_per_arm:,} customers"
    size = (
        f"{each} and {found.n_control:,} in the control, {found.total:,} together, find an effect of {found.effect:+,.4g}{relative} with "
        f"{100 * found.power:.1f} % probability; effects smaller than {found.mde:,.4g} are likely to be missed."
    )
    said = [size]
    if found.weeks is not None:
        said.append(f"With {planned.weekly:,.0f} customers a week that takes {found.weeks:,} weeks.")
    said += _factors(planned)
    if found.test == "permutation":
        said.append(
            f"A few large values weigh too much for arms this unequal (skewness of the test {found.skewness:+.2f}), so the permutation "
            f"test is needed. Welch's test could be used from {found.total_for_welch:,} customers on, or with equal arms."
        )
        if not found.simulated:
            said.append("Mean and spread alone tell the permutation test's power badly; give past values with --from FILE --column COL.")
    elif design.metric.kind == "revenue" and not found.simulated and not design.metric.skewness:
        said.append(
            "The skewness of revenue was not given and counts as 0: with a few large amounts more customers are needed; give --skewness, "
            "or past values with --from FILE --column COL."
        )
    if planned.capped is not None:
        said.append(_capped(planned, planned.capped))
    return said


def _capped(planned: Planned, capped: Sizing) -> str:
    if capped.total == planned.sizing.total:
        takes = f"an effect of {capped.effect:+,.4g} is found, because the spread is smaller"
    else:
        takes = f"the same relative effect takes {capped.total:,} customers"
    return f"With values capped at {planned.cap:,.2f} {takes}; the cap is one number for all arms, and what lies above it is not measured."


def _factors(planned: Planned) -> list[str]:
    found, design = planned.sizing, planned.design
    said = []
    if found.design_effect != 1:
        said.append(f"People in clusters are alike, so {found.design_effect:.2f} times as many are needed as without clusters.")
    if found.covariate_factor != 1:
        said.append(f"The time before explains {100 * (1 - found.covariate_factor):.0f} % of the variance, and so many fewer are needed.")
    if found.sequential_factor != 1:
        said.append(f"Being able to read the result at any time takes {found.sequential_factor:.2f} times as many customers.")
    if design.comparisons > 1:
        at = "" if found.sequential_factor != 1 else f" at the level {found.level:.4f}"
        said.append(f"Each arm is compared with the control{at}, so that all together are at {design.alpha:g}.")
    if abs(design.share - found.best_control_share) > 0.05:
        said.append(f"The fewest customers are needed with {100 * found.best_control_share:.0f} % in the control.")
    if found.n_per_arm_arcsine is not None and found.n_per_arm_arcsine != found.n_per_arm:
        said.append(f"By Cohen's arcsine form it would be {found.n_per_arm_arcsine:,} in each arm.")
    return said


def _with_cap(planned: Planned, y: Floats, *, given: bool, customers: int | None, power: float) -> Planned:
    values, cap = experiments.capped(y)
    if not (y > cap).any():
        return planned
    design = dataclasses.replace(planned.design, metric=experiments.metric_of(values, "revenue"))
    relative = planned.sizing.effect / planned.design.metric.baseline
    effect = relative * design.metric.baseline if given else None
    sized = experiments.size_of_revenue(values, design, effect=effect, customers=customers, power=power, weekly=planned.weekly)
    return dataclasses.replace(planned, cap=cap, capped=sized)


def _absolute(effect: float | str, of: Metric) -> float:
    text = str(effect).strip()
    try:
        return float(text.removesuffix("%")) / 100 * abs(of.baseline) if text.endswith("%") else float(text)
    except ValueError as error:
        raise InputError(f"The effect is '{text}'; give a number in the metric's unit, or a share of the baseline such as 5%.") from error
