"""Raking: the figures of section 10 of the notes, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import NotEnoughData
from netlift.insight.raking import rake


def test_raked_answers_speak_for_everybody() -> None:
    """Answers that are 2.5 too low come within .1 of the truth, at a design effect near 1.65."""
    random = np.random.default_rng(4)
    n = 50_000
    age, value = random.integers(0, 4, n), random.integers(0, 3, n)
    channel = (random.random(n) < np.array([0.7, 0.55, 0.4, 0.3])[age]).astype(np.int64)
    y = 10 + 3 * age - 4 * channel + 2 * value + random.normal(0, 3, n)
    logit = -3.2 + 0.6 * (3 - age) + 0.8 * channel + 0.3 * value
    at = random.random(n) < 1 / (1 + np.exp(-logit))
    raked = rake([age[at], channel[at], value[at]], [age, channel, value])
    assert y[at].mean() < y.mean() - 2
    assert np.average(y[at], weights=raked.weight) == pytest.approx(y.mean(), abs=0.1)
    assert raked.design_effect == pytest.approx(1.65, abs=0.1)
    assert raked.effective * raked.design_effect == pytest.approx(at.sum())


def test_answers_like_everybody_need_no_weights() -> None:
    """Equal margins give weight 1 and design effect 1."""
    raked = rake([np.array([0, 1])], [np.array([0, 0, 1, 1])])
    assert raked.weight == pytest.approx(1)
    assert raked.design_effect == pytest.approx(1)


def test_a_silent_group_is_refused() -> None:
    """No weight can stand for a group that did not answer."""
    with pytest.raises(NotEnoughData, match="Group 1 of margin 0 has nobody who answered"):
        rake([np.array([0, 0])], [np.array([0, 1])])


def test_no_weight_is_beyond_the_caps() -> None:
    """500 and 12 answers of two equal groups: mean 1, at most 5 times it, and the small group cannot stand for half."""
    raked = rake([np.repeat([0, 1], [500, 12])], [np.repeat([0, 1], 500)])
    assert raked.weight.mean() == pytest.approx(1)
    assert raked.weight.max() <= 5 + 1e-9
    assert raked.weight[500:].sum() / raked.weight.sum() < 0.2
