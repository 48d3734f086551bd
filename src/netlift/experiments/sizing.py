"""Sample size, power and smallest effect of a planned test: any two give the third."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from netlift.errors import InputError, NotEnoughData
from netlift.experiments.design import SKEWED, Design, check, skewness_of_t
from netlift.experiments.power import power_of
from netlift.experiments.two_means import error_and_freedom, power_of_means

MOST = 1e12  # customers; beyond that an effect is not one


@dataclass(frozen=True, slots=True)
class Sizing:
    """A test of a certain size and what it finds."""

    n_per_arm: int  # customers of each arm beside the control
    n_control: int
    total: int
    effect: float  # true difference to the control, in the metric's unit
    power: float  # probability that one such arm is found to differ from the control
    mde: float  # size of the smallest change, in the effect's direction, that is found with the power asked for; above 0
    level: float  # two-sided, of one comparison
    design_effect: float  # clusters
    covariate_factor: float  # CUPED: variance left
    sequential_factor: float  # customers needed for reading at any time, over those for reading once
    best_control_share: float
    weeks: int | None  # until everybody has come in
    skewness: float | None  # of the t statistic; None = not looked at
    test: str  # "t", "two proportions" or "permutation"
    total_for_welch: int | None  # customers with which Welch's test could be used in place of the permutation test
    n_per_arm_arcsine: int | None  # of a proportion with equal arms: Cohen's form, beside
    simulated: bool = False  # power and size from past values, not from mean and spread


def power_at(design: Design, effect: float, customers: float) -> float:
    """Probability that a true `effect` of one arm is found when `customers` are in the test.

    Means, ratios and revenue: t test, exactly; with clusters their number makes the degrees of freedom (clusters − 2). An effect on
    a ratio or revenue multiplies all amounts, and so their spread (Welch's test); through more buyers slightly fewer customers do.
    Proportions: two-proportion z test with the pooled variance, on customers / variance factor.

    Raises:
        InputError: the design, the effect or the number cannot be.
    """
    check(design)
    _check_effect(design, effect)
    return _power(design, effect, customers)


def customers_for(design: Design, effect: float, power: float) -> float:
    """Customers of the whole test with which `effect` is found with probability `power`; not rounded.

    Raises:
        InputError: the design, effect or power cannot be, or more than 10¹² customers would be needed.
    """
    check(design)
    _check_effect(design, effect)
    _check_power(design, power)
    low = _fewest(design)
    if _power(design, effect, low) >= power:
        return low
    high = 2 * low
    while _power(design, effect, high) < power:
        low, high = high, 2 * high
        if high > MOST:
            raise InputError(f"An effect of {effect:g} would take more than {MOST:.0e} customers; give a larger effect.")
    return float(brentq(lambda n: _power(design, effect, n) - power, low, high, xtol=1e-9, rtol=1e-13))


def effect_for(design: Design, customers: float, power: float, *, falls: bool = False) -> float:
    """Size of the smallest rise above the baseline (or fall below it) that is found with probability `power`; above 0.

    Raises:
        InputError: the design, the number or the power cannot be.
        NotEnoughData: not even a rise to 100 % (or a fall to 0) would be found.
    """
    check(design)
    _check_power(design, power)
    if not customers >= _fewest(design):
        raise NotEnoughData(
            f"{customers:,.0f} customers are too few for a test of {design.arms} arms; give {_fewest(design):,.0f} or more."
        )
    sign, m = (-1 if falls else 1), design.metric
    low, high = 0.0, _furthest(design, falls=falls)
    if high is None:
        high = m.sd
        while _power(design, sign * high, customers) < power:
            low, high = high, 2 * high
    elif _power(design, sign * high, customers) < power:
        change = f"fall to {m.baseline - high:.4g}" if falls else "rise to 100 %"
        raise NotEnoughData(f"With {customers:,.0f} customers not even a {change} would be found reliably; give more customers.")
    return float(brentq(lambda d: _power(design, sign * d, customers) - power, low, high, xtol=1e-14, rtol=1e-12))


def _furthest(design: Design, *, falls: bool) -> float | None:
    """The largest change that can be, above 0; None = there is no end."""
    m = design.metric
    if m.kind == "proportion":
        return m.baseline if falls else 1 - m.baseline
    amounts = m.kind in {"ratio", "revenue"} and m.baseline > 0  # they cannot fall below nothing
    return m.baseline if falls and amounts else None


def arcsine_size(base: float, rate: float, *, power: float, alpha: float) -> float:
    """Customers in each of two equal arms for two proportions by Cohen's h = 2·arcsin√p₁ − 2·arcsin√p₀; not rounded.

    n solves Φ(h·√(n/2) − z) + Φ(−h·√(n/2) − z) = power. Source: Cohen, Statistical Power Analysis, 2nd edition, chapter 6.
    """
    h = 2 * abs(math.asin(math.sqrt(rate)) - math.asin(math.sqrt(base)))
    z = float(ndtri(1 - alpha / 2))

    def lacking(shift: float) -> float:
        return float(ndtr(shift - z) + ndtr(-shift - z)) - power

    return 2 * (float(brentq(lacking, 0, 2 * z + 10, xtol=1e-13)) / h) ** 2


def size(
    design: Design, *, effect: float | None = None, customers: int | None = None, power: float = 0.8, weekly: float | None = None
) -> Sizing:
    """The third of effect, customers and power from the other two; `power` is what is wanted where it is not asked for.

    Args:
        design: the planned test.
        effect: true difference to the control, in the metric's unit.
        customers: in the whole test; with `effect` the power is computed, else the smallest effect.
        power: wanted.
        weekly: customers who come into the test a week.

    Raises:
        InputError: something given cannot be, or neither effect nor customers are given.
        NotEnoughData: so few customers find nothing.
    """
    if weekly is not None and not weekly > 0:
        raise InputError(f"The weekly customers are {weekly:g}; give a number above 0.")
    if effect is None and customers is None:
        raise InputError("Neither an effect nor a number of customers is given; give one of them, or both.")
    if customers is None:
        total = customers_for(design, float(effect or 0), power)
    else:
        check(design)
        total = float(customers)
        if total < _fewest(design):
            raise NotEnoughData(
                f"{customers:,} customers are too few for a test of {design.arms} arms; give {_fewest(design):,.0f} or more."
            )
    control, each = arms_of(design, total, up=customers is None)
    everybody = control + each * design.comparisons
    mde = effect_for(design, everybody, power, falls=effect is not None and effect < 0)
    found = mde if effect is None else effect
    skewness, test = _tail(design, control, each)
    return Sizing(
        n_per_arm=each,
        n_control=control,
        total=everybody,
        effect=found,
        power=power_at(design, found, everybody),
        mde=mde,
        level=design.level,
        design_effect=design.design_effect,
        covariate_factor=1 - design.covariate_correlation**2,
        sequential_factor=_sequential_factor(design, power),
        best_control_share=design.best_share,
        weeks=None if weekly is None else math.ceil(everybody / weekly),
        skewness=skewness,
        test=test,
        total_for_welch=None if test != "permutation" else math.ceil(everybody * ((skewness or 0) / SKEWED) ** 2),  # g falls with √n
        n_per_arm_arcsine=_by_arcsine(design, effect, power),
    )


def _power(design: Design, effect: float, customers: float) -> float:
    control = design.share * customers
    treated = (customers - control) / design.comparisons
    factor, m = design.variance_factor, design.metric
    if m.kind == "proportion":
        return power_of(effect, base=m.baseline, held_out=control / factor, treated=treated / factor, alpha=design.level)
    sd = m.sd * math.sqrt(factor)
    changed = sd * abs(1 + effect / m.baseline) if m.kind in {"ratio", "revenue"} and m.baseline else sd
    error, freedom = error_and_freedom((sd, control), (changed, treated), together=design.cluster_size)
    return power_of_means(effect, error=error, freedom=freedom, alpha=design.level)


def arms_of(design: Design, total: float, *, up: bool = True) -> tuple[int, int]:
    """Customers of the control and of each other arm, in whole numbers."""
    whole = (lambda n: math.ceil(n - 1e-6)) if up else math.floor  # a millionth of a customer is rounding
    control = whole(total * design.share)
    each = whole(total * (1 - design.share) / design.comparisons)
    return control, each


def _fewest(design: Design) -> float:
    """Customers with which both arms of a comparison have at least two units."""
    smallest = min(design.share, (1 - design.share) / design.comparisons)
    return math.ceil(2 * design.cluster_size / smallest - 1e-9)


def _sequential_factor(design: Design, power: float) -> float:
    """((z_sequential + z_power)/(z + z_power))²."""
    if not design.always_valid:
        return 1.0
    once = replace(design, always_valid=False)
    z = [float(ndtri(1 - d.level / 2)) + float(ndtri(power)) for d in (design, once)]
    return (z[0] / z[1]) ** 2


def _tail(design: Design, control: int, each: int) -> tuple[float | None, str]:
    """Skewness of the t statistic of a test of this size, and the test that may be used."""
    if design.metric.kind != "revenue":
        return None, "two proportions" if design.metric.kind == "proportion" else "t"
    g = skewness_of_t(design.metric, control, each)
    return g, "permutation" if abs(g) > SKEWED else "t"


def _by_arcsine(design: Design, effect: float | None, power: float) -> int | None:
    base = design.metric.baseline
    if design.metric.kind != "proportion" or effect is None or design.control_share not in {None, 1 / design.arms}:
        return None
    return math.ceil(design.variance_factor * arcsine_size(base, base + effect, power=power, alpha=design.level))


def _check_effect(design: Design, effect: float) -> None:
    if not np.isfinite(effect) or effect == 0:
        raise InputError(f"The effect is {effect:g}; give the smallest difference that is worth finding, other than 0.")
    rate = design.metric.baseline + effect
    amounts = design.metric.kind in {"ratio", "revenue"} and design.metric.baseline > 0
    if amounts and rate <= 0:
        raise InputError(f"The effect {effect:g} takes {design.metric.baseline:g} to {rate:g}; give one that leaves something above 0.")
    if design.metric.kind == "proportion" and not 0 <= rate <= 1:
        raise InputError(f"The effect {effect:g} takes the rate from {design.metric.baseline:g} to {rate:g}; it must stay between 0 and 1.")


def _check_power(design: Design, power: float) -> None:
    if not design.level < power < 1:
        raise InputError(f"The power is {power:g}; it must lie between the level {design.level:.3g} and 1, and is mostly 0.8.")
