"""Best offer and channel for every customer under a budget and channels' capacities, with a bound on what is given away.

The problem is a multiple-choice knapsack: at most one option (offer on a channel) per customer, sum of costs at most the budget, contacts
of a channel at most its capacity. Prices of the scarce means (Lagrange multipliers, `shadow_prices`) split it into customers and give the
bound. What then still exceeds its means is moved to the next best or dropped, least loss first, and what is left of the means is filled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlift.errors import InputError
from netlift.offers import shadow_prices
from netlift.offers.shadow_prices import Limits, taken
from netlift.records import Floats, Ints

NOTHING = 1e-9  # money: what costs less per contact counts as free, or the price of a budget would have no meaning
ROUNDING = 1 + 1e-12  # a sum of costs may exceed its limit by this factor, as sums of floating-point numbers do
SHAKEN = 1e-4  # of the mean profit, added at random while choosing: of customers who are alike some can be chosen and some not


@dataclass(frozen=True, slots=True)
class Option:
    """An offer on a channel."""

    offer: str
    channel: str
    cost: float  # of one contact


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who gets what, what it brings, and what no allocation can exceed."""

    choice: Ints  # (n,) number of the option, -1 = not contacted
    profit: float  # expected, after the cost of contacts
    bound: float  # the best possible profit is at most this
    spent: float
    contacts: Mapping[str, int]  # by channel
    prices: Mapping[str, float]  # "budget" and channels with a capacity: what one more unit of it would earn

    @property
    def gap(self) -> float:
        """At most this share of the best possible profit is given away."""
        return 0.0 if self.bound <= 0 else max(0.0, 1 - self.profit / self.bound)


def allocate(
    profit: Floats,
    options: Sequence[Option],
    *,
    budget: float = math.inf,
    capacity: Mapping[str, int] | None = None,
    minimum: float = 0.0,
    low: Floats | None = None,
) -> Allocation:
    """Choose at most one option per customer for the largest expected profit.

    Args:
        profit: expected profit of each option after its cost, (n, options); NaN where the customer may not get it.
        options: the columns of `profit`.
        budget: for contacts, in the money of the costs.
        capacity: most contacts by channel; channels that are not named have no limit.
        minimum: expected profit that a contact must exceed.
        low: lower bounds of the profits, (n, options): with them, only options whose lower bound is above 0 are chosen.

    Raises:
        InputError: shapes that do not fit, an infinite profit, an amount below 0, or a channel that is unknown or named "budget".
    """
    limits = _limits(profit, options, budget=budget, capacity=capacity or {})
    if not 0 <= minimum < math.inf:
        raise InputError(f"minimum is {minimum:g}; write an amount from 0.")
    if low is not None and low.shape != profit.shape:
        raise InputError(f"low has the shape {low.shape}, and that of profit, {profit.shape}, is expected.")
    allowed = profit > minimum if low is None else (profit > minimum) & (low > 0)
    gains = np.where(allowed, profit, -np.inf).T.copy()  # (options, n): sums over options run along memory
    shaken = _shaken(gains)
    found = shadow_prices.prices(shaken, limits)
    prices = found.best
    bound = float(taken(gains, prices @ limits.use)[0].sum() + prices @ limits.most)
    choice = shadow_prices.mixed(shaken, limits, found)
    _repair(shaken, choice, limits, prices @ limits.use)
    contacted = np.flatnonzero(choice >= 0)
    counts = np.bincount(choice[contacted], minlength=len(options))
    channels = list(dict.fromkeys(o.channel for o in options))
    return Allocation(
        choice=choice,
        profit=float(gains[choice[contacted], contacted].sum()),
        bound=bound,
        spent=float(counts @ np.array([o.cost for o in options])),
        contacts={c: int(sum(n for o, n in zip(options, counts, strict=True) if o.channel == c)) for c in channels},
        prices=dict(zip(limits.names, prices.tolist(), strict=True)),
    )


