"""Weights that make those who answered look like everybody: raking (Deming and Stephan 1940), with caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints

ROUNDS = 30
CAPS = (0.2, 5.0)  # of a weight, mean 1: uncapped weights explode, capped ones are a little biased


@dataclass(frozen=True, slots=True)
class Raked:
    """Weights of the answers, mean 1, and what they cost."""

    weight: Floats  # (m,)
    effective: float  # (sum w)^2 / sum w^2, as many equal answers are worth the same (Kish 1965)
    design_effect: float  # answers / effective


def rake(answers: Sequence[Ints], everybody: Sequence[Ints], *, start: Floats | None = None) -> Raked:
    """Weights with which each margin of the answers, codes (m,) from 0, has the shares it has in everybody, codes (n,).

    The margins are adjusted from the weights `start`, (m,) above 0, e.g. those of the survey's design; from equal ones by default.

    Raises:
        NotEnoughData: a group of everybody has no answer, so no weight can stand for it.
    """
    size = len(answers[0])
    weight = np.ones(size) if start is None else start / start.mean()
    targets = [np.bincount(codes) / len(codes) for codes in everybody]
    for number, (codes, target) in enumerate(zip(answers, targets, strict=True)):
        found = np.bincount(codes, minlength=len(target))
        silent = np.flatnonzero((found[: len(target)] == 0) & (target > 0))
        if len(silent) or len(found) > len(target):
            group = int(silent[0]) if len(silent) else len(found) - 1
            where = "nobody who answered" if len(silent) else "only people who answered"
            raise NotEnoughData(f"Group {group} of margin {number} has {where}, and weights need both; merge it with another group.")
    for _ in range(ROUNDS):
        for codes, target in zip(answers, targets, strict=True):
            held = np.bincount(codes, weights=weight, minlength=len(target)) / weight.sum()
            weight = weight * np.divide(target, held, out=np.zeros(len(target)), where=held > 0)[codes]
        weight = np.clip(weight / weight.mean(), *CAPS)
    for _ in range(ROUNDS):  # a clip moves the mean, and the mean the caps
        weight = np.clip(weight / weight.mean(), *CAPS)
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    return Raked(weight, effective, size / effective)
