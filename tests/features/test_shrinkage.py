"""Shrinkage of shares: the figure of section 10 of the notes."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.features.shrinkage import Tally, concentration


def test_shares_lose_half_of_their_error_and_c_is_found() -> None:
    """Shrunk shares have at most .55 of the raw L1 error, and c = 8 is found within 25 %."""
    random = np.random.default_rng(1)
    truth = random.dirichlet(8 * np.array([0.3, 0.25, 0.2, 0.12, 0.08, 0.05]), 20_000)
    counts = random.multinomial(random.geometric(0.35, 20_000), truth)
    own = counts.sum(axis=1)
    c = concentration(Tally.of(own), [Tally.of(kind) for kind in counts.T])
    shrunk = (counts + c * counts.sum(axis=0) / counts.sum()) / (own + c)[:, None]
    raw = np.abs(counts / own[:, None] - truth).sum(axis=1).mean()
    assert np.abs(shrunk - truth).sum(axis=1).mean() <= 0.55 * raw
    assert c == pytest.approx(8, rel=0.25)


def test_equal_customers_are_all_mean_and_opposite_ones_all_their_own() -> None:
    """Nobody differs: the mean weighs as much as may be; everybody buys one kind only: as little as may be."""
    random = np.random.default_rng(2)
    alike = random.multinomial(10, [0.5, 0.5], 2000)
    opposite = 10 * random.multinomial(1, [0.5, 0.5], 2000)
    found = [concentration(Tally.of(x.sum(axis=1)), [Tally.of(kind) for kind in x.T]) for x in (alike, opposite)]
    assert found == pytest.approx([100, 0.5])
