"""How often the intervals of the profit curve hold the truth, how often a best level is called sure where all are alike, and the cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from netlift.offers import best_input, what_if
from netlift.records import Accounting, Floats

RUNS, CUSTOMERS, POPULATION, MANY = 2000, 2000, 4_000_000, 1_000_000
COST, REVENUE = 3.0, 11.0
SHARES, LEVELS = (0.1, 0.3, 0.5, 1.0), (2, 3, 5)


def run() -> dict[str, Any]:
    """Shares of runs, and CPU seconds of the what-if of a million customers."""
    return {
        "runs": RUNS,
        "customers": CUSTOMERS,
        **_coverage(),
        "sure_without_a_difference": _sure(),
        "customers_timed": MANY,
        **_seconds(),
    }


def _chance(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(1.5 - 1.2 * score)))


def _coverage() -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(1)
    everybody = -np.sort(-rng.normal(size=POPULATION))
    money = REVENUE * _chance(everybody) - COST
    held: dict[str, dict[str, list[bool]]] = {"profit": {}, "last": {}}
    for number in range(RUNS):
        score = rng.normal(size=CUSTOMERS)
        came = np.where(rng.random(CUSTOMERS) < _chance(score), REVENUE, 0.0) - COST
        for depth in what_if.curve(what_if.places(score[None], seed=number), came):
            if depth.share in SHARES:
                until = round(depth.share * POPULATION)
                mean, last = money[:until].mean(), money[until - POPULATION // what_if.STEPS : until].mean()
                held["profit"].setdefault(f"{depth.share:g}", []).append(bool(depth.low <= depth.contacts * mean <= depth.high))
                held["last"].setdefault(f"{depth.share:g}", []).append(bool(depth.last_low <= last <= depth.last_high))
    return {f"coverage_of_{what}": {share: round(float(np.mean(found)), 3) for share, found in by.items()} for what, by in held.items()}


def _sure() -> dict[str, float]:
    rng = np.random.default_rng(2)
    found = {}
    for levels in LEVELS:
        level = np.repeat(np.arange(float(levels)), 100)
        found[str(levels)] = round(float(np.mean([best_input(level, rng.normal(size=len(level)), name="x").sure for _ in range(RUNS)])), 3)
    return found


def _seconds() -> dict[str, float]:
    rng = np.random.default_rng(3)
    p = np.tile(_chance(rng.normal(size=MANY)), (5, 1))
    answered = (rng.random(MANY) < p[0]).astype(float)
    before = time.process_time()
    what_if.of_responses(p, answered, Accounting("made up", COST, REVENUE, ""), contacts=MANY // 5, seed=1)
    return {"cpu_seconds": round(time.process_time() - before, 1)}
