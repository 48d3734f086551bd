"""What a way of deciding is worth per customer, from an experiment, against the best thing done to everybody.

Doubly robust value (Dudik, Langford and Li 2011, equation 4): Gamma_i(a) = mu_a(x_i) + 1[A_i = a](y_i - mu_a(x_i)) / e_a with mu out of
fold, in money less the cost of the contact; V(policy) = mean Gamma_i(policy(x_i)). Policies are compared by customer, so the
interval of a difference is that of a mean. To personalise pays only where the lower bound of (policy - best constant) is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.offers.uplift import Trial, robust_outcomes
from netlift.records import Floats, Ints

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """Money per customer of a policy and of doing one thing to everybody, with 95 % intervals."""

    value: float
    low: float
    high: float
    constants: tuple[float, ...]  # per arm, control first
    best_constant: int  # its arm
    gain: float  # of the policy over the best constant
    gain_low: float
    gain_high: float

    @property
    def personalise(self) -> bool:
        """Whether deciding one by one is surely better than the best constant."""
        return self.gain_low > 0


def money(trial: Trial, mu: Floats, *, contact_cost: float, revenue: float) -> Floats:
    """Doubly robust profit of every customer under each arm, (n, A+1); nothing is paid for the control."""
    cost = np.full(len(trial.shares), contact_cost)
    cost[0] = 0.0
    return np.asarray(revenue * robust_outcomes(trial, mu) - cost)


def decide(effect: Floats, *, contact_cost: float, revenue: float) -> Ints:
    """The arm with the largest expected gain, 0 = no contact where none is above 0; effects (n, A) in units of the outcome."""
    gain = np.column_stack([np.zeros(len(effect)), revenue * effect - contact_cost])
    return np.asarray(gain.argmax(axis=1), dtype=np.int64)


def value(gamma: Floats, arm: Ints) -> PolicyValue:
    """Value of giving each customer the named arm (n,), from profits gamma (n, A+1).

    The gain is shown against the constant that it beats least surely, so that choosing that constant on the same customers
    flatters nothing.
    """
    taken = gamma[np.arange(len(gamma)), arm]
    constants = gamma.mean(axis=0)
    gains = [mean(taken - gamma[:, a]) for a in range(gamma.shape[1])]
    hardest = min(range(len(gains)), key=lambda a: gains[a][1])
    return PolicyValue(*mean(taken), tuple(constants.tolist()), int(constants.argmax()), *gains[hardest])


def settled(gamma: Floats, arm: Ints) -> tuple[PolicyValue, Ints]:
    """The value of the named arms, and what is done: those where deciding one by one surely pays, else the best constant for all, (n,)."""
    worth = value(gamma, arm)
    return worth, arm if worth.personalise else np.full(len(gamma), worth.best_constant)


def mean(x: Floats) -> tuple[float, float, float]:
    """Mean of x (n,) with its 95 % interval."""
    half = Z95 * float(x.std(ddof=1)) / np.sqrt(len(x))
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)
