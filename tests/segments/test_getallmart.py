"""The GetAllMart figures of ground-truth.md section 3."""

from __future__ import annotations

import numpy as np

from netlift.segments import segment
from tests.segments.getallmart import features, settings


def test_the_published_segments_are_found() -> None:
    """Sizes 588 / 397 / 1,046 / 181, numbered by spend, useful, with the circularity said."""
    found = segment(settings(scale="standard", algorithms=["kmeans"], k=[4, 4]), features())
    assert np.bincount(found.segment).tolist() == [0, 181, 588, 397, 1046]
    assert found.verdict.useful
    assert "Acc6" in found.warnings[0]
