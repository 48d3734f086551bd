"""Insight: what sets the segments apart, in words, rules and money."""

from netlift.insight.explanation import explain

__all__ = ["explain"]