def _limits(profit: Floats, options: Sequence[Option], *, budget: float, capacity: Mapping[str, int]) -> Limits:
    if profit.ndim != 2 or profit.shape[1] != len(options) or not options:
        raise InputError(f"profit has the shape {profit.shape}, and customers × {len(options)} options is expected.")
    if np.isinf(profit).any():
        raise InputError("profit holds an infinite value; write NaN where a customer may not get an option.")
    for option in options:
        if not 0 <= option.cost < math.inf:
            raise InputError(f"The cost of '{option.offer}' by {option.channel} is {option.cost:g}; write an amount from 0.")
    if not budget >= 0:
        raise InputError(f"budget is {budget:g}; write an amount from 0.")
    channels = {o.channel for o in options}
    if "budget" in channels:
        raise InputError("A channel is named 'budget', as the sum of all costs is; give the channel another name.")
    for channel, most in capacity.items():
        if channel not in channels:
            raise InputError(f"capacity names the channel '{channel}', and the options use {', '.join(sorted(channels))}.")
        if not most >= 0:
            raise InputError(f"capacity of {channel} is {most:g}; write a number from 0.")
    rows = [("budget", [o.cost if o.cost >= NOTHING else 0.0 for o in options], budget)] if budget < math.inf else []
    rows += [(c, [float(o.channel == c) for o in options], float(most)) for c, most in capacity.items()]
    names = tuple(name for name, _, _ in rows)
    return Limits(names, np.array([use for _, use, _ in rows]).reshape(-1, len(options)), np.array([most for _, _, most in rows]))


def _shaken(gains: Floats) -> Floats:
    if not (possible := np.isfinite(gains)).any():
        return gains
    return np.asarray(gains + SHAKEN * gains[possible].mean() * np.random.default_rng(gains.shape[1]).random(gains.shape))


# --- repair --------------------------------------------------------------------------------------------------------


def _repair(gains: Floats, choice: Ints, limits: Limits, price: Floats) -> None:
    """Move or drop, least loss first, until nothing exceeds its means; then use what is left."""
    for name, use, most in zip(limits.names, limits.use, limits.most, strict=True):
        _shrink(gains, choice, use, most, price=price, others_only=name != "budget")
    for use, most in zip(limits.use, limits.most, strict=True):  # moving may have filled another channel too far
        _shrink(gains, choice, use, most, price=price, others_only=None)
    _fill(gains, choice, limits, price)


def _shrink(gains: Floats, choice: Ints, use: Floats, most: float, *, price: Floats, others_only: bool | None) -> None:
    """`others_only`: move to options that use none of it, else to any that use less; None = drop, move nobody."""
    users = np.flatnonzero((choice >= 0) & (use[choice] > 0))
    total = use[choice[users]].sum()
    if total <= most * ROUNDING:
        return
    now = gains[choice[users], users] - price[choice[users]]
    best, to = np.zeros(len(users)), np.full(len(users), -1)
    if others_only is not None:
        for j, row in enumerate(gains):
            fits = use[j] == 0 if others_only else use[j] < use[choice[users]]
            gain = np.where(fits, row[users] - price[j], -np.inf)
            better = gain > best
            best[better], to[better] = gain[better], j
    freed = use[choice[users]] - np.where(to >= 0, use[to], 0.0)
    order = np.argsort((now - best) / freed, kind="stable")
    enough = int(np.searchsorted(np.cumsum(freed[order]), total - most * ROUNDING)) + 1
    moved = order[:enough]
    choice[users[moved]] = to[moved]


def _fill(gains: Floats, choice: Ints, limits: Limits, price: Floats) -> None:
    """Give options to customers without one while the means last, most gain over its price first."""
    left = limits.most * ROUNDING - limits.use @ np.bincount(choice[choice >= 0], minlength=len(gains)).astype(np.float64)
    idle = np.flatnonzero(choice < 0)
    over = gains[:, idle] - price[:, None]
    for _ in range(len(gains)):
        possible = (limits.use <= left[:, None]).all(axis=0)
        over[~possible] = -np.inf
        if not len(idle) or not np.isfinite(over).any():
            return
        option, best = over.argmax(axis=0), over.max(axis=0)
        order = np.argsort(-best, kind="stable")
        order = order[np.isfinite(best[order])]
        needed = np.cumsum(limits.use[:, option[order]], axis=1)
        fits = (needed <= left[:, None]).all(axis=0)
        given = order[: int(fits.argmin()) if not fits.all() else len(order)]
        choice[idle[given]] = option[given]
        left -= limits.use[:, option[given]].sum(axis=1)
        if fits.all():
            return
        # what did not fit is no option any more for anybody
        over[option[order[len(given)]]] = -np.inf
        over[:, given] = -np.inf
