"""Every algorithm at every k on small disjoint sub-samples: do separate customers lead to the same segments?

Rule: at most 12,000 customers are drawn and cut into 3 or 4 disjoint parts of at most 2,000. Each candidate is fitted on every part;
each pair of fits is judged on drawn customers that neither has seen. With few customers these are simply thirds.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.metrics import pairwise_distances, silhouette_score

from netlift.errors import NotEnoughData
from netlift.records import Floats, Ints, Progress, silent
from netlift.segments.algorithms import Algorithm, fitted
from netlift.segments.partition import Partition
from netlift.segments.task import Task

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
    seconds: float  # an equal share of the algorithm's fits, and the judging


@dataclass(frozen=True, slots=True)
class Draw:
    """The customers screened: parts of row numbers of `drawn`, disjoint."""

    drawn: Ints  # (m,) row numbers of X
    parts: tuple[Ints, ...]

    def judges(self, one: int, two: int) -> Ints:
        """Who is in neither part."""
        return np.setdiff1d(np.arange(len(self.drawn)), np.concatenate([self.parts[one], self.parts[two]]))


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where candidates are judged: the drawn customers, (m, p), who judges each pair of parts, and some distances."""

    rows: Floats
    pairs: tuple[tuple[int, int, Ints], ...]
    distances: Floats


def draw(n: int, seed: int) -> Draw:
    """Cut n customers into disjoint parts."""
    count = int(np.clip(n // LARGEST_PART, 3, 4))
    size = min(LARGEST_PART, n // count)
    drawn = np.random.default_rng([seed, 31]).permutation(n)[: max(count * size + JUDGES, 0)]
    return Draw(drawn, tuple(np.arange(i * size, (i + 1) * size) for i in range(count)))


def screen(
    X: Floats, task: Task, *, algorithms: Mapping[str, Algorithm], progress: Progress = silent
) -> tuple[tuple[Screened, ...], tuple[str, ...]]:
    """Screen all candidates on scaled customers X, (n, p); also which were impossible and why, in words."""
    sample = draw(len(X), task.seed)
    rows = X[sample.drawn]
    pairs = tuple((one, two, sample.judges(one, two)) for one, two in combinations(range(len(sample.parts)), 2))
    bench = _Bench(rows, pairs, pairwise_distances(rows[:SILHOUETTE]))
    task = dataclasses.replace(task, starts=10 if len(sample.parts[0]) <= SMALL_PART else 3)
    screened: list[Screened] = []
    impossible: list[str] = []
    for done, (name, algorithm) in enumerate(algorithms.items()):
        progress(done / len(algorithms), f"comparing {name.replace('_', ' ')}")
        started = time.perf_counter()
        try:
            fits = [fitted(algorithm, rows[part], task.of(sample.drawn[part])) for part in sample.parts]
        except NotEnoughData as error:
            impossible.append(f"{name} was not compared: {error}")
            continue
        ks = [k for k in task.ks if all(k in fit for fit in fits)]
        seconds = (time.perf_counter() - started) / len(task.ks)
        screened += [_judged(bench, [fit[k] for fit in fits], name=name, k=k, seconds=seconds) for k in ks]
        impossible += _left_out(name, [k for k in task.ks if k not in ks])
    return tuple(screened), tuple(impossible)


def _left_out(name: str, ks: Sequence[int]) -> list[str]:
    if not ks:
        return []
    return [f"{name} was not compared at {', '.join(map(str, ks))} segments: some of the samples do not allow them."]


def _judged(bench: _Bench, fits: Sequence[Partition], *, name: str, k: int, seconds: float) -> Screened:
    """One candidate, from its fits on the parts."""
    started = time.perf_counter()
    labellings = [fit.assign(bench.rows) for fit in fits]
    agreement = [adjusted_rand(labellings[one][judges], labellings[two][judges], k) for one, two, judges in bench.pairs]
    first = labellings[0][: len(bench.distances)]
    several = 1 < len(np.unique(first)) < len(first)
    silhouette = float(silhouette_score(bench.distances, first, metric="precomputed")) if several else float("nan")
    return Screened(name, k, float(np.mean(agreement)), silhouette, seconds + time.perf_counter() - started)


def adjusted_rand(one: Ints, two: Ints, k: int) -> float:
    """Adjusted Rand index of two labellings 0..k-1, (n,): 1 = the same, 0 = chance (Hubert and Arabie 1985, eq. 5)."""
    table = np.bincount(one * k + two, minlength=k * k).reshape(k, k).astype(float)

    def pairs(counts: Floats) -> float:
        return float((counts * (counts - 1)).sum()) / 2

    both, rows, columns, total = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0)), len(one) * (len(one) - 1) / 2
    expected, most = rows * columns / total, (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)
