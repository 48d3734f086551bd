"""Stage 1: files → checked canonical tables in the engine, rejected rows in quarantine."""

from netlift.sources.loading import SOURCES, load

__all__ = ["SOURCES", "load"]
