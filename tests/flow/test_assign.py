"""Next month: the model of a run gives everybody a segment, and says what changed."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import netlift as nl
from netlift.cli import app
from netlift.errors import InputError, NotFound, Refused, SettingsError
from netlift.segments import structure
from netlift.store import audit, open_store, people, store_folder
from netlift.workflow.prepare import Prepared, prepare
from tests import shop


@pytest.fixture
def config(tmp_path: Path) -> Path:
    written = shop.write(tmp_path / "shop")
    written.write_text(written.read_text(encoding="utf-8").replace("k = [2, 4]", "k = [3, 3]"), encoding="utf-8")
    return written


@pytest.fixture
def run(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    open_store()
    return prepare(config, out=tmp_path / "run")


def test_the_data_of_the_run_give_the_customers_of_the_run(run: Prepared, config: Path, tmp_path: Path) -> None:
    """To the bit: segment, place, score and reason; nobody moved and nothing drifted; the audit trail tells of it."""
    found = nl.assign(run.run_id, config, out=tmp_path / "now.parquet")
    assert pq.read_table(tmp_path / "now.parquet") == pq.read_table(run.folder / "customers.parquet") == found.customers
    assert found.drift.sizes_now == found.drift.sizes_then
    assert found.drift.moves == ()
    assert max(found.drift.stability.values()) == pytest.approx(0, abs=1e-9)
    assert (found.drift.came, found.drift.went) == (0, 0)
    assert audit.events(int(run.run_id), "assign")[0][1]["customers"] == len(found.customers)


def test_other_money_is_refused_and_another_clock_told(run: Prepared, config: Path) -> None:
    """Amounts in USD are not those of a model in EUR; an earlier day and another time zone are remarks."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('currency = "EUR"', 'currency = "USD"'), encoding="utf-8")
    with pytest.raises(InputError, match=rf"Run {run.run_id} counts in EUR and this netlift.toml in USD.*convert them to EUR"):
        nl.assign(run.run_id, config)
    config.write_text(text.replace("Europe/Berlin", "Asia/Tokyo").replace("2026-05-01", "2026-04-01"), encoding="utf-8")
    earlier, clock = nl.assign(run.run_id, config).remarks
    assert earlier.startswith(f"The customers are as of 2026-04-01, before 2026-05-01 of run {run.run_id}")
    assert "Europe/Berlin and this netlift.toml in Asia/Tokyo" in clock


def test_newcomers_change_nobody_else(run: Prepared, config: Path, tmp_path: Path) -> None:
    """A giant joins: he gets a segment and a reason, and all the others stay as they were to the bit."""
    with (tmp_path / "shop" / "sales.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"giant,2026-03-{day:02d}T10:00:00,99999.00\n" for day in range(1, 29))
    found = nl.assign(run.run_id, config)
    before = {row["customer_id"]: row for row in pq.read_table(run.folder / "customers.parquet").to_pylist()}
    now = {row["customer_id"]: row for row in found.customers.to_pylist()}
    giant = now.pop("giant")
    assert now == before
    assert giant["segment"] in {1, 2, 3}
    assert giant["anomaly_score"] > 0.99
    assert "higher than" in giant["anomaly_reason"]
    assert (found.drift.came, found.drift.went) == (1, 0)


def test_why_a_customer_is_in_his_segment(run: Prepared, config: Path, tmp_path: Path) -> None:
    """The facts of one customer add up to the decision for his segment, the same by Python and on the command line; a stranger has none."""
    customer = pq.read_table(run.folder / "customers.parquet")["customer_id"][0].as_py()
    found = nl.assign(run.run_id, config, why=customer)
    rows = {row["customer_id"]: row["segment"] for row in found.customers.to_pylist()}
    assert found.why is not None
    assert found.why.segment == rows[customer] != found.why.rather_than
    assert found.why.total >= 0
    told = CliRunner().invoke(app, ["assign", run.run_id, str(config), "--why", customer])
    assert f"Why segment {found.why.segment} rather than {found.why.rather_than}" in told.output
    assert all(fact.feature in told.output for fact in found.why.facts)
    with pytest.raises(NotFound, match="There is no customer with the id asked about in these tables"):
        nl.assign(run.run_id, config, why="nobody")


def test_a_model_that_was_changed_or_lost_is_not_used(run: Prepared, config: Path) -> None:
    """One sentence each, and nothing is read from the file."""
    file = store_folder() / "runs" / run.run_id / "model.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Refused, match="was kept with its run: it was changed and is not used"):
        nl.assign(run.run_id, config)
    file.unlink()
    with pytest.raises(NotFound, match=r"The model of run 1 is not at '.*model.npz' \(No such file or directory\); prepare the run again"):
        nl.assign(run.run_id, config)
    with pytest.raises(NotFound, match="no run '7'"):
        nl.assign("7", config)


def test_tables_that_lack_what_the_model_needs_are_named(run: Prepared, tmp_path: Path) -> None:
    """A table of customers knows nothing of gaps between purchases."""
    (tmp_path / "wide.csv").write_text("customer_id,age\na,30\nb,40\n", encoding="utf-8")
    wide = tmp_path / "wide.toml"
    wide.write_text('[project]\nname = "w"\ncurrency = "EUR"\n[tables.customers]\npath = "wide.csv"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"The model of run 1 needs the features recency, frequency, .*which these tables do not give"):
        nl.assign(run.run_id, wide)


def test_not_everybody_may_see_customers_and_not_every_path_can_be_written(run: Prepared, config: Path, tmp_path: Path) -> None:
    """A reviewer is refused; a folder that is not there is said, and no file is left behind."""
    people.add("ann", "reviewer")
    with pytest.raises(Refused, match="ann may not assign customers"):
        nl.assign(run.run_id, config, actor="ann")
    with pytest.raises(SettingsError, match="cannot be written: No such file"):
        nl.assign(run.run_id, config, out=tmp_path / "missing" / "now.parquet")
