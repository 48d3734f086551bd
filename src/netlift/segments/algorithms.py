"""The clustering algorithms that are compared: a table from name to the function that fits.

Each entry fits all numbers of segments that are asked for at once (a tree is grown once and cut at every k) and leaves partitions
that assign anybody; an algorithm that cannot assign unseen customers cannot enter. The partitions are those of partition.py, also from
other packages: only what these hold can be stored with a run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

from sklearn.exceptions import ConvergenceWarning

from netlift import plugins
from netlift.errors import NotEnoughData, SettingsError
from netlift.records import Floats
from netlift.segments import centroids, hierarchy, mixtures, response_tree, rfm, spectral
from netlift.segments.partition import Partition
from netlift.segments.task import Task

Algorithm = Callable[[Floats, Task], Mapping[int, Partition]]  # scaled customers (n, p) -> partition by k, without the impossible

ALGORITHMS: Mapping[str, Algorithm] = {
    "kmeans": centroids.kmeans,
    "minibatch_kmeans": centroids.minibatch_kmeans,
    "bisecting_kmeans": centroids.bisecting_kmeans,
    "mixed_kmeans": centroids.mixed_kmeans,
    "ward": hierarchy.ward,
    "average_linkage": hierarchy.average_linkage,
    "birch": hierarchy.birch,
    "hdbscan": hierarchy.hdbscan,
    "gaussian_mixture": mixtures.diagonal,
    "gaussian_mixture_full": mixtures.full,
    "gaussian_mixture_tied": mixtures.tied,
    "gaussian_mixture_spherical": mixtures.spherical,
    "spectral": spectral.spectral,
    "rfm_tertiles": rfm.tertiles,
    "response_tree": response_tree.response_tree,
}
MADE_OF_ANSWERS = frozenset({"response_tree"})  # fitted to the outcome
NO_GROUPS = MADE_OF_ANSWERS | {"rfm_tertiles"}  # look for money, or cut at stated shares: being stable proves no groups


def named(names: tuple[str, ...]) -> dict[str, Algorithm]:
    """The algorithms asked for; all of them where none is named.

    Raises:
        SettingsError: a name is not in the table.
    """
    known = plugins.table("algorithms", ALGORITHMS)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"segments.algorithms names '{unknown[0]}', which is not known; choose from {', '.join(known)}.")
    return {name: known[name] for name in names or known}


def fitted(algorithm: Algorithm, X: Floats, task: Task) -> Mapping[int, Partition]:
    """The partitions of scaled customers X, (n, p), by number of segments; a number that cannot be had is left out.

    Raises:
        NotEnoughData: the algorithm can make none of the numbers of segments.
    """
    few = min(task.ks)
    if len(X) < few:
        raise NotEnoughData(f"{few} segments need at least {few} customers, {few - len(X)} more than the {len(X)} given.")
    with warnings.catch_warnings():  # a start that ran out of rounds, or fewer distinct customers than k: still a partition
        warnings.simplefilter("ignore", ConvergenceWarning)
        return algorithm(X, task.within(len(X)))
