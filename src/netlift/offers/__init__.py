"""Offers: which one for whom, with its expected profit, and who cannot or should not be contacted."""

from netlift.offers.affinity import proposals, proposed
from netlift.offers.allocation import Allocation, Option, allocate
from netlift.offers.best_input import BestInput, best_input
from netlift.offers.choice import choose
from netlift.offers.targeting import Ask, target
from netlift.offers.whom_to_ask import Invitations, whom_to_ask

__all__ = [
    "Allocation",
    "Ask",
    "BestInput",
    "Invitations",
    "Option",
    "allocate",
    "best_input",
    "choose",
    "proposals",
    "proposed",
    "target",
    "whom_to_ask",
]
