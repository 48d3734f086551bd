"""The one place that knows the SQL engines: connections, named functions, moving tables.

All SQL of the stages is written once in the common subset of DuckDB and Spark and calls the scalar functions
defined here (`seconds_between`, `iso_weekday`, …) where the dialects differ.
"""

from netlift.engine.computing import computing
from netlift.engine.duck import FUNCTIONS, Engine
from netlift.engine.session import Session, Work, quoted
from netlift.engine.spark import SparkEngine

__all__ = ["FUNCTIONS", "Engine", "Session", "SparkEngine", "Work", "computing", "quoted"]
