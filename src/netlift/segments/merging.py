"""Many small groups merged to few by Ward's criterion, weighted by their customers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from netlift.records import Floats, Ints


def merged(centers: Floats, sizes: Floats, ks: Iterable[int]) -> dict[int, Ints]:
    """For each k the group 0..k-1 of each of the q small groups, (q,), when the pair that costs least variance is merged again and again.

    Args:
        centers: means of the small groups, (q, p).
        sizes: their numbers of customers, (q,).
        ks: numbers of groups; those above q are left out.
    """
    members = [[i] for i in range(len(centers))]
    centers, sizes = centers.astype(float), sizes.astype(float)
    cuts: dict[int, Ints] = {}
    for k in sorted({k for k in ks if k <= len(members)}, reverse=True):
        while len(members) > k:
            one, two = _cheapest(centers, sizes)
            size = sizes[one] + sizes[two]
            center = (centers[one] * sizes[one] + centers[two] * sizes[two]) / size
            rest = [i for i in range(len(members)) if i not in (one, two)]
            members = [members[i] for i in rest] + [members[one] + members[two]]
            centers, sizes = np.vstack([centers[rest], center]), np.append(sizes[rest], size)
        cuts[k] = _labels(members)
    return cuts


def _cheapest(centers: Floats, sizes: Floats) -> tuple[int, int]:
    """The pair whose merging adds least to the variance within groups; of equals the first."""
    costs = ((centers[:, None, :] - centers) ** 2).sum(axis=2) * (sizes[:, None] * sizes / (sizes[:, None] + sizes))
    costs[np.tril_indices(len(costs))] = np.inf
    one, two = np.unravel_index(int(costs.argmin()), costs.shape)
    return int(one), int(two)


def _labels(members: list[list[int]]) -> Ints:
    labels = np.empty(sum(map(len, members)), dtype=np.int64)
    for label, group in enumerate(members):
        labels[group] = label
    return labels
