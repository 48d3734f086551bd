"""Named arms with shares: who takes part in an experiment, and in which arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlift.errors import InputError, NotEnoughData
from netlift.experiments.draw import RESERVED, UNIVERSAL, check_names, unit_hash
from netlift.records import Floats, Texts

HOLDOUT = "holdout"
OUTSIDE, ELSEWHERE = "not in the experiment", "kept for other experiments of the layer"
ROUNDING = 1e-9  # shares such as ten times 0.1 add up to 1 but for this

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shares:
    """Arms in the order in which they take their intervals; the holdout is first, so that a larger one keeps its members."""

    of: Mapping[str, float]

    @property
    def total(self) -> float:
        """Share of the customers that the experiment takes."""
        return min(sum(self.of.values()), 1.0)


def planned(experiment: str, arms: Mapping[str, float], *, holdout: float = 0.0) -> Shares:
    """The arms of an experiment, checked.

    Args:
        experiment: its name.
        arms: share of each arm beside the holdout, 0 < share <= 1.
        holdout: share of the holdout; 0 = none.

    Raises:
        InputError: a name or a share cannot be.
    """
    check_names("-", experiment)
    reserved = next((name for name in RESERVED if experiment.startswith(name)), None)
    if reserved is not None:
        raise InputError(
            f"The experiment is named '{experiment}', and names that begin with '{reserved.strip()}' are netlift's own; rename it."
        )
    if not arms:
        raise InputError("No arm is given; give each as NAME=SHARE, e.g. treated=0.5.")
    given = ({HOLDOUT: holdout} if holdout else {}) | dict(arms)
    for name, share in given.items():
        if not name:
            raise InputError(f"An arm with the share {share:g} has no name; give it as NAME=SHARE.")
        if not 0 < share <= 1:
            raise InputError(
                f"The arm '{name}' has the share {share:g}, so it would be empty or more than everybody; give one above 0 and up to 1."
            )
    if holdout and HOLDOUT in arms:
        raise InputError(f"The arm '{HOLDOUT}' is given twice, as an arm and as the holdout of {holdout:g}; give it once.")
    if len(given) < 2:
        raise InputError(f"'{next(iter(given))}' is the only arm, so there is nothing to compare; add a holdout or another arm.")
    total = sum(given.values())
    if total > 1 + ROUNDING:
        raise InputError(f"The shares add up to {total:g}, and everybody together is 1; make them smaller.")
    return Shares(given)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draws of customers, (n,) each in [0, 1); None where they do not apply."""

    experiment: Floats
    universal: Floats | None = None
    layer: Floats | None = None


def drawn_arms(
    drawn: Drawn,
    shares: Shares,
    *,
    universal: float = 0.0,
    interval: tuple[float, float] | None = None,
    stratum: Texts | None = None,
    start: str = "",
) -> tuple[Texts, Texts]:
    """Arm of each customer, and the reason of whoever has none, (n,) each.

    First the universal control, by its own draw from 0 to `universal`; then who is in the experiment's `interval` of its layer; then
    the arms among those, in order from 0, by the experiment's own draw. The layer's interval is as wide as the shares, so inside of it
    the arms fill the whole line.

    Args:
        drawn: the draws.
        shares: of the arms.
        universal: share of the universal control.
        interval: [low, high) of the layer's line.
        stratum: (n,) names; then arms are systematic in each stratum instead of by the draw alone.
        start: text that the random start of each stratum is drawn from, `salt:experiment`.
    """
    n = len(drawn.experiment)
    arm, reason = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    if interval is not None and drawn.layer is not None:
        low, high = interval
        reason[~((drawn.layer >= low) & (drawn.layer < high))] = ELSEWHERE
    if universal and drawn.universal is not None:
        reason[drawn.universal < universal] = UNIVERSAL
    free = np.asarray(reason == None, dtype=bool)  # noqa: E711 - element by element
    u = drawn.experiment[free]
    place = u if stratum is None else systematic(u, stratum[free], start=start)
    edges = np.cumsum(list(shares.of.values()))
    if interval is not None or edges[-1] > 1 - ROUNDING:
        edges = edges / edges[-1]
    names = np.array([*shares.of, None], dtype=object)
    arm[free] = names[np.searchsorted(edges, place, side="right")]
    reason[free & np.asarray(arm == None, dtype=bool)] = OUTSIDE  # noqa: E711
    return arm, reason


def systematic(u: Floats, stratum: Texts, *, start: str) -> Floats:
    """Places in [0, 1) that are even in each stratum: (rank of u in the stratum + v)/n, v the stratum's random start.

    Every customer's place is uniform, so every arm has its share on average, and in each stratum within one customer of it.
    Source: systematic sampling with a random start in a random order (Cochran, Sampling Techniques, 3rd edition, chapter 8).
    """
    names, code = np.unique(stratum.astype(str), return_inverse=True)
    size = np.bincount(code, minlength=len(names))
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    order = np.lexsort((u, code))
    rank = np.empty(len(u))
    rank[order] = np.arange(len(u)) - first[code[order]]
    v = np.array([unit_hash(f"{start}:stratum {name}") for name in names])
    return np.asarray(np.minimum((rank + v[code]) / size[code], np.nextafter(1.0, 0.0)))


def check_filled(arm: Texts, shares: Shares) -> dict[str, int]:
    """Customers of each arm.

    Raises:
        NotEnoughData: an arm has nobody.
    """
    counts = {name: int(np.sum(arm == name)) for name in shares.of}
    empty = next((name for name, n in counts.items() if n == 0), None)
    if empty is not None:
        n = sum(counts.values())
        raise NotEnoughData(
            f"The arm '{empty}' with the share {shares.of[empty]:g} got none of the {n:,} customers in the experiment; give it a "
            "larger share or more customers."
        )
    return counts
