"""What a customer will spend: BG/NBD for how often, gamma-gamma for how much, and the distribution of their product.

The interval is predictive: it holds the chance of the purchases themselves, what is not known about this customer's rate, his going
away and his spend, but not the error of the few parameters, which is small beside it. Customers with few facts get a wide one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache

import numpy as np
import pyarrow as pa
from scipy.special import betainc, betaincinv, expit, gammaln, logit

from netlift.features.bg_nbd import BgNbd, Histories
from netlift.features.gamma_gamma import GammaGamma
from netlift.records import Floats, Texts

TAILS = (0.025, 0.975)
EACH, FURTHER = 12, 1.08  # numbers of purchases looked at one by one, and the ratio of those after them
POINTS = 128  # of the grid of money on which a distribution is read
RARE = 1e-4  # share of the distribution beyond the grid, and of the counts beyond the last
FORETOLD = pa.schema(
    [
        ("customer_id", pa.string()),
        ("expected_purchases", pa.float64()),
        ("expected_spend", pa.float64()),
        ("expected_spend_low", pa.float64()),
        ("expected_spend_high", pa.float64()),
        ("sufficiency", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Foretold:
    """Of n customers, the days of the horizon; money in the project's currency, with a 95 % interval of what they will spend."""

    purchases: Floats  # (n,) days with a purchase
    spend: Floats
    low: Floats
    high: Floats
    sufficiency: (
        Texts  # "prior-only" without a repeat purchase, "enough" where own facts outweigh the mean of all in each part, else "shrunk"
    )


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Fitted on the customers of a run; plain numbers, so that it can go where the customers are."""

    how_often: BgNbd
    how_much: GammaGamma
    horizon: int  # days

    @staticmethod
    def of(parameters: Mapping[str, float], horizon: int) -> ValueModel:
        """The model with the parameters that `parameters` gave."""
        often, much = ({f.name: parameters[f.name] for f in fields(kind)} for kind in (BgNbd, GammaGamma))
        return ValueModel(BgNbd(**often), GammaGamma(**much), horizon)

    def parameters(self) -> dict[str, float]:
        """r, alpha, a, b, p, q, gamma; days and money."""
        return {**asdict(self.how_often), **asdict(self.how_much)}

    def foretell(self, x: Floats, t_x: Floats, T: Floats, m: Floats) -> Foretold:
        """From x repeat purchases, days t_x and T as BG/NBD has them, and their mean value m (not used where x = 0), (n,) each."""
        h, place = Histories.of(x, t_x, T)
        expected = self.how_often.purchases(h, self.horizon)[place]
        money = self.how_much
        scale = money.gamma + np.where(x > 0, x * m, 0.0)
        low, high = (scale * units[place] for units in self._units(h))
        often = self.how_often
        own = (often.alpha < T) & (often.a + often.b < x) & (money.q - 1 < money.p * x)  # rate, going away, spend
        tier = np.where(x == 0, "prior-only", np.where(own, "enough", "shrunk")).astype(object)
        spend = expected * money.mean(x, m)
        return Foretold(expected, spend, np.minimum(low, spend), np.maximum(high, spend), tier)  # a very skewed one may leave its mean out

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Customers in columns customer_id, x, t_x, watched and m to rows of `FORETOLD`: what `Session.apply` calls."""
        made = self.foretell(*(batch[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in ("x", "t_x", "watched", "m")))
        columns = [made.purchases, made.spend, made.low, made.high, made.sufficiency]
        return pa.RecordBatch.from_arrays(
            [batch["customer_id"], *(pa.array(c, f.type) for c, f in zip(columns, list(FORETOLD)[1:], strict=True))], schema=FORETOLD
        )

    def _units(self, h: Histories) -> tuple[Floats, Floats]:
        """Both ends of the interval in units of gamma + x m, (m,) each.

        In this unit y purchases are worth BetaPrime(p y, p x + q), whatever m: so customers with the same history share it.
        """
        ends = np.zeros((2, len(h.x)))
        for x in np.unique(h.x):
            here = np.flatnonzero(h.x == x)
            same = Histories(h.x[here], h.t_x[here], h.T[here], h.count[here])
            most = self._most(float(x))
            chances = self.how_often.counts(same, self.horizon, most)
            numbers, shares = _numbers(most)
            shape, own = self.how_much.p * numbers, self.how_much.p * x + self.how_much.q
            grid = np.linspace(logit(betaincinv(shape[0], own, RARE)), logit(betaincinv(shape[-1], own, 1 - RARE)), POINTS)
            below = chances[:, :1] + (chances[:, 1:] @ shares) @ betainc(shape[:, None], own, expit(grid))
            for end, tail in zip(ends, TAILS, strict=True):
                end[here] = np.where(chances[:, 0] >= tail, 0.0, np.exp(_read_off(below, grid, tail)))
        return ends[0], ends[1]

    def _most(self, x: float) -> int:
        """The most purchases that are looked at after x of them: as good as no customer has more, and nobody more than one a day."""
        model = self.how_often
        y, shape, stays = np.arange(self.horizon + 1), model.r + x, (model.alpha + x) / (model.alpha + x + self.horizon)
        n = np.exp(gammaln(shape + y) - gammaln(shape) - gammaln(y + 1) + shape * np.log(stays) + y * np.log1p(-stays))
        return max(1, min(int(np.searchsorted(np.cumsum(n), 1 - RARE)), self.horizon))


@cache
def _numbers(most: int) -> tuple[Floats, Floats]:
    """Numbers of purchases, (k,), whose distributions are computed, and how each of 1..most is shared among them, (most, k).

    All up to EACH, then FURTHER times the one before: what lies between two is mixed of both, by its place between their logarithms.
    """
    steps = EACH * FURTHER ** np.arange(1, np.log(max(most / EACH, 1)) / np.log(FURTHER))
    numbers = np.unique(np.r_[np.arange(1, min(EACH, most) + 1), np.round(steps), most])
    every, known = np.log(np.arange(1, most + 1)), np.log(numbers)
    return numbers, np.stack([np.interp(every, known, one) for one in np.eye(len(numbers))], axis=1)


def _read_off(below: Floats, grid: Floats, tail: float) -> Floats:
    """Where distributions on a grid, (m, points), reach `tail`, straight between the points, (m,)."""
    at = np.clip((below < tail).sum(axis=1), 1, len(grid) - 1)
    row = np.arange(len(below))
    low, high = below[row, at - 1], below[row, at]
    part = np.divide(tail - low, high - low, out=np.zeros(len(row)), where=high > low)
    return np.asarray(grid[at - 1] + np.clip(part, 0, 1) * (grid[at] - grid[at - 1]))
