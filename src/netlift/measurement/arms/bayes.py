"""Bayes: the chance that the treated arm is better, and what choosing either arm is expected to lose.

Normal: a flat prior, or N(0, s²) on the relative effect; conjugate. Proportion: Beta(1 + successes, 1 + failures) an arm.
Sources: Stucchi, The power of Bayesian A/B testing (risk); Gelman et al., Bayesian Data Analysis, 3rd edition, 2.4 and 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from netlift.errors import InputError
from netlift.measurement.arms.difference import Difference
from netlift.measurement.arms.intervals import ALPHA
from netlift.measurement.arms.moments import Moments

DRAWS, SEED = 100_000, 2026


@dataclass(frozen=True, slots=True)
class Posterior:
    """The effect after seeing the data: mean, 95 % credible interval, and what either choice is expected to lose."""

    mean: float
    low: float
    high: float
    chance_to_win: float  # of the treated arm, 0..1
    loss_of_control: float  # expected loss of staying with the control arm, in the effect's unit
    loss_of_treated: float  # of shipping the treated arm


def normal(found: Difference, *, prior_sd: float | None = None) -> Posterior:
    """Precision 1/V + 1/s²; None = flat prior. `prior_sd` is of the relative effect, on the absolute scale s·|control|."""
    precision, mean = 1 / found.variance, found.effect
    if prior_sd is not None:
        s = prior_sd if found.relative else prior_sd * abs(found.base)
        precision += 1 / s**2
        mean = found.effect / found.variance / precision
    sd = 1 / sqrt(precision)
    half, win = float(ndtri(1 - ALPHA / 2)) * sd, float(ndtr(mean / sd))
    loss = mean * win + sd * exp(-((mean / sd) ** 2) / 2) / sqrt(2 * pi)
    return Posterior(mean, mean - half, mean + half, win, loss, loss - mean)


def beta_binomial(control: Moments, treated: Moments, *, relative: bool = False) -> Posterior:
    """Draws of both arms' shares, fixed seed. Raises InputError where a metric is not 0 and 1."""
    shares = []
    rng = np.random.default_rng(SEED)
    for arm in (control, treated):
        successes = arm.total
        if not -1e-6 < successes - arm.nonzero < 1e-6:
            raise InputError(f"The metric sums to {successes:,.6g} over {arm.nonzero:,} customers that are not 0; a proportion is 0 or 1.")
        shares.append(rng.beta(1 + arm.nonzero, 1 + arm.n - arm.nonzero, DRAWS))
    effect = shares[1] - shares[0]
    if relative:
        effect = effect / shares[0]
    low, high = np.quantile(effect, [ALPHA / 2, 1 - ALPHA / 2])
    losses = np.maximum(effect, 0).mean(), np.maximum(-effect, 0).mean()
    return Posterior(float(effect.mean()), float(low), float(high), float((effect > 0).mean()), float(losses[0]), float(losses[1]))
