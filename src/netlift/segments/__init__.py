"""Segments: many ways to segment compared, tested against chance and judged in money on customers not used to choose."""

from netlift.segments.drift import Drift, drifted
from netlift.segments.model import Assigned, Model, assigned, restored
from netlift.segments.selection import segment

__all__ = ["Assigned", "Drift", "Model", "assigned", "drifted", "restored", "segment"]
