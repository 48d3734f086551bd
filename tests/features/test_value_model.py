"""What customers will spend: the distribution of purchases against its own mean, the interval against simulated customers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from netlift.features import bg_nbd, gamma_gamma
from netlift.features.bg_nbd import BgNbd, Histories
from netlift.features.gamma_gamma import GammaGamma
from netlift.features.value_model import FORETOLD, ValueModel
from netlift.records import Floats

TRUE = BgNbd(0.6, 56, 0.9, 3)
SPEND = GammaGamma(6, 4, 15)
HORIZON = 182


def simulated(n: int, *, seed: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """x, t_x, T in days and m of n customers, and what they spend in the 182 days after T."""
    rng = np.random.default_rng(seed)
    rate, drop, T = rng.gamma(TRUE.r, 1 / TRUE.alpha, n), rng.beta(TRUE.a, TRUE.b, n), rng.integers(56, 364, n).astype(float)
    x, t_x, later, t, active = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while active.any():
        t = t + rng.exponential(1 / rate)
        x, t_x, later = x + (active & (t <= T)), np.where(active & (t <= T), t, t_x), later + (active & (t > T) & (t <= T + HORIZON))
        active &= (t <= T + HORIZON) & (rng.random(n) >= drop)
    nu = rng.gamma(SPEND.q, 1 / SPEND.gamma, n)
    m = np.where(x > 0, rng.gamma(np.maximum(SPEND.p * x, 1), 1 / nu) / np.maximum(x, 1), np.nan)
    spent = np.where(later > 0, rng.gamma(np.maximum(SPEND.p * later, 1), 1 / nu), 0)
    return x, t_x, T, m, spent


def test_the_distribution_of_purchases_adds_up_and_has_the_published_mean() -> None:
    """P(0), P(1), ... sum to 1, and their mean is equation 10's."""
    h = Histories(np.array([0.0, 0, 1, 3, 40]), np.array([0.0, 0, 9, 60, 290]), np.array([1.0, 300, 30, 90, 300]), np.ones(5))
    chances = TRUE.counts(h, HORIZON, 600)
    assert chances.sum(axis=1) == pytest.approx(1)
    assert chances @ np.arange(601) == pytest.approx(TRUE.purchases(h, HORIZON), rel=1e-9)


def test_intervals_hold_who_they_should_whatever_is_known_of_them() -> None:
    """Of 40,000 simulated customers 2.5 % spend more than the interval says, with no, one, two and many repeat purchases."""
    x, t_x, T, m, spent = simulated(40_000, seed=1)
    model = ValueModel(bg_nbd.fit(Histories.of(x, t_x, T)[0]), gamma_gamma.fit(x, m), HORIZON)
    said = model.foretell(x, t_x, T, m)
    assert said.spend.mean() == pytest.approx(spent.mean(), rel=0.04)
    for some in (x == 0, x == 1, x == 2, x >= 3):
        assert (spent > said.high)[some].mean() == pytest.approx(0.025, abs=0.008)
        assert (spent < said.low)[some].mean() <= 0.025
    assert (said.sufficiency[x == 0] == "prior-only").all()
    assert set(said.sufficiency[x > 0]) == {"shrunk", "enough"}


def test_few_facts_make_a_wide_interval() -> None:
    """Who bought once a while ago and who bought 30 times of late: both ends beside the mean are further for the first."""
    said = ValueModel(TRUE, SPEND, HORIZON).foretell(
        np.array([0.0, 30]), np.array([0.0, 290]), np.array([300.0, 300]), np.array([np.nan, 5])
    )
    assert (said.low < said.spend).all()
    assert (said.spend < said.high).all()
    assert said.high[0] / said.spend[0] > 5
    assert said.high[1] / said.spend[1] < 3


def test_a_customer_is_foretold_the_same_in_any_company() -> None:
    """Alone, among others, or in pieces as the engine hands them over."""
    x, t_x, T, m, _ = simulated(300, seed=2)
    model = ValueModel(TRUE, SPEND, HORIZON)
    names = pa.array([str(i) for i in range(300)])
    batch = pa.RecordBatch.from_arrays([names, *map(pa.array, (x, t_x, T, m))], ["customer_id", "x", "t_x", "watched", "m"])
    whole = pa.Table.from_batches([model.batch(batch)])
    pieces = pa.Table.from_batches([model.batch(batch.slice(i, 7)) for i in range(0, 300, 7)])
    assert whole.schema == FORETOLD
    for name in ("expected_purchases", "expected_spend"):
        np.testing.assert_array_equal(whole[name].to_numpy(), pieces[name].to_numpy())
    for name in ("expected_spend_low", "expected_spend_high"):
        np.testing.assert_allclose(whole[name].to_numpy(), pieces[name].to_numpy(), rtol=1e-12)
