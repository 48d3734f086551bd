"""The money of the GetAllMart segments in ground-truth.md section 3."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.insight import explain
from netlift.records import Insight
from netlift.segments import segment
from tests.segments.getallmart import features, settings


@pytest.fixture(scope="module")
def insight() -> Insight:
    given = features()
    return explain(given, segment(settings(scale="standard", algorithms=["kmeans"], k=[4, 4]), given), seed=7)


def test_profit_per_contact_is_as_published(insight: Insight) -> None:
    """Only the segment of the old responders earns; the intervals lie near the published bootstrap."""
    profits = [s.profit for s in insight.segments]
    published = [(5.27, 4.48, 5.99), (-1.97, -2.21, -1.71), (-1.06, -1.48, -0.65), (-2.24, -2.40, -2.08)]
    found = [(p.per_contact, p.low, p.high) for p in profits if p]
    np.testing.assert_allclose([f[0] for f in found], [p[0] for p in published], atol=0.01)
    np.testing.assert_allclose(found, published, atol=0.15)
    assert [p.total for p in profits if p] == pytest.approx([953, -1159, -421, -2346])


def test_responses_are_as_published(insight: Insight) -> None:
    """136, 55, 70 and 72 answers."""
    assert [s.response.responses for s in insight.segments if s.response] == [136, 55, 70, 72]
