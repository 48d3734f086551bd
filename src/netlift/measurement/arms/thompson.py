"""Shares of the next customers by Thompson sampling, and what changing shares cost the measurement.

Source: Thompson 1933; Russo et al., A Tutorial on Thompson Sampling, 2018. Shares that change make strata: effects are
computed within periods of constant shares and post-stratified, because days differ and arms do not share them alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netlift.errors import InputError, NotEnoughData
from netlift.measurement.arms.difference import Difference, difference, pair, variance
from netlift.measurement.arms.metric import Metric, plain
from netlift.measurement.arms.moments import Moments
from netlift.measurement.arms.strata import post_stratified
from netlift.records import Floats

DRAWS, SEED = 100_000, 2026


def next_shares(metric: Metric, arms: Sequence[Moments], *, floor: float) -> Floats:
    """Share of draws in which each arm is best, none below `floor`; (arms,), sum 1.

    A mean or ratio is drawn from N(value, v/n), a proportion from Beta(1 + successes, 1 + failures).

    Raises:
        InputError: the floor cannot be.
        NotEnoughData: an arm has fewer than 2 customers.
    """
    if not 0 < floor * len(arms) <= 1:
        raise InputError(f"The floor is {floor:g} for {len(arms)} arms; it must be above 0 and at most {1 / max(len(arms), 1):.3g}.")
    rng = np.random.default_rng(SEED)
    drawn = np.column_stack([_draws(metric, arm, rng) for arm in arms])
    best = np.bincount(drawn.argmax(axis=1), minlength=len(arms)) / DRAWS
    return np.asarray(floor + (1 - floor * len(arms)) * best)


def _draws(metric: Metric, arm: Moments, rng: np.random.Generator) -> Floats:
    if arm.n < 2:
        raise NotEnoughData(f"an arm has {arm.n} customers, and 2 are needed")
    if metric.kind == "proportion":
        return rng.beta(1 + arm.nonzero, 1 + arm.n - arm.nonzero, DRAWS)
    form = plain(metric, arm)
    return rng.normal(form.value, np.sqrt(variance(metric, arm, form.weights) / arm.n), DRAWS)


def over_periods(metric: Metric, periods: Sequence[tuple[Moments, Moments]]) -> tuple[Difference, float]:
    """The absolute effect over periods of constant shares, (control, treated) each, and the cost of changing shares.

    Cost: by how much larger the variance is than equal arms of the same customers would have had it; 1.5 = it takes 1.5
    times the customers. Raises NotEnoughData where a period's arm has fewer than 2 customers or nobody differs.
    """
    made = [pair(metric, control, treated) for control, treated in periods]
    found = post_stratified([difference(arms) for arms in made])
    spread = 0.0
    for arms in made:
        n = arms.control.n + arms.treated.n
        spread += (n / found.n) ** 2 * sum(arms.variances()) / (n / 2)
    return found, found.variance / spread
