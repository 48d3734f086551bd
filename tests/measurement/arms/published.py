"""Arms from published sums, and gbstats' cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from netlift.measurement.arms.moments import D, Moments, X, Y
from tests.conftest import SHARED

FILE = SHARED / "oracles" / "ab_tests_gbstats.json"
TOLERANCE = 1e-9  # figures are printed to the last digit of a double; sums of 9,000 squares lose the last few


def arm(n: int, total: float, squares: float | None = None) -> Moments:
    """An arm of which Σy and Σy² were published; without Σy² y is 0 or 1."""
    told = {"n": n, "sum": total}
    return _arm({Y: told if squares is None else {**told, "sum_squares": squares}}, 0.0)


def of_case(told: Mapping[str, Any]) -> Moments:
    """An arm of one of gbstats' cases."""
    if "post" in told:
        return _arm({Y: told["post"], X: told["pre"]}, told["cross"])
    if "m" in told:
        return _arm({Y: told["m"], D: told["d"]}, told["cross"])
    return _arm({Y: told}, 0.0)


def _arm(parts: Mapping[int, Mapping[str, float]], cross: float) -> Moments:
    sums, products = np.zeros(4), np.zeros((4, 4))
    for place, told in parts.items():
        sums[place], products[place, place] = told["sum"], told.get("sum_squares", told["sum"])
    places = list(parts)
    products[places[0], places[-1]] = products[places[-1], places[0]] = cross if len(places) > 1 else products[0, 0]
    n = int(parts[Y]["n"])
    shares = "sum_squares" not in parts[Y]
    return replace(Moments.of(np.zeros(0)), n=n, nonzero=int(sums[Y]) if shares else n, sums=sums, products=products)


@cache
def oracles() -> dict[str, Any]:
    """The whole file."""
    told: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return told


def cases(test: str) -> list[dict[str, Any]]:
    """The cases of one kind of test."""
    return [case for case in oracles()["cases"] if case["test"].startswith(test)]
