"""Every algorithm at every k on small disjoint sub-samples: do separate customers lead to the same segments?

Rule: at most 16,000 customers are drawn and cut into 3 to 6 disjoint parts of at most 2,000. Each candidate is fitted on every part;
each pair of fits is judged on drawn customers that neither has seen. With few customers these are simply thirds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_score

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints, Progress
from netlift.segments import algorithms
from netlift.segments.algorithms import Maker, Task

LARGEST_PART = 2000
JUDGES = 4000  # customers beside the parts who judge, where there are so many
SMALL_PART = 1000  # customers up to which ten random starts cost nothing; with three, luck shows as instability
SILHOUETTE = 1000  # customers the silhouette is computed on


@dataclass(frozen=True, slots=True)
class Screened:
    """What the sub-samples say about one candidate."""

    algorithm: str
    k: int
    stability: float  # mean pairwise adjusted Rand index
    silhouette: float  # NaN where all judges fell into one segment
    seconds: float


@dataclass(frozen=True, slots=True)
class Draw:
    """The customers screened: parts of row numbers of `drawn`, disjoint."""

    drawn: Ints  # (m,) row numbers of X
    parts: tuple[Ints, ...]

    def judges(self, one: int, two: int) -> Ints:
        """Who is in neither part."""
        return np.setdiff1d(np.arange(len(self.drawn)), np.concatenate([self.parts[one], self.parts[two]]))


def draw(n: int, seed: int) -> Draw:
    """Cut n customers into disjoint parts."""
    count = int(np.clip(n // LARGEST_PART, 3, 6))
    size = min(LARGEST_PART, n // count)
    drawn = np.random.default_rng([seed, 31]).permutation(n)[: max(count * size + JUDGES, 0)]
    return Draw(drawn, tuple(np.arange(i * size, (i + 1) * size) for i in range(count)))


def screen(
    X: Floats, columns: tuple[str, ...], *, makers: Mapping[str, Maker], ks: Sequence[int], seed: int, progress: Progress
) -> tuple[tuple[Screened, ...], tuple[str, ...]]:
    """Screen all candidates on scaled customers X, (n, p); also which were impossible and why, in words."""
    sample = draw(len(X), seed)
    rows = X[sample.drawn]
    distances = pairwise_distances(rows[:SILHOUETTE])
    screened: list[Screened] = []
    impossible: dict[str, str] = {}
    starts = 10 if len(sample.parts[0]) <= SMALL_PART else 3
    todo = [(name, k) for name in makers for k in ks]
    for done, (name, k) in enumerate(todo):
        progress(done / len(todo), f"comparing {name} with {k} segments")
        try:
            screened.append(_one(rows, sample, distances, name=name, maker=makers[name], task=Task(k, columns, seed, starts)))
        except NotEnoughData as error:
            impossible.setdefault(name, f"{name} was not compared at {k} or more segments: {error}")
    return tuple(screened), tuple(impossible.values())


def _one(rows: Floats, sample: Draw, distances: Floats, *, name: str, maker: Maker, task: Task) -> Screened:
    started = time.perf_counter()
    labellings = [algorithms.labels(algorithms.fitted(maker, task, rows[part]), rows) for part in sample.parts]
    agreement = []
    for one, two in combinations(range(len(sample.parts)), 2):
        judges = sample.judges(one, two)
        agreement.append(adjusted_rand_score(labellings[one][judges], labellings[two][judges]))
    first = labellings[0][:SILHOUETTE]
    several = 1 < len(np.unique(first)) < len(first)
    silhouette = float(silhouette_score(distances, first, metric="precomputed")) if several else float("nan")
    return Screened(name, task.k, float(np.mean(agreement)), silhouette, time.perf_counter() - started)
