"""Whom to ask: the simulation of section 10 of the notes, and the weights."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import SettingsError
from netlift.offers.whom_to_ask import evpi, whom_to_ask
from netlift.records import Floats

PROFIT = np.array([-2, -0.5, 1, 4.0])


def _gains(seed: int) -> Floats:
    """Extra profit of 300 invitations: random, by entropy, by EVPI, by EVPI x P(respond)."""
    random = np.random.default_rng(seed)
    centres, z, o = random.normal(0, 1.3, (4, 6)), random.integers(0, 4, 6000), 1 + random.geometric(0.4, 6000)
    x = centres[z] + random.normal(0, 1, (6000, 6)) * 2.2 / np.sqrt(o)[:, None]
    logit = -((x[:, None, :] - centres) ** 2).sum(axis=2) * o[:, None] / (2 * 2.2**2)
    q = np.exp(logit - logit.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    respond = 0.15 + 0.35 * (o > 2)
    entropy = -(q * np.log(q + 1e-300)).sum(axis=1)
    gain = (random.random(6000) < respond) * (np.maximum(PROFIT[z], 0) - (q @ PROFIT > 0) * PROFIT[z])
    scores = (random.random(6000), entropy, evpi(q, PROFIT), evpi(q, PROFIT) * respond)
    return np.array([gain[np.argsort(-score)[:300]].sum() for score in scores])


def test_value_times_chance_to_answer_asks_best() -> None:
    """Over 40 bases: random < entropy < EVPI, and x P(respond) brings at least 1.15 times EVPI alone."""
    chance, entropy, value, both = np.mean([_gains(seed) for seed in range(40)], axis=0)
    assert chance < entropy < value
    assert both >= 1.15 * value


def test_certain_customers_are_worth_no_question() -> None:
    """EVPI is 0 where the segment is known, and by hand .5 where contacting is a toss-up of +1 and -1."""
    assert evpi(np.array([[1, 0], [0.5, 0.5]]), np.array([1.0, -1.0])) == pytest.approx([0, 0.5])


def test_weights_add_up_to_everybody() -> None:
    """The best are certain to be asked; the random quota stands for all others."""
    asked = whom_to_ask(np.arange(1000.0), 100, seed=1)
    assert asked.weight.sum() == pytest.approx(1000)
    assert (asked.reason == "random").sum() == 15
    assert len(set(asked.row)) == 100


def test_nobody_is_asked_for_nothing() -> None:
    """Where only three answers are worth something, the rest of the invitations is drawn by lot, with weights that still add up."""
    asked = whom_to_ask(np.array([0.0, 2, 0, 1, 3] + [0.0] * 95), 20, seed=1)
    assert set(asked.row[asked.reason == "value"]) == {1, 3, 4}
    assert (asked.reason == "random").sum() == 17
    assert asked.weight.sum() == pytest.approx(100)


def test_an_impossible_budget_is_refused() -> None:
    """More invitations than customers is a sentence with both numbers."""
    with pytest.raises(SettingsError, match="11 invitations, and 10 customers"):
        whom_to_ask(np.ones(10), 11, seed=1)
