"""Many customers: the way of the data where memory holds the values of a sample only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import adjusted_rand_score

from netlift.features import matrix
from netlift.segments import structure
from netlift.store import open_store
from netlift.workflow.prepare import Prepared, prepare
from tests import shop


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Prepared, Prepared]:
    """A run of all customers of the shop, and one that holds the values of 200 of them."""
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    open_store()
    config = shop.write(tmp_path / "shop")
    fixed = config.read_text(encoding="utf-8").replace("k = [2, 4]", "k = [2, 2]").replace(', "rfm_tertiles"', "")
    config.write_text(fixed, encoding="utf-8")
    whole = prepare(config, out=tmp_path / "whole")
    monkeypatch.setattr(matrix, "LARGEST", 200)
    return whole, prepare(config, out=tmp_path / "sampled")


def test_everybody_gets_what_all_together_would_give(both: tuple[Prepared, Prepared]) -> None:
    """The same segments, map and profiles but for chance; nobody is left out, and averages are of everybody."""
    whole, sampled = (run.content for run in both)
    assert sampled.features.rows is not None
    assert len(sampled.features.rows) == 200
    assert sampled.features.value is not None
    np.testing.assert_array_equal(sampled.features.value, whole.features.value)
    assert len(sampled.segmentation.segment) == len(whole.features.customer_ids) > 200
    assert adjusted_rand_score(whole.segmentation.segment, sampled.segmentation.segment) > 0.9
    assert abs(np.corrcoef(whole.segmentation.x, sampled.segmentation.x)[0, 1]) > 0.99
    bases = [{t.feature: t.base_mean for t in content.insight.segments[0].profile} for content in (whole, sampled)]
    assert bases[0] == pytest.approx(bases[1], nan_ok=True)
    written = pq.read_table(both[1].folder / "customers.parquet")
    assert written["customer_id"].to_pylist() == whole.features.customer_ids.tolist()
    assert set(written["segment"].to_pylist()) == {s.segment for s in sampled.insight.segments}
    assert (
        sampled.segmentation.warnings[0]
        == "Segments were compared on 200 of the 295 customers, drawn at random; then everybody was assigned."
    )
