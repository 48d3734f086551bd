"""Records on disk: what is loaded is what was saved, and nothing in the file can run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from netlift import snapshot
from netlift.records import Accounting, Assignment, Estimate, Measurement, Outcome


def test_records_come_back_with_their_arrays_dates_and_mappings(tmp_path: Path) -> None:
    """Nested records, arrays of numbers and of texts with gaps, dates and mappings survive the way to disk and back."""
    arm = np.array(["holdout", None, "treated"], dtype=object)
    saved = Assignment("run 1", 0.1, arm, {"holdout": 1, "treated": 1}, None, "note")
    snapshot.save(saved, tmp_path / "a.npz")
    loaded = snapshot.load(tmp_path / "a.npz")
    assert loaded.arm.tolist() == ["holdout", None, "treated"]
    assert (loaded.experiment, loaded.holdout, loaded.counts, loaded.detectable) == ("run 1", 0.1, {"holdout": 1, "treated": 1}, None)

    estimate = Estimate("any", "naive_pooled", "naive", 0.4, None, None, None, None, 3, "other days", ("a", "b"))
    measured = Measurement((estimate,), estimate, "sentence", date(2017, 1, 1), date(2017, 12, 31))
    snapshot.save(measured, tmp_path / "m.npz")
    assert snapshot.load(tmp_path / "m.npz") == measured

    outcome = Outcome(Accounting("x", 1, 8, "USD"), ("A",), np.array([[1], [2]]), np.array([[0], [1]]))
    snapshot.save(outcome, tmp_path / "o.npz")
    np.testing.assert_array_equal(snapshot.load(tmp_path / "o.npz").contacts, outcome.contacts)


def test_a_pickle_in_the_file_is_not_opened(tmp_path: Path) -> None:
    """An array that needs pickle is refused: opening a run never runs code."""
    np.savez(tmp_path / "evil.npz", body=np.array([{"record": "x"}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        snapshot.load(tmp_path / "evil.npz")
