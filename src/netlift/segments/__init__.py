"""Segments: many ways to segment compared, tested against chance and judged in money on customers not used to choose."""

from netlift.segments.drift import Drift, drifted
from netlift.segments.model import Assigned, Model, Why, assigned, restored
from netlift.segments.selection import segment

__all__ = ["Assigned", "Drift", "Model", "Why", "assigned", "drifted", "restored", "segment"]
