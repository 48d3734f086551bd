"""The director's report: everything a run found, as one self-contained page.

`write` makes report.html; `charts` are Vega-Lite specifications that console and notebooks show too; `figures` is how
numbers are written wherever people read them.
"""

from netlift.reports.page import MISSED, write

__all__ = ["MISSED", "write"]
