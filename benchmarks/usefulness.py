"""How often segments are called useful: where nothing drives a break-even response, and where groups do (notes/segmentation.md 5, 15.2)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tests.segments.generators import scenario
from threadpoolctl import threadpool_limits

from netlift.errors import NotEnoughData
from netlift.segments import usefulness
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.task import Task
from netlift.segments.usefulness import Trial

SEEDS = {"D0": range(2001, 2021), "A": range(2001, 2006)}  # none of them was used to choose a rule
NAMES = {"D0": "break-even noise", "A": "groups drive response"}


def run() -> dict[str, Any]:
    """Per kind the numbers of sets, of those called useful, and of those where some candidate gained on the customers who choose."""
    with threadpool_limits(1):
        return {NAMES[kind]: _kind(kind, seeds) for kind, seeds in SEEDS.items()}


def _kind(kind: str, seeds: range) -> dict[str, Any]:
    judged = [_judged(kind, seed) for seed in seeds]
    return {
        "seeds": [seeds[0], seeds[-1]],
        "sets": len(judged),
        "gained_on_choose": sum(useful is not None for useful in judged),
        "useful": sum(useful is True for useful in judged),
    }


def _judged(kind: str, seed: int) -> bool | None:
    """Whether the best of all candidates is useful on `report`; None where none gained on `choose`, so that none is judged."""
    features = scenario(kind, seed)
    if features.outcome is None:
        raise AssertionError("a scenario has an outcome")
    money = usefulness.split(features.outcome, seed)
    task = Task(tuple(range(2, 11)), features.inputs, seed, profit=money.visible)
    trials: dict[tuple[str, int], Trial] = {}
    for name, algorithm in ALGORITHMS.items():
        with suppress(NotEnoughData):  # the mixed-type method has no kinds to work on
            trials |= usefulness.trials(features.values, money, name=name, algorithm=algorithm, task=task)
    best = usefulness.best(trials)
    return None if best is None else usefulness.report(best, features.values, money, seed=seed).useful
