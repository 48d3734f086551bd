"""Stage 1: files → checked canonical tables in the engine, rejected rows in quarantine."""

from netlift.sources.canonical import columns_of
from netlift.sources.forgetting import Person, forget, rows_of
from netlift.sources.leaving_out import leave_out, people
from netlift.sources.loading import SOURCES, load
from netlift.sources.register import RegisterEntry, column_register, lines

__all__ = [
    "SOURCES",
    "Person",
    "RegisterEntry",
    "column_register",
    "columns_of",
    "forget",
    "leave_out",
    "lines",
    "load",
    "people",
    "rows_of",
]
