"""netlift targets on real campaigns: the published figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from netlift import cli

SHARED = Path(__file__).parents[3] / "shared" / "data"
GETALLMART = SHARED / "marketing_campaign" / "marketing_campaign.csv.gz"
HILLSTROM = SHARED / "hillstrom" / "hillstrom_half_a.csv.gz"
LAST = ["--customer", "ID", "--outcome", "Response", "--contact-cost", "3", "--revenue", "11"]


def run(*arguments: str) -> dict:
    result = CliRunner().invoke(cli.app, ["targets", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout.splitlines()[-1]))


def test_the_published_figures_of_the_last_campaign(tmp_path: Path) -> None:
    """334 answers of 2,240: all cost 3,046; the best out of sample earn 1,250 or more, AUC 0.90, calibrated to 0.03 (notes 13)."""
    told = run(str(GETALLMART), *LAST, "--out", str(tmp_path / "targets.parquet"))
    assert (told["mode"], told["n"], told["profit_all"], told["profit_none"]) == ("response", 2240, -3046, 0)
    assert told["base_rate"] == pytest.approx(334 / 2240)
    assert told["break_even"] == pytest.approx(3 / 11)
    assert told["profit"] >= 1250
    assert told["profit_low"] < told["profit"] < told["profit_high"] < 2672
    assert told["auc"] >= 0.90
    assert told["calibration_error"] <= 0.03
    assert told["qini"] is None
    assert told["policy"] is None
    assert any("Z_CostContact is the same" in w for w in told["warnings"])
    assert any(w.startswith("201 customers equal another one") for w in told["warnings"])
    assert any("not incremental profit" in w for w in told["warnings"])
    written = pq.read_table(tmp_path / "targets.parquet")
    assert written.column_names == ["customer", "score", "decision"]
    assert written.num_rows == 2240


def test_a_randomised_campaign_is_judged_by_effect(tmp_path: Path) -> None:
    """Hillstrom, women's mail against none: the order is found, and at 4 cents a visit not everybody is contacted."""
    table = pyarrow.csv.read_csv(HILLSTROM)
    two = table.filter(np.isin(table["segment"].to_pylist(), ["No E-Mail", "Womens E-Mail"]))
    pq.write_table(two, tmp_path / "two.parquet")
    costs = ["--contact-cost", "0.04", "--revenue", "1", "--arm", "segment", "--control", "No E-Mail", "--exclude", "conversion,spend"]
    told = run(str(tmp_path / "two.parquet"), "--customer", "row_id", "--outcome", "visit", *costs)
    assert told["mode"] == "uplift"
    assert told["auc"] is None
    assert told["qini_low"] > 0
    assert told["policy"]["gain_low"] > 0
    assert told["policy"]["value_all"] - told["policy"]["value_none"] == pytest.approx(0.0483 - 0.04, abs=0.002)
    assert 0 < told["contacts"] < told["n"] == 21319
    assert told["profit_low"] > 0
