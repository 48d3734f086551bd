"""Sample-ratio check: whether the arms have the sizes that were planned."""

from __future__ import annotations

from collections.abc import Mapping

from scipy.special import chdtrc

from netlift.errors import InputError

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
