"""Whom a survey should ask: those whose answer may change a decision and who will answer.

With P(segment) q and the profit v of contacting a segment, the expected value of perfect information (Raiffa and Schlaifer 1961) is
EVPI = sum q max(v, 0) - max(sum q v, 0). It supposes that an answer reveals the segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlift.errors import SettingsError
from netlift.records import Floats, Ints, Texts

NOTHING = 1e-3  # of the largest profit at stake: an answer worth less is worth no question
QUOTA = 0.15  # share of the invitations drawn at random, so that answers can be weighted to everybody


@dataclass(frozen=True, slots=True)
class Invitations:
    """Who is asked: (m,) each."""

    row: Ints  # positions of the customers, ascending
    reason: Texts  # "value" or "random"
    weight: Floats  # customers each stands for: 1 / probability to be asked


def evpi(membership: Floats, profit: Floats) -> Floats:
    """Money that knowing each customer's segment is worth, (n,) >= 0, from P(segment) (n, k) and profit per contact (k,)."""
    value = membership @ np.maximum(profit, 0.0) - np.maximum(membership @ profit, 0.0)
    return np.where(value < NOTHING * np.abs(profit).max(), 0.0, value)


def whom_to_ask(worth: Floats, budget: int, *, seed: int) -> Invitations:
    """The customers of greatest worth (n,), EVPI x P(respond), and a random quota of the others; nobody for a worth of 0.

    Raises:
        SettingsError: the budget is below 2 or above the number of customers.
    """
    if not 2 <= budget <= len(worth):
        raise SettingsError(f"The survey's budget is {budget} invitations, and {len(worth):,} customers can be asked; give 2 to as many.")
    most = min(budget - max(1, round(QUOTA * budget)), int((worth > 0).sum()))
    drawn = budget - most
    order = np.argsort(-worth, kind="stable")
    best, others = order[:most], order[most:]
    chance = np.random.default_rng(seed).choice(others, drawn, replace=False)
    row = np.concatenate([best, chance])
    reason = np.array(["value"] * len(best) + ["random"] * drawn, dtype=object)
    weight = np.concatenate([np.ones(len(best)), np.full(drawn, len(others) / drawn)])
    by_row = np.argsort(row)
    return Invitations(row[by_row], reason[by_row], weight[by_row])
