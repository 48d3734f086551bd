"""The effect of campaign days in a daily series, judged by windows in which nothing happened.

For a series y (its logarithm), regressors x and campaign days d the effect is the coefficient of d; lift = exp(effect) − 1. The
same window is then laid over the days without a campaign, k times, and the model asked each time for its effect there: π_i with
standard error s_i. If the errors were right, π_i/s_i would have variance 1. So with c² = mean(π_i²/s_i²) the effect's error is
c·s, and effect/(c·s) is compared with Student's t with as many degrees of freedom as the windows are worth independent ones (at
most k). All windows alike, c·s = √(mean π²): placebo in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from netlift.errors import NotEnoughData
from netlift.measurement.figure import ALL_ALIKE, CONFIDENCE, NO_SPREAD
from netlift.measurement.regression import Whiten, effects, independent
from netlift.measurement.summaries import Flags
from netlift.records import Floats

WINDOWS = 8  # fewer placebo windows cannot judge an error
RANKED = 19  # from so many windows on, the effect's rank among them can be called rare at 5 %
SHORTEST = 120  # days of history before a window at the end of the data
FREE = 60  # days without a campaign that are needed to know what sales are without one

Model = Callable[[Floats, Floats], Whiten]  # y (n,), x (n, p) -> the whitening of their errors


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of the campaign days on the logarithm of sales with its 95 % interval, and the windows it was judged by."""

    effect: float
    low: float
    high: float
    windows: int
    as_large: int  # windows without a campaign that show as large an effect, for its error, or a larger one
    calibration: float  # c: by how much the model's own error was too small

    @property
    def p(self) -> float | None:
        """Permutation p = (1 + as large) / (1 + windows); None where there are too few windows for any to be rare."""
        return (1 + self.as_large) / (1 + self.windows) if self.windows >= RANKED else None


def judged(y: Floats, x: Floats, active: Flags, model: Model) -> Effect:
    """The effect of active days on y (n,), beside x (n, p), with errors of a model.

    Raises:
        NotEnoughData: too few days without a campaign, or windows among them; or nothing tells the campaign from the rest.
    """
    free = int((~active).sum())
    if free < FREE:
        raise NotEnoughData(f"{free} days are without a campaign and {FREE} are needed")
    length = spell_length(active)
    last = int(np.flatnonzero(active)[-1])
    if active.sum() == length and len(active) - 1 - last < length:
        history = max((last + 1) // 2, SHORTEST + length)
        effect, error, ratios, worth = _foretold(y, x, active, model, history=history)
    else:
        effect, error, ratios, worth = _between(y, x, active, model)
    k = len(ratios)
    if k < WINDOWS:
        raise NotEnoughData(f"only {k} windows of {length} days are free of campaigns to judge chance by, and {WINDOWS} are needed")
    calibration = float(np.sqrt(np.mean(ratios**2)))
    half = float(stdtrit(worth, (1 + CONFIDENCE) / 2)) * calibration * error
    as_large = int(np.sum(np.abs(ratios) >= abs(effect / error)))
    return Effect(effect, effect - half, effect + half, k, as_large, calibration)


def _between(y: Floats, x: Floats, active: Flags, model: Model) -> tuple[float, float, Floats, float]:
    """Effect, error, π/s and worth of windows anywhere among the days without a campaign, the campaign's own days known as such."""
    x = np.column_stack([x, active])
    whiten = model(y, x)
    effect, error = _checked(*effects(y, x[:, :-1], x[:, -1:], whiten))
    found = windows(active, spell_length(active))
    pi, errors = effects(y, x, found, whiten)
    return effect, error, (pi / errors)[np.isfinite(pi)], independent(x, found, whiten)


def _foretold(y: Floats, x: Floats, active: Flags, model: Model, *, history: int) -> tuple[float, float, Floats, float]:
    """The same for one campaign at the end of the data, whose usual sales must be foretold from the days before alone.

    A level that drifts is known worse at the end than in the middle; so each window is put at the end of as many days, and the
    model fitted anew on those.
    """
    first, length = int(np.flatnonzero(active)[0]), spell_length(active)
    ends = range(first + length, min(history, first + length) - 1, -length)
    found = [_at_end(y[end - history : end], x[end - history : end], length, model) for end in ends]
    effect, error = _checked(*found[0])
    ratios = np.array([float(pi[0] / s[0]) for pi, s in found[1:]])
    kept = ratios[np.isfinite(ratios)]
    return effect, error, kept, float(len(kept))


def _at_end(y: Floats, x: Floats, length: int, model: Model) -> tuple[Floats, Floats]:
    """Effect and error, (1,) each, of the last `length` days."""
    d = np.zeros((len(y), 1))
    d[-length:] = 1.0
    return effects(y, x, d, model(y, np.column_stack([x, d])))


def _checked(effect: Floats, error: Floats) -> tuple[float, float]:
    if not np.isfinite(effect[0]):
        raise NotEnoughData("the campaign's days cannot be told from weekday, season and other campaigns")
    if not error[0] > NO_SPREAD:
        raise NotEnoughData(ALL_ALIKE)
    return float(effect[0]), float(error[0])


def spell_length(active: Flags) -> int:
    """Mean number of days of the stretches of active days, at least 1."""
    stretches = int(active[0]) + int(np.sum(active[1:] & ~active[:-1]))
    return max(round(int(active.sum()) / max(stretches, 1)), 1)


def windows(active: Flags, length: int) -> Floats:
    """Windows of `length` days in a row without a campaign, none over another, as columns (n, k) of 0 and 1."""
    firsts, run = [], 0
    for day, busy in enumerate(active):
        run = 0 if busy else run + 1
        if run == length:
            firsts.append(day - length + 1)
            run = 0
    columns = np.zeros((len(active), len(firsts)))
    for j, first in enumerate(firsts):
        columns[first : first + length, j] = 1.0
    return columns
