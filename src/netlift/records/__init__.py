"""What the stages hand to each other, in flow order: the file to read first.

Every stage is a pure function from some of these records to the next one. From `Features` on, all per-customer
arrays have one entry per customer in the order of `Features.customer_ids` (n customers, sorted by id).
Money is in the project's currency; times are naive UTC unless a name says `local`.
"""

from __future__ import annotations

from netlift.records.basics import Floats, Ints, Progress, Texts, silent
from netlift.records.campaigns import ContactEvent, Delivery, EventKind, Receipt, Returned, TrackedMessage
from netlift.records.committee import Ballot, Case, Committee, Deputy, Halt, Pause, Person, Reading, State
from netlift.records.experiments import Assignment
from netlift.records.features import (
    STAGES_OF_LIFE,
    Accounting,
    BookedCampaign,
    Calibration,
    Feature,
    Features,
    Forecast,
    ForecastCheck,
    Learnt,
    Outcome,
    amount,
)
from netlift.records.insight import RESTS_ON, Insight, Opinion, Profit, Response, Segment, Sufficiency, Trait
from netlift.records.measurement import Estimate, Evidence, Measurement
from netlift.records.offers import (
    Action,
    Allocated,
    Asking,
    Choice,
    Companion,
    Limit,
    NextCategory,
    PastEffect,
    Proposal,
    Recommendation,
    Standing,
)
from netlift.records.reports import ReportContent
from netlift.records.review import Audience, ChosenBy, Finding, Message, Plan, Remedy, ReviewResult
from netlift.records.segments import Candidate, Segmentation, Verdict
from netlift.records.sources import HealthFigure, Part, TableInput, Tables

__all__ = [
    "RESTS_ON",
    "STAGES_OF_LIFE",
    "Accounting",
    "Action",
    "Allocated",
    "Asking",
    "Assignment",
    "Audience",
    "Ballot",
    "BookedCampaign",
    "Calibration",
    "Candidate",
    "Case",
    "Choice",
    "ChosenBy",
    "Committee",
    "Companion",
    "ContactEvent",
    "Delivery",
    "Deputy",
    "Estimate",
    "EventKind",
    "Evidence",
    "Feature",
    "Features",
    "Finding",
    "Floats",
    "Forecast",
    "ForecastCheck",
    "Halt",
    "HealthFigure",
    "Insight",
    "Ints",
    "Learnt",
    "Limit",
    "Measurement",
    "Message",
    "NextCategory",
    "Opinion",
    "Outcome",
    "Part",
    "PastEffect",
    "Pause",
    "Person",
    "Plan",
    "Profit",
    "Progress",
    "Proposal",
    "Reading",
    "Receipt",
    "Recommendation",
    "Remedy",
    "ReportContent",
    "Response",
    "Returned",
    "ReviewResult",
    "Segment",
    "Segmentation",
    "Standing",
    "State",
    "Sufficiency",
    "TableInput",
    "Tables",
    "Texts",
    "TrackedMessage",
    "Trait",
    "Verdict",
    "amount",
    "silent",
]
