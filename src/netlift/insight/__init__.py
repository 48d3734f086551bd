"""Insight: what sets the segments apart, in words, rules and money."""

from netlift.insight.explanation import explain
from netlift.insight.opinions import FEWEST, opinions

__all__ = ["FEWEST", "explain", "opinions"]
