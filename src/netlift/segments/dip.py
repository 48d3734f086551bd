"""Hartigan's dip: how far the distribution of some numbers is from the nearest one with a single peak.

J. A. Hartigan and P. M. Hartigan, "The dip test of unimodality", Annals of Statistics 13 (1985), section 4. Written from the
definition: the greatest convex minorant and the least concave majorant close in on the modal interval.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression

from netlift.records import Floats, Ints


def dip(numbers: Floats) -> float:
    """The dip statistic of some numbers (n,): 1/(2n) where perfectly unimodal, at most 1/4."""
    x, counts = np.unique(numbers, return_counts=True)
    after = np.cumsum(counts) / counts.sum()
    before = after - counts / counts.sum()
    a, b, twice = 0, len(x) - 1, float(counts.max() / counts.sum()) if len(x) == 1 else 1 / float(counts.sum())
    while a < b:
        minorant = _convex(x[a : b + 1], before[a : b + 1])
        majorant = -_convex(x[a : b + 1], -after[a : b + 1])
        gap = majorant - minorant
        touching_below = np.flatnonzero(np.isclose(minorant, before[a : b + 1], rtol=0, atol=1e-12))
        touching_above = np.flatnonzero(np.isclose(majorant, after[a : b + 1], rtol=0, atol=1e-12))
        left, right = _modal_interval(gap, touching_below, touching_above)
        if max(gap[left], gap[right]) <= twice or (left == 0 and right == b - a):
            break
        twice = max(
            twice,
            float((after[a : a + left + 1] - minorant[: left + 1]).max()),
            float((majorant[right:] - before[a + right : b + 1]).max()),
        )
        a, b = a + left, a + right
    return twice / 2


def _modal_interval(gap: Floats, below: Ints, above: Ints) -> tuple[int, int]:
    """Where the gap is largest at a touching point, and the nearest touching point of the other curve on the far side."""
    lower, upper = below[gap[below].argmax()], above[gap[above].argmax()]
    if gap[lower] > gap[upper]:
        return int(lower), int(above[np.searchsorted(above, lower)])
    return int(below[np.searchsorted(below, upper, side="right") - 1]), int(upper)


def _convex(x: Floats, y: Floats) -> Floats:
    """Greatest convex minorant of the points (x, y) at x: its slopes are the isotonic regression of theirs."""
    width = np.diff(x)
    slopes = isotonic_regression(np.diff(y) / width, weights=width).x
    return np.concatenate([y[:1], y[0] + np.cumsum(slopes * width)])
