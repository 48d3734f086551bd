"""Customers with and without structure, and with and without money in it (notes/segmentation.md 15.1 and 15.2)."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from netlift.records import Accounting, Feature, Features, Floats, Ints, Outcome

P = 15


def scaled(x: Floats) -> Floats:
    """Clipped at the 0.5 and 99.5 % quantiles, then z-scores."""
    clipped = np.clip(x, *np.quantile(x, [0.005, 0.995], axis=0))
    return np.asarray((clipped - clipped.mean(axis=0)) / clipped.std(axis=0))


def structureless(kind: str, seed: int, n: int = 1200) -> Floats:
    """N_gauss, N_uniform, N_t4, N_lognorm, N_zeroinfl or N_gradient of 15.1, (n, 15)."""
    rows, fixed = np.random.default_rng(seed), np.random.default_rng(777 + seed)
    if kind == "gradient":
        t, slopes, bends = rows.standard_normal((n, 1)), fixed.standard_normal(P), fixed.normal(0, 0.4, P)
        return scaled(1.5 * t * slopes + bends * (t**2 - 1) + 0.7 * rows.standard_normal((n, P)))
    cor = rows.standard_normal((n, 3)) @ fixed.normal(0, 0.5, (P, 3)).T
    z = cor + rows.standard_normal((n, P))
    if kind == "uniform":
        return scaled(cor + rows.uniform(-1, 1, (n, P)))
    if kind == "t4":
        return scaled(z / np.sqrt(rows.chisquare(4, (n, 1)) / 4))
    if kind == "lognormal":
        return scaled(np.exp(0.8 * z))
    if kind == "zero-inflated":
        z[:, :5] = np.log1p(rows.poisson(np.exp(0.7 * z[:, :5] - 0.5)))
    return scaled(z)


def structured(kind: str, seed: int, n: int = 1200) -> Floats:
    """S_6sep, S_4mod, S_4weak, S_2 or S_small5 (a niche of 5 %) of 15.1, (n, 15)."""
    rows, fixed = np.random.default_rng(seed), np.random.default_rng(777 + seed)
    k, sep = {"6sep": (6, 1.0), "4mod": (4, 0.75), "4weak": (4, 0.5), "2": (2, 0.7), "small5": (2, 1.0)}[kind]
    loadings, centers = fixed.normal(0, 0.5, (P, 3)), fixed.normal(0, sep, (k, P))
    cor = rows.standard_normal((n, 3)) @ loadings.T
    z = (rows.random(n) < 0.05).astype(np.int64) if kind == "small5" else rows.integers(k, size=n)
    return scaled(centers[z] + 0.6 * cor + 0.8 * rows.standard_normal((n, P)))


def customers(values: Floats, *, contacts: Ints | None = None, responses: Ints | None = None, value: Floats | None = None) -> Features:
    """A Features record of standard features f0, f1, …; break-even response is 3 / 30."""
    names = tuple(f"f{j}" for j in range(values.shape[1]))
    outcome = None
    if contacts is not None and responses is not None:
        outcome = Outcome(Accounting("test campaign", 3.0, 30.0, "EUR"), ("offer",), contacts[:, None], responses[:, None])
    return Features(
        as_of=datetime(2020, 1, 1),  # noqa: DTZ001 - times are naive UTC
        features=tuple(Feature(n, "points", n, "attribute", "median") for n in names),
        customer_ids=np.array([f"c{i:06d}" for i in range(len(values))], dtype=object),
        values=values,
        inputs=names,
        value=value,
        value_name="value, EUR",
        outcome=outcome,
    )


def scenario(kind: str, seed: int, n: int = 8000) -> Features:
    """A (groups drive response), C (groups without influence), D0 (nothing, break-even) or B (a continuum drives) of 15.2."""
    rows, fixed = np.random.default_rng(seed), np.random.default_rng(777 + seed)
    loadings, centers = fixed.normal(0, 0.4, (P, 3)), fixed.normal(0, 0.8, (4, P))
    z = rows.integers(4, size=n)
    x = rows.standard_normal((n, 3)) @ loadings.T + 0.8 * rows.standard_normal((n, P))
    if kind in "AC":
        x += centers[z]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    chance = {
        "A": np.array([0.02, 0.06, 0.12, 0.22])[z],
        "B": 1 / (1 + np.exp(2.6 - 1.2 * (x[:, 0] + 0.8 * x[:, 1] - 0.5 * x[:, 2]) / 1.5)),
        "C": np.full(n, 0.11),
        "D0": np.full(n, 0.10),
    }[kind]
    return customers(x, contacts=np.ones(n, dtype=np.int64), responses=(rows.random(n) < chance).astype(np.int64))
