"""The rule that turns intervals into one of four actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netlift.offers.evidence import Evidence
from netlift.offers.worth import Standing
from netlift.records import Action


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, with which offers (the one with evidence first), and the evidence that decided."""

    action: Action
    offers: tuple[str, ...]
    evidence: Evidence | None  # of the best tried offer; None = nothing was ever tried
    fallback: str = ""  # do_not_target: what to send if one still wants to


def decide(tried: Sequence[Evidence], untried: Sequence[str], *, bought: Mapping[str, float], standing: Standing) -> Decision:
    """The action for one segment.

    Args:
        tried: offers with evidence, the highest lower bound first.
        untried: offers nobody was ever contacted with, in the order of the settings.
        bought: money per customer of this segment on the offers' categories; absent = nothing is known to be bought.
        standing: what the segment's customers are worth beside the mean customer.
    """
    near = max(untried, key=lambda name: bought.get(name, 0.0), default="")  # what they buy most already
    far = min(untried, key=lambda name: bought.get(name, 0.0), default="")  # what they buy least: the most different
    if not tried:
        return Decision("ab_test", tuple(untried[:2]), None)
    best = tried[0]
    if best.low > 0:
        return Decision("keep", (best.offer,), best)
    undecided = sorted((e for e in tried if e.high >= 0), key=lambda e: -e.profit)
    if undecided:
        rival = undecided[1].offer if len(undecided) > 1 else near
        return Decision("ab_test", tuple(filter(None, (undecided[0].offer, rival))), undecided[0])
    if untried and standing == "above":
        return Decision("new_offer", (far,), best)
    if untried and standing == "average":
        return Decision("ab_test", (best.offer, near), best)
    return Decision("do_not_target", (), best, fallback=far or best.offer)
