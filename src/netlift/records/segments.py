"""What segmentation hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netlift.records.basics import Floats, Ints, Texts


@dataclass(frozen=True, slots=True)
class Candidate:
    """One algorithm at one number of segments. NaN where a figure could not be had."""

    algorithm: str
    k: int
    stability: float  # mean pairwise adjusted Rand index of fits on disjoint sub-samples, judged on common customers
    stability_null_p: float  # p of the structure test (a property of the data)
    silhouette: float
    usefulness: float  # decision value per customer on the split named in `judged_on`, money
    usefulness_low: float  # one-sided 95 % bounds
    usefulness_high: float
    usefulness_p: float  # permutation test; NaN but for the chosen one, which alone is tested
    seconds: float
    judged_on: Literal["choose", "report", "none"] = "none"
    chosen: bool = False
    stage: str = ""  # the stage of life whose customers are meant; "" = all


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether segments exist and whether they are worth money."""

    structure: Literal["natural", "overlapping", "constructed", "none"]
    useful: bool
    reason: str  # one or two plain sentences
    evidence: Mapping[str, float] = field(default_factory=dict)  # z, p, valley share, V, its bounds, sample sizes


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The chosen segmentation, or the statement that there is none."""

    verdict: Verdict
    comparison: tuple[Candidate, ...]
    algorithm: str  # "" where the verdict is none
    segment: Ints  # (n,) 1..k ordered by value, 1 = most valuable; all 0 where the verdict is none
    x: Floats  # (n,) map coordinates; no unit
    y: Floats
    anomaly_score: Floats  # (n,) 0..1, share of a frozen reference that is less unusual
    anomaly_reason: Texts  # (n,) the most unusual facts in words
    inputs: tuple[str, ...]  # names of the features clustered on
    warnings: tuple[str, ...] = ()
    membership: Floats | None = field(default=None, repr=False)  # (n, k) P(segment 1), ..., P(segment k); None where the verdict is none
    model: bytes | None = field(
        default=None, repr=False
    )  # the frozen model that gave everybody the above and can give it to customers never seen
    stages: Mapping[int, str] = field(default_factory=dict)  # by segment: the stage of life its customers are in; empty = not told apart
