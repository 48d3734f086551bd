"""BG/NBD against published parameters, against its own simulation, and in its invariants."""

from __future__ import annotations

from datetime import date
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from netlift.errors import NotEnoughData
from netlift.features import bg_nbd, gamma_gamma
from netlift.features.bg_nbd import BgNbd, Histories

END = date(1997, 9, 30)  # of the 39 weeks of calibration


def cdnow() -> dict[str, list[tuple[date, float]]]:
    """Days with a purchase and their money, of the 2,357 customers of the papers (the file is part of the package lifetimes)."""
    (file,) = [f for f in distribution("lifetimes").files or () if f.name == "CDNOW_sample.txt"]
    days: dict[str, dict[date, float]] = {}
    for line in Path(str(file.locate())).read_text().splitlines():
        customer, _, day, _, money = line.split()
        moment = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        days.setdefault(customer, {})
        days[customer][moment] = days[customer].get(moment, 0.0) + float(money)
    return {customer: sorted(found.items()) for customer, found in days.items()}


def history(purchases: list[tuple[date, float]]) -> tuple[float, float, float, float, int]:
    """x, t_x and T in weeks, mean value of the repeat purchases, purchases after the calibration."""
    seen = [p for p in purchases if p[0] <= END]
    first, repeats = seen[0][0], seen[1:]
    mean = float(np.mean([money for _, money in repeats])) if repeats else 0.0
    return len(repeats), (seen[-1][0] - first).days / 7, (END - first).days / 7, mean, len(purchases) - len(seen)


@pytest.fixture(scope="module")
def customers() -> np.ndarray:
    return np.array([history(purchases) for purchases in cdnow().values()], dtype=float)


@pytest.fixture(scope="module")
def model(customers: np.ndarray) -> BgNbd:
    return bg_nbd.fit(Histories.of(*customers[:, :3].T)[0])


def test_published_parameters(customers: np.ndarray, model: BgNbd) -> None:
    """Fader, Hardie and Lee (2005), table 2: r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.4."""
    assert len(customers) == 2357
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=2e-3)
    assert model.log_likelihood(Histories.of(*customers[:, :3].T)[0]) == pytest.approx(-9582.4, abs=0.1)


def test_published_spend(customers: np.ndarray) -> None:
    """Fader and Hardie (2013): p 6.25, q 3.74, gamma 15.44 (USD)."""
    found = gamma_gamma.fit(customers[:, 0], customers[:, 3])
    assert [found.p, found.q, found.gamma] == pytest.approx([6.25, 3.74, 15.44], rel=2e-3)


def test_the_forecast_of_the_next_39_weeks(customers: np.ndarray, model: BgNbd) -> None:
    """1,882 purchases came; the model, which knows no Christmas, says 12 % fewer, and orders customers rightly by past purchases."""
    h, place = Histories.of(*customers[:, :3].T)
    expected, came = model.purchases(h, 39)[place], customers[:, 4]
    assert came.sum() == 1882
    assert expected.sum() / came.sum() - 1 == pytest.approx(-0.121, abs=0.005)
    by_past = [(expected[customers[:, 0] == x].mean(), came[customers[:, 0] == x].mean()) for x in range(4)]
    assert by_past == sorted(by_past)
    assert all(abs(e - c) < 0.35 for e, c in by_past)


def simulated(n: int, *, seed: int, r: float = 0.6, alpha: float = 8, a: float = 0.9, b: float = 3) -> tuple[np.ndarray, np.ndarray]:
    """Histories (n, 3) watched for 8 to 52 weeks, and the purchases of the 26 weeks after."""
    rng = np.random.default_rng(seed)
    rate, drop, T = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), rng.uniform(8, 52, n)
    found, later = np.zeros((n, 3)), np.zeros(n)
    for i in range(n):
        t, x, t_x = 0.0, 0, 0.0
        alive = True
        while alive:
            t += rng.exponential(1 / rate[i])
            if t > T[i] + 26:
                break
            if t <= T[i]:
                x, t_x = x + 1, t
            else:
                later[i] += 1
            alive = rng.random() >= drop[i]
        found[i] = x, t_x, T[i]
    return found, later


