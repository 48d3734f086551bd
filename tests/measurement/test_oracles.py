"""The same data give the numbers of statsmodels, pyfixest and R: to 1e-9 where both compute the same thing."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from benchmarks.oracles import lift_data as lift

from netlift.measurement.difference_in_differences import compare, difference_in_differences, not_in_campaign
from netlift.measurement.figure import t_quantile
from netlift.measurement.past import Campaign
from netlift.measurement.regression import _level, ar1, effects, local_level
from netlift.measurement.summaries import Summaries
from netlift.measurement.two_way_fixed_effects import fit
from netlift.records import Floats
from tests.measurement import by_hand

CLOSE = 1e-9  # relative: both sides are exact but for rounding


@cache
def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lift.FILE.read_text(encoding="utf-8"))
    return found


@cache
def world() -> Summaries:
    sales, lists = lift.shop()
    campaigns = [Campaign(kind, kind.lower(), first, last) for first, last, kind in lift.CAMPAIGNS]
    return by_hand.summaries(by_hand.past(lift.DAYS, *campaigns), sales, lists)


def test_the_data_are_those_of_the_oracles() -> None:
    """The seeds give the same data here as where the numbers were made."""
    sums = {"sales": lift.shop()[0].sum(), "listed": lift.shop()[1].sum(), "series": lift.series()[0].sum()}
    assert sums == pytest.approx(told()["checksums"], rel=1e-12)


def test_ar1_is_that_of_statsmodels() -> None:
    """Autocorrelation, effect and standard error of GLSAR's five rounds."""
    y, x = lift.series()
    whiten = ar1(y, x)
    effect, error = effects(y, x[:, :-1], x[:, -1:], whiten)
    expected = told()["ar1"]
    assert (whiten.args[0], effect[0], error[0]) == pytest.approx(  # type: ignore[attr-defined]
        (expected["rho"], expected["effect"], expected["error"]), rel=CLOSE
    )


def test_the_drifting_level_is_that_of_statsmodels() -> None:
    """Effect and standard error of the state space model with the same variances, start unknown."""
    y, x = lift.series()
    white = _level(lift.LEVEL_TO_NOISE, np.column_stack([x[:, 1:], y]))
    inverse = np.linalg.inv(white[:, :-1].T @ white[:, :-1])
    effect = effects(y, x[:, 1:-1], x[:, -1:], lambda columns: _level(lift.LEVEL_TO_NOISE, columns))[0][0]
    expected = told()["local_level"]
    assert (effect, np.sqrt(inverse[-1, -1])) == pytest.approx((expected["effect"], expected["error"]), rel=CLOSE)


def test_differences_in_differences_are_those_of_pyfixest_and_statsmodels() -> None:
    """Absolute by fixed effects, relative by Poisson regression, errors clustered by customer and corrected per group by n/(n − 1)."""
    expected = told()["difference_in_differences"]
    found = compare(world(), "A", not_in_campaign)
    assert (found.absolute, found.relative) == pytest.approx((expected["absolute"], expected["relative"]), rel=CLOSE)
    listed = int(lift.shop()[1][0].sum())
    corrected = [expected[name] ** 2 * n / (n - 1) for name, n in (("treated_log_error", listed), ("control_log_error", 80 - listed))]
    figure = difference_in_differences(world(), "A", not_in_campaign)
    half = np.log((1 + figure.high) / (1 + figure.lift))
    assert half == pytest.approx(t_quantile(listed) * np.sqrt(sum(corrected)), rel=CLOSE)


@pytest.mark.parametrize("oracle", ["pyfixest", "statsmodels"])
def test_two_way_fixed_effects_are_those_of(oracle: str) -> None:
    """Coefficients of both types together, and errors clustered by customer."""
    found, expected = fit(world().panel), told()["two_way_fixed_effects"][oracle]
    assert found.beta == pytest.approx(expected["effect"], rel=CLOSE)
    assert found.error == pytest.approx(expected["error"], rel=CLOSE)


def after(y: Floats, controls: Floats, first: int, model: str) -> tuple[float, float, float]:
    """Effect of the days from `first` on, with 95 % interval, by a model with control series."""
    d = (np.arange(len(y)) >= first).astype(np.float64)[:, None]
    x = np.column_stack([np.ones(len(y)), controls]) if model == "ar1" else controls
    whiten = (ar1 if model == "ar1" else local_level)(y, np.column_stack([x, d]))
    effect, error = effects(y, x, d, whiten)
    return float(effect[0]), float(effect[0] - 1.96 * error[0]), float(effect[0] + 1.96 * error[0])
