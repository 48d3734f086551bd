"""The demo: the whole way on real data, and the figures it must show."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from netlift.demo import demo
from netlift.errors import SettingsError
from netlift.workflow.stages import Quiet


def test_the_whole_way_on_complete_journey(tmp_path: Path) -> None:
    """All rows are read, messages arrive for everybody planned, and the sentence tells the +41 % as selection."""
    made = demo(tmp_path / "demo", Quiet())
    facts = json.loads((tmp_path / "demo" / "run" / "run.json").read_text())
    assert {i["table"]: i["rows_ok"] for i in facts["inputs"]}["transactions"] == 1_469_307
    assert facts["customers"] == 2_446  # households that bought before 1 October 2017
    audience = pq.read_table(tmp_path / "demo" / "run" / "audience.parquet").to_pylist()
    contacted = sum(row["excluded_reason"] is None for row in audience)
    assert made.deliveries["accepted"] == contacted > 100
    figures = {e.estimator: e.lift for e in made.measurement.estimates if e.scope == "any"}
    assert figures["naive_pooled"] == pytest.approx(0.414, abs=0.005)
    assert figures["did_no_campaign_before_or_after"] == pytest.approx(-0.057, abs=0.005)
    assert "that is selection" in made.measurement.sentence
    assert made.report.read_text(encoding="utf-8").count("<svg") >= 2


def test_the_demo_writes_into_its_own_folder_only(tmp_path: Path) -> None:
    """A file, or a folder with something else in it, is not taken."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="is a file"):
        demo(tmp_path / "file", Quiet())
    with pytest.raises(SettingsError, match="holds 'file', which is not the demo's"):
        demo(tmp_path, Quiet())
