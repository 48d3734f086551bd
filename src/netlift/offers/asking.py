"""What asking a customer is worth: the money that his answer may change, times his chance to answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netlift.offers.evidence import rates
from netlift.offers.rules import Decision
from netlift.offers.whom_to_ask import evpi
from netlift.records import Asking, Features, Floats, Recommendation, Segmentation

ANSWERED = "survey_answered"  # the feature that says who answered an earlier survey


def asking(features: Features, segmentation: Segmentation, advice: Mapping[int, tuple[Recommendation, Decision]]) -> Asking | None:
    """For every customer; None where there are no segments, or nobody knows what contacting one of them brings."""
    evidence = [advice[s][1].evidence if s in advice else None for s in range(1, max(advice, default=0) + 1)]
    belongs = segmentation.membership
    if belongs is None or len(evidence) != belongs.shape[1] or None in evidence:
        return None
    value = evpi(belongs, np.array([e.profit for e in evidence if e is not None]))
    chance = _chance(features, segmentation)
    return Asking(value if chance is None else value * chance, chance)


def _chance(features: Features, segmentation: Segmentation) -> Floats | None:
    """Chance to answer, (n,): the share that answered earlier among customers of the same segment and sufficiency, drawn to the mean.

    None where nobody was asked before.
    """
    if ANSWERED not in [f.name for f in features.features] or not features.column(ANSWERED).any():
        return None
    tier = features.sufficiency.get("spend", np.full(len(segmentation.segment), None, dtype=object))
    kinds = np.array([f"{s} {t}" for s, t in zip(segmentation.segment, tier, strict=True)])
    names, group = np.unique(kinds, return_inverse=True)
    there = group if features.rows is None else group[features.rows]
    answered = features.column(ANSWERED).astype(np.int64)
    return rates(np.ones_like(answered), answered, there, len(names)).rate[group]
