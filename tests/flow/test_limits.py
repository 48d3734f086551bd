"""A budget in netlift.toml, from the settings to what would be sent and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from netlift import cli, snapshot
from netlift.records import Choice
from netlift.store import open_store, store_folder
from tests import shop

BUDGET = 40.0


def test_a_budget_limits_what_is_planned_and_is_told_everywhere(tmp_path: Path) -> None:
    """The plan costs no more than the budget; profit, bound, gap and price are in run.json, on the terminal and in the report."""
    open_store()
    config = shop.write(tmp_path / "shop")
    config.write_text(config.read_text() + f"\n[allocation]\nbudget = {BUDGET}\ncapacity = {{ email = 500 }}\n")
    printed = CliRunner().invoke(cli.app, ["prepare", str(config), "--out", str(tmp_path / "run")])
    assert printed.exit_code == 0, printed.output
    told = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    allocation = told["allocation"]
    assert f"Within the limits: {allocation['sentence']}" in printed.output
    assert allocation["sentence"] in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert allocation["profit"] <= allocation["bound"]
    assert allocation["gap"] < 0.05
    assert [limit["name"] for limit in allocation["limits"]] == ["budget", "email"]

    audience = pq.read_table(tmp_path / "run" / "audience.parquet").to_pylist()
    chosen = [row for row in audience if row["excluded_reason"] in {None, "holdout"}]
    assert len(chosen) == allocation["contacts"] + allocation["tests"] == BUDGET  # a contact costs 1
    assert told["audience"]["budget or capacity used up"] == allocation["used_up"] > 0
    kept: Choice = snapshot.load(store_folder() / "runs" / told["run_id"] / "content.npz").choice
    assert kept.allocated is not None
    assert kept.allocated.sentence == allocation["sentence"]
