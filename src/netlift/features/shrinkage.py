"""What customers with few facts are believed to do: empirical Bayes, their own facts drawn to the mean of all.

Shares are Dirichlet-multinomial (Minka 2000, "Estimating a Dirichlet distribution"): a customer with counts x of n facts has the shares
(x + c g) / (n + c), with g the mean of all. One without a fact gets the mean; one with many keeps his own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from netlift.records import Ints

CONCENTRATIONS = np.geomspace(0.5, 100, 25)  # of the Dirichlet, in facts


@dataclass(frozen=True, slots=True)
class Tally:
    """How many customers have each number of facts, (m,) each."""

    facts: Ints
    customers: Ints

    @staticmethod
    def of(facts: Ints) -> Tally:
        """Of n customers, (n,)."""
        return Tally(*np.unique(facts, return_counts=True))

    @property
    def total(self) -> int:
        """Facts of all customers together."""
        return int(self.facts @ self.customers)


def concentration(own: Tally, kinds: Sequence[Tally]) -> float:
    """How many facts the mean of all weighs: c of the likeliest Dirichlet-multinomial, from tallies of all facts and of each kind."""
    return float(max(CONCENTRATIONS, key=lambda c: _share_likelihood(float(c), own, kinds)))


def _share_likelihood(c: float, own: Tally, kinds: Sequence[Tally]) -> float:
    """Dirichlet-multinomial log-likelihood of c, equal counts taken together."""
    total = float(own.customers @ (gammaln(c) - gammaln(c + own.facts)))
    for kind in kinds:
        share = kind.total / own.total
        if share > 0:
            total += float(kind.customers @ (gammaln(kind.facts + c * share) - gammaln(c * share)))
    return total
