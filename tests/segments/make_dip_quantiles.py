"""Prints the table SURE of netlift.segments.valleys: quantiles of √n · dip of n uniform numbers.

Run: python -m tests.segments.make_dip_quantiles (a few minutes).
"""

from __future__ import annotations

import numpy as np

from netlift.segments.dip import dip

SIZES = (20, 50, 100, 200, 500, 1000, 3000)
DRAWS = 40_000


def main() -> None:
    """Print one row a size."""
    for n in SIZES:
        rng = np.random.default_rng([99, n])
        drawn = np.sqrt(n) * np.array([dip(rng.random(n)) for _ in range(DRAWS)])
        print(n, np.quantile(drawn, [1 - 0.01 / k for k in (2, 3, 4, 6, 8)]).round(4).tolist())  # noqa: T201 - a script


if __name__ == "__main__":
    main()
