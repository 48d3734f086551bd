"""What asking a customer is worth: nothing where the segment is sure, more where an answer may change what is done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from netlift.engine import Engine
from netlift.records import Feature
from tests.offers.conftest import Case, made_features, made_outcome, made_segmentation, texts

IDS = [f"{i:03d}" for i in range(400)]
SEGMENT = np.array([1, 2] * 200)
CONTACTS, RESPONSES = np.full(400, 10), np.where(SEGMENT == 1, 6, 0)  # a contact earns 3.6 in segment 1 and loses 3 in segment 2


@pytest.fixture
def case(engine: Engine) -> Case:
    unsure = np.linspace(0.5, 1.0, 400)
    belongs = np.where((SEGMENT == 1)[:, None], np.column_stack([unsure, 1 - unsure]), np.column_stack([1 - unsure, unsure]))
    segmentation = replace(made_segmentation(SEGMENT), membership=belongs)
    return Case(engine, made_features(IDS, outcome=made_outcome(CONTACTS, RESPONSES)), segmentation)


def test_the_less_sure_the_more_worth(case: Case) -> None:
    """Without an earlier survey the worth is EVPI: it falls as the segment gets surer, to 0 where it is sure."""
    asking = case.choose().asking
    assert asking is not None
    assert asking.chance is None
    assert (np.diff(asking.worth[SEGMENT == 1]) <= 1e-12).all()
    assert asking.worth[-2:] == pytest.approx([0, 0], abs=0.02)
    assert asking.worth[0] > 1


def test_who_answered_before_is_worth_more(case: Case) -> None:
    """The chance to answer is that of customers of the same segment and sufficiency."""
    answered = (SEGMENT == 1) & (np.arange(400) % 4 < 3)
    feature = Feature("survey_answered", "yes or no", "answered", "survey", "0")
    tiers = {"spend": texts(["enough", "enough", "shrunk", "shrunk"] * 100)}
    case.features = replace(case.features, features=(feature,), values=answered[:, None].astype(float), sufficiency=tiers)
    asking = case.choose().asking
    assert asking is not None
    assert asking.chance is not None
    assert asking.chance[:8] == pytest.approx([0.75, 0, 0.75, 0] * 2, abs=0.3)
    assert asking.chance[SEGMENT == 1].min() > 5 * asking.chance[SEGMENT == 2].max()
    assert asking.worth[0] > 5 * asking.worth[1]


def test_without_evidence_or_segments_nothing_is_known(case: Case) -> None:
    """No past contacts, or no segments: no figure instead of a made-up one."""
    assert replace(case, features=made_features(IDS)).choose().asking is None
    assert replace(case, segmentation=made_segmentation(SEGMENT * 0)).choose().asking is None
