"""Least squares on a daily series whose errors hang together: AR(1) errors, or a level that drifts.

A whitening is a linear map of columns after which errors are independent and alike; least squares on the whitened columns is
generalised least squares. Both whitenings lose the first day.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from netlift.records import Floats

Whiten = Callable[[Floats], Floats]  # columns (n, c) -> (n − 1, c)
ROUNDS = 5
LEVELS = (-12.0, 6.0)  # ln of the level's variance over the noise's, between which it is looked for
TOLD_APART = 1e-6  # share of a column that the other columns must leave, for it to have an effect of its own


def ar1(y: Floats, x: Floats) -> Whiten:
    """Errors e_t = ρ·e_{t−1} + u_t, ρ by Yule and Walker on the residuals, in rounds (Cochrane, Orcutt 1949).

    y (n,), x (n, p). The same numbers as `GLSAR(y, x, 1).iterative_fit(5)` of statsmodels.
    """
    rho = 0.0
    for _ in range(ROUNDS - 1):
        rho = _autocorrelation(y - x @ _solved(partial(_ar1, rho), y, x))
    return partial(_ar1, rho)


def local_level(y: Floats, x: Floats) -> Whiten:
    """Errors μ_t + ε_t with μ_t = μ_{t−1} + η_t, the variance ratio by restricted maximum likelihood.

    Durbin, Koopman, Time Series Analysis by State Space Methods, sections 2.2 and 2.9 (start unknown) and 6.2 (regression by
    filtering every column with the gains of the level). x must hold no constant: the level is one.
    """

    def deviance(log_ratio: float) -> float:
        scale = _scales(np.exp(log_ratio), len(y))[1]
        white = partial(_level, float(np.exp(log_ratio)))
        columns = white(x)
        left, rank = _left(columns, white(y[:, None]))
        m = len(left) - rank
        information = float(np.linalg.slogdet(columns.T @ columns)[1]) if rank == columns.shape[1] else 0.0
        return m * float(np.log(np.sum(left**2) / m)) + float(np.log(scale[1:]).sum()) + information

    found = minimize_scalar(deviance, bounds=LEVELS, method="bounded", options={"xatol": 0.05})
    return partial(_level, float(np.exp(found.x)))


def effects(y: Floats, x: Floats, columns: Floats, whiten: Whiten) -> tuple[Floats, Floats]:
    """Coefficient and standard error of each of `columns` (n, k), one at a time beside x (n, p); NaN where x explains it whole.

    Frisch, Waugh and Lovell: what x leaves of y on what x leaves of the column.
    """
    white = whiten(columns)
    left, rank = _left(whiten(x), np.column_stack([whiten(y[:, None]), white]))
    own, others = left[:, 0], left[:, 1:]
    squared = np.sum(others**2, axis=0)
    size = np.where(squared > TOLD_APART * np.sum(white**2, axis=0), squared, np.nan)
    effect = own @ others / size
    squares = np.sum(own**2) - effect**2 * size
    return effect, np.sqrt(squares / (len(own) - rank - 1) / size)


def independent(x: Floats, columns: Floats, whiten: Whiten) -> float:
    """How many independent columns (n, k) are worth, k at most, for the mean square of their effects over their errors.

    With C the correlations of what x leaves of the columns: k²/ΣC². A season takes the slow movements of all windows away at once.
    """
    left, _ = _left(whiten(x), whiten(columns))
    size = np.sqrt(np.sum(left**2, axis=0))
    kept = size > np.sqrt(TOLD_APART) * np.sqrt(np.sum(whiten(columns) ** 2, axis=0))
    unit = left[:, kept] / size[kept]
    return float(kept.sum() ** 2 / np.sum((unit.T @ unit) ** 2)) if kept.any() else 0.0


def _left(x: Floats, columns: Floats) -> tuple[Floats, int]:
    """What x leaves of the columns, and the rank of x."""
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    basis = u[:, s > s.max(initial=0.0) * 1e-10]
    return columns - basis @ (basis.T @ columns), basis.shape[1]


def _solved(whiten: Whiten, y: Floats, x: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(whiten(x), whiten(y[:, None])[:, 0], rcond=None)[0], dtype=np.float64)


def _autocorrelation(e: Floats) -> float:
    """Yule and Walker's ρ of a series, each sum over its own number of terms; kept within ±0.99, where errors stay stationary."""
    centred: Floats = e - e.mean()
    n = len(centred)
    variance = float(centred @ centred)
    return float(np.clip(centred[1:] @ centred[:-1] / (n - 1) / (variance / n), -0.99, 0.99)) if variance > 0 else 0.0


def _ar1(rho: float, columns: Floats) -> Floats:
    return columns[1:] - rho * columns[:-1]


def _scales(ratio: float, n: int) -> tuple[Floats, Floats]:
    """Gains K_t and variances F_t (in units of the noise's) of the level's filter, both (n,); the first day fixes the level."""
    gains, scales = np.ones(n), np.ones(n)
    p = 1.0 + ratio
    for t in range(1, n):
        scales[t] = p + 1.0
        gains[t] = p / scales[t]
        p = gains[t] + ratio
    return gains, scales


def _level(ratio: float, columns: Floats) -> Floats:
    """One-step errors of the level's filter over their standard deviations, for every column: v_t = y_t − a_t, a_{t+1} = a_t + K_t·v_t."""
    gains, scales = _scales(ratio, len(columns))
    level, errors = columns[0], np.empty((len(columns) - 1, columns.shape[1]))
    for t in range(1, len(columns)):
        errors[t - 1] = columns[t] - level
        level = level + gains[t] * errors[t - 1]
    return errors / np.sqrt(scales[1:, None])
