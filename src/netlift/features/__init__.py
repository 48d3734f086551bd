"""Features: tables in, one row per customer out, each number with unit, meaning and sensitivity."""

from netlift.features.build import build, computing

__all__ = ["build", "computing"]
