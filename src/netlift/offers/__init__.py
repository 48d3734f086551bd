"""Which offer for whom: advice per segment in money, and who can be reached."""

from netlift.offers.choice import choose

__all__ = ["choose"]
