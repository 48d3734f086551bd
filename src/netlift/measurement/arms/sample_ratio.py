"""Sample ratio: whether the arms have the sizes that were planned; if not, no effect is shown.

`experiments` has the same test for arms just drawn; a stage imports no other stage, and ten lines need no common place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import chdtrc, chdtri, ndtri

from netlift.errors import InputError

LIMIT = 0.001
POWER = 0.8


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """χ² of the arms' sizes against the planned shares."""

    p_value: float
    ok: bool
    found_from: float  # share of all customers by which an arm must be off to be found in 80 % of cases


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Test the arms' sizes; shares are scaled to sum 1. No mismatch found is not proof of the right split.

    Raises:
        InputError: arms and shares differ, or a share is not above 0.
    """
    if set(counts) != set(shares):
        raise InputError(f"The arms in the data are {_named(counts)} and shares are given for {_named(shares)}; give one for each arm.")
    wrong = next((arm for arm, share in shares.items() if not 0 < share < math.inf), None)
    if wrong is not None:
        raise InputError(f"The planned share of '{wrong}' is {shares[wrong]:g}; it must be a number above 0.")
    n, whole = sum(counts.values()), sum(shares.values())
    planned = {arm: n * share / whole for arm, share in shares.items()}
    chi2 = sum((counts[arm] - planned[arm]) ** 2 / planned[arm] for arm in counts)
    p = float(chdtrc(len(counts) - 1, chi2))
    # two arms: normal approximation of the shift of the most even arm that exceeds the limit in 80 % of cases
    share = min((s / whole for s in shares.values()), key=lambda s: abs(s - 0.5))
    z = float(chdtri(1, LIMIT)) ** 0.5 + float(ndtri(POWER))
    return SampleRatio(p, p >= LIMIT, z * (share * (1 - share) / n) ** 0.5)


def _named(arms: Mapping[str, object]) -> str:
    return ", ".join(f"'{arm}'" for arm in sorted(arms))
