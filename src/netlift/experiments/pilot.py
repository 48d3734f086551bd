"""What past values of customers say about a metric: its mean, spread and tail."""

from __future__ import annotations

import numpy as np

from netlift.errors import InputError, NotEnoughData
from netlift.experiments.design import Kind, Metric
from netlift.records import Floats

CAP = 0.999  # quantile of the values that are not 0, one for all arms; experiments.md section 4
FEW_BUYERS = 30  # values that are not 0, below which mean and spread say little


def metric_of(values: Floats, kind: Kind, *, of: Floats | None = None, name: str = "the metric") -> Metric:
    """The metric of past values, one a customer, (n,).

    Args:
        values: y of each customer.
        kind: what is compared; a proportion takes values 0 and 1.
        of: d of each customer, (n,), for a ratio Σy/Σd: then sd is that of (y − R·d)/d̄ (delta method; experiments.md section 5).
        name: for messages.

    Raises:
        InputError: values are missing or, in a proportion, others than 0 and 1; a ratio has nothing below.
        NotEnoughData: fewer than two customers, or all alike.
    """
    _complete(values, name)
    if kind == "proportion" and not np.isin(values, (0.0, 1.0)).all():
        other = values[~np.isin(values, (0.0, 1.0))][0]
        raise InputError(f"'{name}' holds {other:g}, and a proportion needs 0 and 1; use another metric.")
    baseline, each = float(values.mean()), values
    if kind == "ratio":
        if of is None:
            raise InputError(f"A ratio needs what '{name}' is divided by; name that column too.")
        _complete(of, "the column below")
        if not of.sum() > 0:
            raise InputError(f"The column that '{name}' is divided by sums to {of.sum():g}; it must be above 0.")
        baseline = float(values.sum() / of.sum())
        each = (values - baseline * of) / of.mean()
    deviation = each - each.mean()
    sd = float(np.sqrt(np.sum(deviation**2) / (len(each) - 1)))
    if sd == 0:
        raise NotEnoughData(
            f"All {len(each):,} customers have the same '{name}', so its spread cannot be estimated; give past data that differ."
        )
    return Metric(kind, baseline, sd, float(np.mean(deviation**3)) / sd**3)


def capped(values: Floats) -> tuple[Floats, float]:
    """Values cut at the p99.9 of those that are not 0, and that cap."""
    some = values[values != 0]
    cap = float(np.quantile(some, CAP)) if len(some) else 0.0
    return np.minimum(values, cap), cap


def _complete(values: Floats, name: str) -> None:
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        raise InputError(f"{missing:,} of {len(values):,} customers have no number as '{name}'; fill in 0 or leave those customers out.")
    if len(values) < 2:
        raise NotEnoughData(f"There are {len(values)} customers in the file; its spread takes at least two.")
