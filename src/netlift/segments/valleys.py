"""The valley share: how many customers are in segments that fewer customers lie around (notes/segmentation.md 4).

It grades natural against overlapping; it never decides whether there is structure.
"""

from __future__ import annotations

import numpy as np

from netlift.records import Floats, Ints
from netlift.segments.dip import dip

FEWEST = 20  # customers in two segments, up to which no valley is seen
SIZES = (20, 50, 100, 200, 500, 1000, 3000)
# Per k: √n · dip that n uniform numbers exceed with probability 0.01 / k, by size (tests/segments/make_dip_quantiles.py).
SURE = {
    2: (0.567, 0.601, 0.620, 0.634, 0.650, 0.650, 0.659),
    3: (0.582, 0.613, 0.638, 0.649, 0.670, 0.664, 0.677),
    4: (0.590, 0.626, 0.656, 0.662, 0.679, 0.681, 0.690),
    6: (0.605, 0.640, 0.673, 0.678, 0.693, 0.696, 0.711),
    8: (0.610, 0.649, 0.687, 0.691, 0.707, 0.711, 0.721),
}


def share(X: Floats, labels: Ints, centers: Floats) -> float:
    """Share of customers X, (n, p), whose segment is parted by a valley from one of its two nearest segments.

    Labels (n,) and centers (k, p) come from a model that has not seen these customers.
    """
    k = len(centers)
    distances = ((centers[:, None, :] - centers) ** 2).sum(axis=2)
    isolated = [c for c in range(k) if all(_valley(X, labels, centers, (c, int(e))) for e in np.argsort(distances[c])[1:3])]
    return float(np.isin(labels, isolated).mean())


def _valley(X: Floats, labels: Ints, centers: Floats, pair: tuple[int, int]) -> bool:
    """Whether two segments are two peaks on the line between their centers."""
    c, e = pair
    line = X[(labels == c) | (labels == e)] @ (centers[c] - centers[e])
    if len(line) <= FEWEST:
        return False
    critical = float(np.interp(len(line), SIZES, SURE[len(centers)]))
    return bool(np.sqrt(len(line)) * dip(_spread(line)) > critical)


def _spread(numbers: Floats) -> Floats:
    """Numbers with equal ones spread evenly over their share of the axis, so that counts are not taken for peaks."""
    x, counts = np.unique(numbers, return_counts=True)
    if len(x) == 1 or len(x) == len(numbers):
        return numbers
    gaps = np.diff(x)
    left, right = np.concatenate([gaps[:1], gaps]) / 2, np.concatenate([gaps, gaps[-1:]]) / 2
    within = (np.arange(len(numbers)) - np.repeat(np.cumsum(counts) - counts, counts) + 0.5) / np.repeat(counts, counts)
    start, width = np.repeat(x - left, counts), np.repeat(left + right, counts)
    return np.where(np.repeat(counts, counts) > 1, start + within * width, np.repeat(x, counts))
