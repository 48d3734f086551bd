"""Features: tables in, one row per customer out, each number with unit, meaning and sensitivity."""

from netlift.features.build import build, computing
from netlift.features.suggestions import suggestions

__all__ = ["build", "computing", "suggestions"]
