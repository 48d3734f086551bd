"""The way of the data as one customer goes it: each verb, each stage, in order."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import netlift as nl
from netlift import settings
from netlift.campaigns.testing import Sink
from netlift.errors import NetliftError, SettingsError
from netlift.store import audit, open_store, people
from netlift.workflow import decide, show
from netlift.workflow.close import close, measure
from netlift.workflow.launch import launch
from netlift.workflow.prepare import prepare
from netlift.workflow.stages import STAGES
from tests import shop
from tests.workflow import plans


class Recorder:
    """A display that writes down which stages were entered."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def stage(self, name: str) -> Any:
        self.entered.append(name)
        return lambda _share, _doing: None


def committee() -> None:
    people.add("ann", "reviewer")
    people.add("ben", "privacy")


def test_a_customer_walks_through_all_stages_in_order(tmp_path: Path) -> None:
    """Each verb enters its stages once and in flow order; together they are the ten stages; the message arrives once."""
    open_store()
    committee()
    recorders = {verb: Recorder() for verb in ("prepare", "launch", "close")}
    with Sink() as sink:
        config = shop.write(tmp_path / "shop", port=sink.port)
        run = prepare(settings.read(config), out=tmp_path / "run", display=recorders["prepare"])
        decide.submit(run.run_id)
        plans.approve(run.run_id, actor="ann")
        assert plans.approve(run.run_id, actor="ben")["state"] == "approved"
        sent = launch(run.run_id, display=recorders["launch"])
        closed = close(run.run_id, display=recorders["close"])
    assert recorders["prepare"].entered == ["sources", "features", "segments", "insight", "offers", "experiments", "review", "reports"]
    assert recorders["launch"].entered == ["campaigns"]
    assert recorders["close"].entered == ["sources", "measurement", "reports"]
    assert {stage for r in recorders.values() for stage in r.entered} == set(STAGES)

    audience = pq.read_table(tmp_path / "run" / "audience.parquet").to_pylist()
    contacted = {row["customer_id"] for row in audience if row["excluded_reason"] is None and row["arm"] != "holdout"}
    assert sorted(to for to, _ in sink.received) == sorted(f"c{c}@example.com" for c in contacted)
    assert sent["counts"]["accepted"] == len(contacted) > 50
    assert not any(row["customer_id"].endswith("9") for row in audience if row["excluded_reason"] is None)  # they withdrew consent
    assert {row["excluded_reason"] for row in audience if row["arm"] == "holdout"} == {"holdout"}
    assert closed.report.read_text(encoding="utf-8").count("</html>") == 1
    assert audit.verify().whole


def test_files_of_a_run_agree_with_each_other(tmp_path: Path) -> None:
    """All output files are there, hold every customer once, and their counts add up."""
    open_store()
    prepared = prepare(settings.read(shop.write(tmp_path / "shop")), out=tmp_path / "run")
    folder = tmp_path / "run"
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [
            "run.json",
            "customers.parquet",
            "comparison.parquet",
            "segments.json",
            "recommendations.json",
            "accounting.json",
            "audience.parquet",
            "quarantine",
            "report.html",
        ]
    )
    facts = json.loads((folder / "run.json").read_text())
    for read in facts["inputs"]:
        assert read["rows_in"] == read["rows_ok"] + read["rows_quarantined"] + read["rows_left_out"]
    customers = pq.read_table(folder / "customers.parquet")
    audience = pq.read_table(folder / "audience.parquet")
    assert len(set(customers["customer_id"].to_pylist())) == customers.num_rows == facts["customers"]
    assert customers["customer_id"].to_pylist() == audience["customer_id"].to_pylist()
    assert sum(facts["audience"].values()) == facts["customers"]
    segments = json.loads((folder / "segments.json").read_text())
    assert [s["size"] for s in segments] == np.bincount(customers["segment"].to_numpy())[1:].tolist()
    scores = customers["anomaly_score"].to_numpy()
    assert 0 <= scores.min() <= scores.max() <= 1
    comparison = pq.read_table(folder / "comparison.parquet")
    assert sum(comparison["chosen"].to_pylist()) == 1
    assert facts["run_id"] == prepared.run_id
    assert facts["verdict"]["structure"] in {"natural", "overlapping", "constructed", "none"}


