"""Adjusted p values of several comparisons: Holm 1979 for a few planned ones, Benjamini and Hochberg 1995 for many segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netlift.records import Floats


def holm(p: Sequence[float]) -> Floats:
    """Probability of any false alarm at most α: p_(i)·(m − i + 1), made to rise. In the order given."""
    order, m = np.argsort(p, kind="stable"), len(p)
    risen = np.maximum.accumulate(np.asarray(p)[order] * (m - np.arange(m)))
    return _back(np.minimum(risen, 1.0), order)


def benjamini_hochberg(p: Sequence[float]) -> Floats:
    """Share of false alarms among those found at most α: p_(i)·m/i, made to rise. In the order given."""
    order, m = np.argsort(p, kind="stable"), len(p)
    raised = np.asarray(p)[order] * m / (1 + np.arange(m))
    return _back(np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0), order)


def _back(values: Floats, order: np.ndarray) -> Floats:
    found = np.empty(len(values))
    found[order] = values
    return found
