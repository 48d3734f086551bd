"""Sample-ratio check: whether the arms have the sizes that were planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import chdtrc, ndtri

from netlift.errors import InputError
from netlift.records import Texts

LIMIT = 0.001  # below this p the arms were not filled as planned, and no effect may be shown


def sample_ratio_p(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """The p value of the chi-square test of arm sizes against the planned shares, which are scaled to sum 1.

    A high p does not prove the split right: at 51 % for 50 % of 10,000 customers p is below `LIMIT` in one of ten cases.

    Raises:
        InputError: arms and shares differ, a share is not above 0, or nobody was counted.
    """
    if set(counts) != set(shares):
        raise InputError(f"The arms counted are {sorted(counts)} and the arms planned are {sorted(shares)}; they must be the same.")
    if any(share <= 0 for share in shares.values()):
        raise InputError(f"The planned shares are {dict(shares)}; each must be above 0.")
    n, whole = sum(counts.values()), sum(shares.values())
    if n == 0:
        raise InputError("The arms have 0 customers; there is nothing to check.")
    planned = {arm: n * share / whole for arm, share in shares.items()}
    chi_square = sum((counts[arm] - planned[arm]) ** 2 / planned[arm] for arm in counts)
    return float(chdtrc(len(counts) - 1, chi_square)) if len(counts) > 1 else 1.0


@dataclass(frozen=True, slots=True)
class Balance:
    """Arms of one stratum against the plan."""

    stratum: str  # "" = all customers
    counts: Mapping[str, int]
    p: float  # of the chi-square test
    found: float  # deviation from the first arm's share that would be found with 80 % probability, as a share
    mismatch: bool  # p below LIMIT / number of strata


def imbalance_found(n: int, share: float) -> float:
    """Deviation from a planned share that the check finds in 80 % of cases: (z_{1−.001/2} + z_{.8})·√(s(1 − s)/n)."""
    return float(ndtri(1 - LIMIT / 2) + ndtri(0.8)) * sqrt(share * (1 - share) / n)


def balance(arm: Texts, stratum: Texts, shares: Mapping[str, float]) -> tuple[Balance, ...]:
    """The check for everybody and, where there are several, in each stratum, in order of their names.

    Args:
        arm: (n,) of those in the experiment.
        stratum: (n,) names.
        shares: planned, by arm; scaled to sum 1.
    """
    names, code = np.unique(stratum.astype(str), return_inverse=True)
    cells = np.stack([np.bincount(code[arm == a], minlength=len(names)) for a in shares], axis=1)  # (strata, arms)
    rows = [("", cells.sum(axis=0)), *(zip(names.tolist(), cells, strict=True) if len(names) > 1 else ())]
    first = next(iter(shares.values())) / sum(shares.values())
    made = []
    for name, row in rows:
        counts = dict(zip(shares, row.tolist(), strict=True))
        p = sample_ratio_p(counts, shares)
        limit = LIMIT / len(names) if name else LIMIT
        made.append(Balance(name, counts, p, imbalance_found(int(row.sum()), first), p < limit))
    return tuple(made)