def test_the_same_data_and_seed_give_the_same_segments(tmp_path: Path) -> None:
    """Two runs of one config agree to the bit on segments, map and scores."""
    open_store()
    config = settings.read(shop.write(tmp_path / "shop"))
    for name in ("one", "two"):
        prepare(config, out=tmp_path / name)
    assert pq.read_table(tmp_path / "one" / "customers.parquet").equals(pq.read_table(tmp_path / "two" / "customers.parquet"))


def test_a_failing_run_leaves_nothing(tmp_path: Path) -> None:
    """An error in the data leaves no run, no output folder and no half-written file."""
    open_store()
    config = shop.write(tmp_path / "shop")
    (tmp_path / "shop" / "sales.csv").write_text("customer_id,bought_at,paid\n", encoding="utf-8")
    with pytest.raises(NetliftError):
        prepare(settings.read(config), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert show.plans() == []
    assert sorted(p.name for p in (tmp_path / "netlift").glob("runs/*")) == []


def test_measuring_needs_no_store(tmp_path: Path) -> None:
    """`measure` reads tables only: it gives estimates and a sentence and leaves no data directory behind."""
    measured = measure(settings.read(shop.write(tmp_path / "shop")))
    assert {"naive_pooled", "did_not_in_campaign"} <= {e.estimator for e in measured.estimates}
    assert measured.sentence
    assert not (tmp_path / "netlift").exists()


def test_sales_that_come_in_later_show_the_run_s_own_lift(tmp_path: Path) -> None:
    """`close` without later sales says so; after them it compares the arms that were drawn at random, and believes that figure."""
    open_store()
    committee()
    folder = tmp_path / "shop"
    with Sink() as sink:
        run = prepare(settings.read(shop.write(folder, port=sink.port)))
        decide.submit(run.run_id)
        for name in ("ann", "ben"):
            plans.approve(run.run_id, actor=name)
        launch(run.run_id)
    assert "no sales after" in close(run.run_id).measurement.sentence

    with (folder / "sales.csv").open("a", encoding="utf-8") as file:
        for customer, arm in zip(run.content.audience.customer_ids, run.content.audience.arm, strict=True):
            for day in range(1, 20):
                file.write(f"{customer},2027-01-{day:02d}T10:00:00,{33 + int(customer) % 7 / 100 + (10 if arm == 'treated' else 0)}\n")
    closed = close(run.run_id)
    assert closed.measurement.best is not None
    assert closed.measurement.best.evidence == "randomised"
    assert closed.measurement.best.lift == pytest.approx(10 / 33, abs=0.001)
    assert "held out at random" in closed.measurement.sentence


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    """No stage is entered when nothing could be written to --out."""
    (tmp_path / "file").touch()
    seen = Recorder()
    with pytest.raises(SettingsError, match="cannot be written: File exists"):
        prepare(settings.read(shop.write(tmp_path / "shop")), out=tmp_path / "file" / "run", display=seen)
    assert seen.entered == []


def test_a_disk_that_fills_up_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the copy to --out fails, the sentence says so and neither plan nor files are kept."""
    open_store()

    def full(*_args: Any, **_named: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(SettingsError, match="cannot be written: No space left on device"):
        prepare(settings.read(shop.write(tmp_path / "shop")), out=tmp_path / "run")
    assert show.plans() == []
    assert list((tmp_path / "netlift" / "runs").iterdir()) == []


def test_the_notebook_way(tmp_path: Path) -> None:
    """The verbs take the path of netlift.toml and open the store by themselves; they can be seen by dir()."""
    config = str(shop.write(tmp_path / "shop"))
    assert {"prepare", "measure", "launch", "close"} <= set(dir(nl))
    assert nl.measure(config).sentence
    assert nl.prepare(config).run_id == "1"
