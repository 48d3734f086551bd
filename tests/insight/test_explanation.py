"""The verb of the stage."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from netlift.insight import explain
from netlift.records import Features, Ints, Segmentation, Verdict
from tests.segments.generators import customers, scenario

WARNING = "The outcome is also an input."


def segmentation(features: Features, segment: Ints) -> Segmentation:
    n = len(segment)
    verdict = Verdict("natural" if segment.any() else "none", useful=True, reason="")
    none = np.zeros(n)
    return Segmentation(verdict, (), "kmeans", segment, none, none, none, np.full(n, "", dtype=object), features.inputs, (WARNING,))


@pytest.fixture(scope="module")
def features() -> Features:
    return scenario("A", 1, n=900)


def test_sizes_contacts_and_money_add_up_to_everybody(features: Features) -> None:
    """Nobody is lost between the segments, and no profit."""
    found = explain(features, segmentation(features, 1 + (features.values[:, 0] > 0) + (features.values[:, 1] > 1)), seed=1)
    assert found.base_response is not None
    assert found.base_profit is not None
    assert sum(s.size for s in found.segments) == 900
    assert sum(s.share for s in found.segments) == pytest.approx(1)
    assert sum(s.response.responses for s in found.segments if s.response) == found.base_response.responses
    assert sum(s.profit.total for s in found.segments if s.profit) == pytest.approx(found.base_profit.total)


def test_every_segment_is_named_summed_up_and_ruled(features: Features) -> None:
    """Distinct names, a sentence with interval and accounting, rules with their fidelity, warnings carried over."""
    found = explain(features, segmentation(features, 1 + (features.values[:, 0] > 0).astype(int)), seed=1)
    assert found.segments[0].name != found.segments[1].name
    assert "per contact" in found.segments[0].summary
    assert "test campaign: 30 EUR per response, 3 EUR per contact" in found.segments[0].summary
    assert found.segments[0].rules[0].startswith("f0 at most")
    assert found.segments[0].rules_fidelity > 0.95
    assert len(found.segments[0].profile) == 15
    assert found.warnings == (WARNING,)


def test_no_segments_leave_the_base_figures(features: Features) -> None:
    """Verdict none: nothing to explain, but what contacts brought is still said."""
    found = explain(features, segmentation(features, np.zeros(900, dtype=np.int64)), seed=1)
    assert found.segments == ()
    assert found.base_profit is not None


def test_without_an_outcome_there_are_no_answers(features: Features) -> None:
    """Profiles and rules only."""
    plain = customers(features.values)
    found = explain(plain, segmentation(plain, 1 + (features.values[:, 0] > 0).astype(int)), seed=1)
    assert (found.segments[0].response, found.segments[0].profit, found.base_response) == (None, None, None)


def test_a_segment_never_contacted_says_so(features: Features) -> None:
    """No rate of zero is invented."""
    segment = 1 + (features.values[:, 0] > 0).astype(int)
    assert features.outcome is not None
    contacts = features.outcome.contacts * (segment == 1)[:, None]
    outcome = dataclasses.replace(features.outcome, contacts=contacts, responses=features.outcome.responses * contacts)
    found = explain(dataclasses.replace(features, outcome=outcome), segmentation(features, segment), seed=1)
    assert found.segments[1].response is None
    assert "Never contacted" in found.segments[1].summary


def test_same_seed_same_insight(features: Features) -> None:
    """Intervals and rules repeat."""
    given = segmentation(features, 1 + (features.values[:, 0] > 0).astype(int))
    assert explain(features, given, seed=1) == explain(features, given, seed=1)
