"""Which discount depth, or how many sends, earned most: only among what was tried, never beyond.

Customers were given levels of one input at random. A level is judged by its mean profit per customer; a difference of two levels has
Welch's interval (normal, as each level has 50 customers or more). The best is called sure only if it beats each other level: where all
are alike, that happens in at most 5 % of experiments, because it must at least beat the second in a two-sided test. Between two levels
that were tried a figure is interpolated on a straight line, so no depth between them can look better than both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.errors import InputError, NotEnoughData
from netlift.offers.policy_value import Z95, mean
from netlift.records import Floats

FEWEST, MOST = 50, 20  # customers of a level; levels


@dataclass(frozen=True, slots=True)
class Level:
    """Money per customer at one level of the input, with its 95 % interval."""

    at: float
    customers: int
    profit: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BestInput:
    """The levels that were tried, in ascending order, and which earned most.

    `gain` is that of the best over the level it beats least surely, money per customer with 95 % interval.
    """

    name: str
    levels: tuple[Level, ...]
    best: Level
    gain: float
    gain_low: float
    gain_high: float
    sentence: str

    @property
    def sure(self) -> bool:
        """Whether the best surely earns more than every other level."""
        return self.gain_low > 0

    def expected(self, at: float) -> Level:
        """Profit per customer between the levels that were tried, on a straight line; 0 customers had it unless it was a level.

        Raises:
            InputError: outside what was tried.
        """
        tried = [level.at for level in self.levels]
        if not tried[0] <= at <= tried[-1]:
            raise InputError(
                f"{self.name} of {at:g} was never tried, only {tried[0]:g} to {tried[-1]:g}: what it would earn cannot be told; "
                "test it on some customers drawn at random."
            )
        if at in tried:
            return self.levels[tried.index(at)]
        j = int(np.searchsorted(tried, at))
        below, above = self.levels[j - 1], self.levels[j]
        w = (at - below.at) / (above.at - below.at)
        profit = (1 - w) * below.profit + w * above.profit
        half = float(np.hypot((1 - w) * (below.high - below.low) / 2, w * (above.high - above.low) / 2))
        return Level(at, 0, profit, profit - half, profit + half)


def best_input(level: Floats, profit: Floats, *, name: str) -> BestInput:
    """Compare the levels of an input by what customers earned.

    Args:
        level: (n,) what each customer was given, drawn at random, e.g. a discount of 0.1 or 3 sends.
        profit: (n,) what he earned, money, after discount and contacts.
        name: of the input, as it is to be called.

    Raises:
        InputError: shapes that differ, a missing value, one level only, or a level for nearly every customer.
        NotEnoughData: a level that fewer than 50 customers had.
    """
    _check(level, profit, name)
    each = [(float(at), profit[level == at]) for at in np.unique(level)]
    few = min(each, key=lambda pair: len(pair[1]))
    if len(few[1]) < FEWEST:
        raise NotEnoughData(f"{name} of {few[0]:g} was tried on {len(few[1])} customers; {FEWEST} are the fewest for a figure.")
    levels = tuple(Level(at, len(money), *mean(money)) for at, money in each)
    top = max(range(len(levels)), key=lambda j: levels[j].profit)
    gain = min((_difference(each[top][1], money) for j, (_, money) in enumerate(each) if j != top), key=lambda d: d[1])
    return BestInput(name, levels, levels[top], *gain, _sentence(name, levels, top, gain))


def _check(level: Floats, profit: Floats, name: str) -> None:
    if level.shape != profit.shape or level.ndim != 1:
        raise InputError(f"{name} has the shape {level.shape} and profit {profit.shape}; one of each for every customer is expected.")
    for what, values in ((name, level), ("profit", profit)):
        wrong = int((~np.isfinite(values)).sum())
        if wrong:
            raise InputError(f"{what} is missing or infinite for {wrong:,} customers; leave them out or fill it in.")
    different = len(np.unique(level))
    if different == 1:
        raise InputError(f"{name} was {level[0]:g} for every customer, so nothing is known about another; test two levels at least.")
    if different == 0 or different > MOST:
        raise InputError(f"{name} has {different:,} different values, and 2 to {MOST} are expected; group them into levels.")


def _difference(one: Floats, other: Floats) -> tuple[float, float, float]:
    d = float(one.mean() - other.mean())
    half = Z95 * float(np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)))
    return d, d - half, d + half


def _sentence(name: str, levels: tuple[Level, ...], top: int, gain: tuple[float, float, float]) -> str:
    best, (d, low, high) = levels[top], gain
    interval = f"{d:+.3g} a customer (95 % interval {low:+.3g} to {high:+.3g}) over its nearest rival".replace("-", "\N{MINUS SIGN}")
    told = (
        f"{name} of {best.at:g} earns most of the {len(levels)} levels tried: {interval}."
        if low > 0
        else f"{name} of {best.at:g} earned most of the {len(levels)} levels tried, but that may be chance: {interval}."
    )
    edge = {0: f"Less than {best.at:g}", len(levels) - 1: f"More than {best.at:g}"}.get(top)
    told += f" {edge} was never tried, so whether it would earn more is not known: test it." if edge else ""
    return told