def test_simulated_customers_are_found_again() -> None:
    """20,000 customers of known parameters: each within four standard errors, and the mean of the next half year within 3 %."""
    found, later = simulated(20_000, seed=5)
    h, place = Histories.of(*found.T)
    model = bg_nbd.fit(h)
    error = np.log([model.r, model.alpha, model.a, model.b]) - np.log([0.6, 8, 0.9, 3])
    assert (np.abs(error) < 4 * np.sqrt(np.diag(bg_nbd.covariance(model, h)))).all()
    assert model.purchases(h, 26)[place].mean() == pytest.approx(later.mean(), rel=0.03)


PARAMETERS = st.builds(
    BgNbd,
    *(st.floats(0.05, 20) for _ in range(4)),
)


@hypothesis_settings(deadline=None)
@given(PARAMETERS, st.integers(0, 5000), st.floats(0.01, 1), st.floats(0.1, 500), st.floats(0.1, 500))
def test_expectations_are_sensible(model: BgNbd, x: int, share: float, T: float, horizon: float) -> None:
    """Never negative or infinite, more in a longer time, none in no time; who bought more recently is likelier to be active."""
    t_x = share * T if x else 0.0
    h = Histories(np.array([x, x], float), np.array([t_x, t_x / 2]), np.array([T, T]), np.ones(2))
    near, far = model.purchases(h, horizon), model.purchases(h, 2 * horizon)
    assert np.isfinite(near).all()
    assert (near >= -1e-9).all()
    assert (far >= near - 1e-9 * (1 + near)).all()
    alive = model.alive(h)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert alive[0] >= alive[1] or x == 0
    assert model.purchases(h, 1e-9) == pytest.approx([0, 0], abs=1e-4)


def test_the_singularity_at_a_1_is_no_place() -> None:
    """The expectation is smooth across a = 1."""
    h = Histories(np.array([3.0]), np.array([20.0]), np.array([40.0]), np.ones(1))
    around = [float(BgNbd(0.5, 6, a, 3).purchases(h, 26)[0]) for a in (0.999, 1.0, 1.001)]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-3)


def test_the_unit_of_time_makes_no_difference(customers: np.ndarray, model: BgNbd) -> None:
    """Days for weeks: alpha is seven times as large, the rest the same."""
    x, t_x, T = customers[:, :3].T
    days = bg_nbd.fit(Histories.of(x, 7 * t_x, 7 * T)[0])
    assert [days.r, days.alpha / 7, days.a, days.b] == pytest.approx([model.r, model.alpha, model.a, model.b], rel=1e-3)


def test_too_few_who_came_back_are_counted() -> None:
    """The sentence says how many more are needed."""
    x = np.r_[np.ones(10), np.zeros(500)]
    with pytest.raises(NotEnoughData, match=r"10 customers bought again, and 30 are needed.*20 more"):
        bg_nbd.fit(Histories.of(x, x * 3, np.full(510, 20.0))[0])
    with pytest.raises(NotEnoughData, match="10 customers have a repeat purchase with a value"):
        gamma_gamma.fit(x, x * 9)


def test_spend_is_between_own_and_common_mean() -> None:
    """One purchase of 100 where the mean is 38 counts little, fifty count nearly whole."""
    model = gamma_gamma.GammaGamma(6.25, 3.74, 15.44)
    base, one, many = model.mean(np.array([0.0, 1, 50]), np.array([0.0, 100, 100]))
    assert base == pytest.approx(6.25 * 15.44 / 2.74)
    assert base < one < many < 100
    assert many == pytest.approx(100, rel=0.02)


def test_the_slope_is_that_of_the_likelihood() -> None:
    """By central differences, for customers without, with one and with many repeat purchases."""
    h = Histories(np.array([0.0, 1, 3, 40]), np.array([0.0, 2, 30, 38]), np.array([39.0, 20, 38.9, 39]), np.ones(4))
    theta, step = np.log([0.24, 4.4, 0.8, 2.4]), 1e-5
    by_hand = [(bg_nbd._log_likelihood(theta + d, h) - bg_nbd._log_likelihood(theta - d, h)) / (2 * step) for d in np.eye(4) * step]
    np.testing.assert_allclose(bg_nbd._slope(theta, h), by_hand, rtol=1e-7, atol=1e-9)
