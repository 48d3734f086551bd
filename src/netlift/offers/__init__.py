"""Offers: which one for whom, with its expected profit, and who cannot or should not be contacted."""

from netlift.offers.choice import choose
from netlift.offers.targeting import Ask, target

__all__ = ["Ask", "choose", "target"]
