"""Arms and holdout, drawn before the committee sees the plan; who is in which is repeatable. Tests are sized before they begin."""

from netlift.experiments.arms import Drawn, Shares, check_filled, drawn_arms, planned
from netlift.experiments.assign import assign
from netlift.experiments.design import Design, Metric
from netlift.experiments.draw import UNIVERSAL, draw
from netlift.experiments.holdout_value import HoldoutValue, Prospect, best_holdout
from netlift.experiments.pilot import capped, metric_of
from netlift.experiments.power import detectable_difference
from netlift.experiments.replay import Replay, replay
from netlift.experiments.revenue import size_of_revenue
from netlift.experiments.sample_ratio import Balance, balance, sample_ratio_p
from netlift.experiments.size_of_test import sized
from netlift.experiments.sizing import Sizing, size

__all__ = [
    "UNIVERSAL",
    "Balance",
    "Design",
    "Drawn",
    "HoldoutValue",
    "Metric",
    "Prospect",
    "Replay",
    "Shares",
    "Sizing",
    "assign",
    "balance",
    "best_holdout",
    "capped",
    "check_filled",
    "detectable_difference",
    "draw",
    "drawn_arms",
    "metric_of",
    "planned",
    "replay",
    "sample_ratio_p",
    "size",
    "size_of_revenue",
    "sized",
]
