"""Two-way fixed effects: what cannot be told apart is not estimated."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import NotEnoughData
from netlift.measurement.summaries import Panel
from netlift.measurement.two_way_fixed_effects import fit


@pytest.mark.parametrize("share", [0.0, 1e-22, -1e-22, 3e-14, -3e-14])
def test_a_share_that_never_varies_is_no_evidence(share: float) -> None:
    """Also where rounding left a little above or below nothing."""
    cross = np.array([[[4.0, share], [share, share]]] * 3)
    with pytest.raises(NotEnoughData, match="the campaign days do not vary between customers and weeks"):
        fit(Panel(("A",), cross))


def test_a_coefficient_by_hand() -> None:
    """One customer's sales rise by 2 where the share rises by 1."""
    cross = np.array([[[8.0, 4.0], [4.0, 2.0]], [[2.0, 1.0], [1.0, 0.5]]])
    found = fit(Panel(("A",), cross))
    assert found.beta == pytest.approx([2])
    assert found.error == pytest.approx([0])
