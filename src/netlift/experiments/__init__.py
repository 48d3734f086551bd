"""Arms and holdout, drawn before the committee sees the plan; who is in which is repeatable."""

from netlift.experiments.assign import assign
from netlift.experiments.draw import draw
from netlift.experiments.power import detectable_difference
from netlift.experiments.sample_ratio import sample_ratio_p
from netlift.experiments.size_of_test import sized

__all__ = ["assign", "detectable_difference", "draw", "sample_ratio_p", "sized"]
