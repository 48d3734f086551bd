"""Segments: many ways to segment compared, tested against chance and judged in money on customers not used to choose."""

from netlift.segments.selection import segment

__all__ = ["segment"]
