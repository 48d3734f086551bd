"""What-if figures of the real pilot campaign agree with the published ones."""

from __future__ import annotations

import pytest

from netlift.workflow.targets import targets
from tests.conftest import SHARED
from tests.offers.test_what_if import COST, REVENUE

GETALLMART = SHARED / "data" / "marketing_campaign" / "marketing_campaign.csv.gz"


def test_getallmarts_curve_ends_at_the_published_loss() -> None:
    """Contacting everybody loses 3,046 as published; the curve's best depth is near the published 1,315 at 430 contacts."""
    found = targets(GETALLMART, customer="ID", outcome="Response", contact_cost=COST, revenue=REVENUE)
    assert found.what_if.curve[-1].profit == pytest.approx(-3046)
    best = max(found.what_if.curve, key=lambda depth: depth.profit)
    assert best.contacts == pytest.approx(430, abs=60)
    assert best.low < 1315 < best.high
