"""What reports are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from netlift.records.experiments import Assignment
from netlift.records.features import Features
from netlift.records.insight import Insight
from netlift.records.measurement import Measurement
from netlift.records.offers import Choice
from netlift.records.review import Audience, ReviewResult
from netlift.records.segments import Segmentation
from netlift.records.sources import Tables


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything the director's report shows, whatever the format."""

    title: str
    run_id: str
    created: datetime
    currency: str
    features: Features
    segmentation: Segmentation
    insight: Insight
    choice: Choice
    assignment: Assignment
    audience: Audience
    review: ReviewResult
    tables: Tables
    deliveries: Mapping[str, int] = field(default_factory=dict)  # ledger counts per state; empty before launch
    measurement: Measurement | None = None
    trail: str = ""  # signed head of the audit trail when the report was written, as JSON
    seed: int | None = None  # of the run; the map's sample is drawn with it
