"""The universal control: customers whom no campaign and no experiment contacts, the same ones for years."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netlift import experiments
from netlift.engine import Session
from netlift.records import Choice, Texts
from netlift.store import audit, database, vault

ACT = "universal holdout"


def in_force() -> float:
    """The share last put in force in this store; 0 = none ever was."""
    kept = audit.acts(ACT)
    return float(kept[-1]["share"]) if kept else 0.0


def grown(asked: float) -> float:
    """The share that holds: `asked`, or the one in force where that is larger, because who is let go was left alone until now."""
    return max(asked, in_force())


def keep(share: float, *, actor: str) -> None:
    """Put a larger share in force; call it inside the transaction of the act that does."""
    database.take_turns(database.RECORDING)  # nobody puts another share in force between the look and the act
    if share > in_force():
        audit.record(ACT, actor=actor, details={"share": repr(share)})  # the trail holds no floats


def members(session: Session, customer_ids: Texts, *, share: float) -> frozenset[str]:
    """Who is in it, of the customers of the session's table `features`, given in their order; a larger share keeps its members."""
    if share == 0:
        return frozenset()
    u = experiments.draw(session, salt=vault.salt(), experiment=experiments.UNIVERSAL)
    return frozenset(customer_ids[u < share])


def told(choice: Choice, customer_ids: Texts, set_apart: frozenset[str]) -> Choice:
    """The choice with the reason of whoever is in the universal control."""
    if not set_apart:
        return choice
    reason = choice.excluded_reason.copy()
    reason[np.array([c in set_apart for c in customer_ids], dtype=bool)] = experiments.UNIVERSAL
    return replace(choice, excluded_reason=reason)
