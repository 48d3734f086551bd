"""Effects over strata: added up (post-stratified), and shown side by side (shrunk). experiments.md section 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from netlift.errors import InputError
from netlift.measurement.arms.difference import Difference
from netlift.records import Floats


def post_stratified(strata: Sequence[Difference]) -> Difference:
    """Σ w_s·d_s with V = Σ w_s²·V_s and w_s = N_s/N, N_s the customers of both arms: Miratrix, Sekhon, Yu 2013.

    Freedom by Satterthwaite. The differences must be absolute: shares of different bases do not add up.

    Raises:
        InputError: there is no stratum, or a difference is relative.
    """
    if not strata or any(s.relative for s in strata):
        given = "none" if not strata else "a relative one"
        raise InputError(f"Of the strata's differences {given} is given; give one or more absolute ones.")
    n = sum(s.n for s in strata)
    weights = np.array([s.n / n for s in strata])
    parts = weights**2 * np.array([s.variance for s in strata])
    freedom = float(parts.sum() ** 2 / np.sum(parts**2 / np.array([s.freedom for s in strata])))
    effect, base = (float(weights @ [getattr(s, name) for s in strata]) for name in ("effect", "base"))
    return replace(strata[0], effect=effect, variance=float(parts.sum()), freedom=freedom, n=n, base=base)


def shrunk(effects: Floats, variances: Floats) -> tuple[Floats, float]:
    """Effects of segments drawn to their mean by their noise (empirical Bayes), and T², the variance between segments.

    w = 1/V, m = Σwd/Σw, T² = max(0, Σw((d − m)² − V)/Σw); shown m + T²/(T² + V)·(d − m). T² = 0: no difference between
    segments shows.
    """
    w = 1 / variances
    m = float(w @ effects / w.sum())
    between = max(0.0, float(w @ ((effects - m) ** 2 - variances) / w.sum()))
    return np.asarray(m + between / (between + variances) * (effects - m)), between
