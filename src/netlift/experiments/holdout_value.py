"""The holdout that pays for itself: what knowing the effect is worth against the sales forgone by holding out.

The effect θ of a contact is profit per customer, with the prior N(m, s²). A campaign over n customers holds out the share h; the
difference of the arms estimates θ with variance V(h) = σ²/n · (1/h + 1/(1 − h)). Then the next campaigns, with H contacts together,
go on if the posterior mean is above 0. Before the data the posterior mean is N(m, s₁²), s₁² = s⁴/(s² + V), so with Φ and φ of the
standard normal

    EVSI(h) = H · (m·Φ(m/s₁) + s₁·φ(m/s₁) − max(0, m)),   cost(h) = h·n·m,   net(h) = EVSI(h) − cost(h).

Source: Raiffa and Schlaifer, Applied Statistical Decision Theory (1961), chapter 5 (normal prior, two acts, linear values); the
trade against what the test itself costs: Feit and Berman, Test & Roll, Marketing Science 38(6), 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from netlift.errors import InputError

SHARES = np.unique(np.concatenate([np.geomspace(1e-5, 0.01, 31), np.linspace(0.01, 0.5, 50)]))  # of the curve


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is at stake."""

    customers: int  # n of the campaign that is measured
    horizon: float  # H, contacts afterwards that the decision is about
    mean: float  # m, profit per contact that is expected; money
    uncertainty: float  # s, standard deviation of that expectation
    sd: float  # σ, of one customer's profit


@dataclass(frozen=True, slots=True)
class HoldoutValue:
    """One share of the curve; money."""

    share: float
    knowing: float  # EVSI
    forgone: float  # negative where contacting is expected to lose
    net: float


def worth(prospect: Prospect, share: float) -> HoldoutValue:
    """Value, cost and net of holding out a share in (0, 1)."""
    p = prospect
    error = p.sd**2 / p.customers * (1 / share + 1 / (1 - share))
    spread = p.uncertainty**2 / sqrt(p.uncertainty**2 + error)
    z = p.mean / spread
    expected = p.mean * float(ndtr(z)) + spread * exp(-z * z / 2) / sqrt(2 * pi)
    knowing = max(p.horizon * (expected - max(0.0, p.mean)), 0.0)
    forgone = share * p.customers * p.mean
    return HoldoutValue(share, knowing, forgone, knowing - forgone)


def best_holdout(prospect: Prospect) -> tuple[HoldoutValue, tuple[HoldoutValue, ...]]:
    """The share up to one half with the largest net value (share 0 where none pays), and the curve.

    Raises:
        InputError: a figure cannot be.
    """
    _check(prospect)
    curve = tuple(worth(prospect, float(h)) for h in SHARES)
    top = int(np.argmax([v.net for v in curve]))
    low, high = SHARES[max(top - 1, 0)], SHARES[min(top + 1, len(SHARES) - 1)]
    found = minimize_scalar(lambda h: -worth(prospect, float(h)).net, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    best = max(worth(prospect, float(found.x)), curve[top], key=lambda v: v.net)
    return (best if best.net > 0 else HoldoutValue(0.0, 0.0, 0.0, 0.0)), curve


def _check(p: Prospect) -> None:
    if p.customers < 4:
        raise InputError(f"The campaign has {p.customers} customers; give at least 4.")
    for name, value in (("uncertainty of the effect", p.uncertainty), ("standard deviation", p.sd), ("horizon", p.horizon)):
        if not 0 < value < float("inf"):
            raise InputError(f"The {name} is {value:g}; it must be above 0.")
    if not np.isfinite(p.mean):
        raise InputError(f"The expected profit per contact is {p.mean:g}; give a number.")
