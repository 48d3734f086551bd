"""Arms of a randomised experiment, compared from moments: one file a noun, functions over records."""

from netlift.measurement.arms.always_valid import confidence_sequence, mixture_test
from netlift.measurement.arms.analysis import Analysis, Design, analyse
from netlift.measurement.arms.bayes import beta_binomial, normal
from netlift.measurement.arms.cells import Cell, Units, added, read_cells
from netlift.measurement.arms.comparison import Comparison, Plan, compare
from netlift.measurement.arms.difference import Difference, difference, pair
from netlift.measurement.arms.intervals import Interval, greater, welch
from netlift.measurement.arms.metric import Metric
from netlift.measurement.arms.moments import Moments
from netlift.measurement.arms.multiple import benjamini_hochberg, holm
from netlift.measurement.arms.non_delivery import complier_effect
from netlift.measurement.arms.permutation import Values
from netlift.measurement.arms.sample_ratio import sample_ratio
from netlift.measurement.arms.strata import post_stratified, shrunk
from netlift.measurement.arms.thompson import next_shares, over_periods
from netlift.measurement.arms.values import read_values

__all__ = [
    "Analysis",
    "Cell",
    "Comparison",
    "Design",
    "Difference",
    "Interval",
    "Metric",
    "Moments",
    "Plan",
    "Units",
    "Values",
    "added",
    "analyse",
    "benjamini_hochberg",
    "beta_binomial",
    "compare",
    "complier_effect",
    "confidence_sequence",
    "difference",
    "greater",
    "holm",
    "mixture_test",
    "next_shares",
    "normal",
    "over_periods",
    "pair",
    "post_stratified",
    "read_cells",
    "read_values",
    "sample_ratio",
    "shrunk",
    "welch",
]
