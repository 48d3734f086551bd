"""What customers are expected to spend, by segment, with how much is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlift.records import Forecast, ReportContent

TIERS = ("enough", "shrunk", "prior-only")  # as the report's columns have them


@dataclass(frozen=True, slots=True)
class Ahead:
    """The customers of one segment who ever bought."""

    segment: int  # 0 = everybody
    customers: int
    spend: float  # of all of them together, money
    tiers: tuple[int, ...]  # customers of each of TIERS

    @property
    def each(self) -> float:
        """Money per customer."""
        return self.spend / self.customers if self.customers else float("nan")


def by_segment(content: ReportContent) -> list[Ahead]:
    """Every segment in order, then everybody; empty where nothing is foretold."""
    forecast = content.features.forecast
    if forecast is None:
        return []
    segment, tiers = content.segmentation.segment, content.features.sufficiency["spend"]
    chosen = [(int(s), segment == s) for s in np.unique(segment) if s > 0]
    return [_ahead(s, here, forecast, tiers) for s, here in [*chosen, (0, np.ones(len(segment), dtype=bool))]]


def _ahead(segment: int, here: NDArray[np.bool_], forecast: Forecast, tiers: NDArray[np.object_]) -> Ahead:
    bought = here & ~np.isnan(forecast.spend)
    return Ahead(segment, int(bought.sum()), float(forecast.spend[bought].sum()), tuple(int((tiers[bought] == t).sum()) for t in TIERS))
