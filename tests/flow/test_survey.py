"""Whom to ask, from a prepared run: only who may be asked, best first, with weights that stand for everybody."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import netlift as nl
from netlift.cli import app
from netlift.errors import NotEnoughData, NotFound, Refused, SettingsError
from netlift.segments import structure
from netlift.store import audit, open_store, people, store_folder, vault
from netlift.workflow import outputs
from netlift.workflow.prepare import Prepared, prepare
from netlift.workflow.survey import said
from tests import shop


@pytest.fixture
def config(tmp_path: Path) -> Path:
    written = shop.write(tmp_path / "shop")
    written.write_text(written.read_text(encoding="utf-8").replace("k = [2, 4]", "k = [3, 3]"), encoding="utf-8")
    return written


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    open_store()
    return prepare(config)


def test_who_may_be_asked_is_asked_and_nobody_else(run: Prepared, config: Path, tmp_path: Path) -> None:
    """Nobody without consent, held out, or who objected since; the file has whom, why and for how many each stands."""
    audience = outputs.read_audience(run.folder / "audience.parquet")
    free = {
        c for c, a, r in zip(audience.customer_ids, audience.arm, audience.excluded_reason, strict=True) if r is None and a != "holdout"
    }
    found = nl.survey(run.run_id, budget=40, out=tmp_path / "ask.csv")
    as_text = pyarrow.csv.ConvertOptions(column_types={"customer_id": "string"})
    written = pyarrow.csv.read_csv(tmp_path / "ask.csv", convert_options=as_text)
    assert written["customer_id"].to_pylist() == found.customer_ids.tolist()
    assert len(set(found.customer_ids)) == 40
    assert not {c for c in found.customer_ids if c.endswith("9")}
    assert free & set(found.customer_ids)
    assert not {c for c, a in zip(audience.customer_ids, audience.arm, strict=True) if a == "holdout"} & set(found.customer_ids)
    assert sum(written["weight"].to_pylist()) == pytest.approx(found.may_be_asked)
    assert found.may_be_asked + sum(found.left_out.values()) == len(audience.customer_ids)
    assert audit.events(int(run.run_id), "survey")[0][1] == {"invitations": 40, "may_be_asked": found.may_be_asked}
    assert nl.survey(config, budget=40).customer_ids.tolist() == found.customer_ids.tolist()


def test_what_the_survey_says_of_all_customers(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In survey.json, on the command line and in the report; a run without a survey says what is missing."""
    monkeypatch.setattr(structure, "COPIES", 19)
    with (tmp_path / "shop" / "survey.csv").open("w", encoding="utf-8") as file:
        file.write("customer_id,question,answer\n")
        file.writelines(f"{i:04d},Would you come back?,{'yes' if i % 3 else 'no'}\n" for i in range(120))
        file.writelines(f"{i:04d},Do you like <b>?,{'seldom' if i < 3 else 'often'}\n" for i in range(40))
    silent = prepare(config)
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[tables.survey]\npath = "survey.csv"\n')
    run = prepare(config)
    told = json.loads((run.folder / "survey.json").read_text(encoding="utf-8"))
    bought = [int(c) for c in pq.read_table(run.folder / "customers.parquet")["customer_id"].to_pylist()]  # before the date
    back, like = [i for i in bought if i < 120], [i for i in bought if i < 40]
    assert [(o["question"], o["answer"], o["customers"], o["answered"]) for o in told] == [
        ("Would you come back?", "no", sum(i % 3 == 0 for i in back), len(back)),
        ("Would you come back?", "yes", sum(i % 3 > 0 for i in back), len(back)),
        ("Do you like <b>?", "often", sum(i >= 3 for i in like), len(like)),
        ("Do you like <b>?", "seldom", sum(i < 3 for i in like), len(like)),
    ]
    assert all(o["low"] < o["weighted"] < o["high"] for o in told)
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "Do you like &lt;b&gt;?" in page
    assert "fewer than 11" in page
    shown = CliRunner().invoke(app, ["survey", run.run_id])
    assert "Would you come back?" in shown.output
    assert json.loads(CliRunner().invoke(app, ["survey", run.run_id, "--json"]).output) == told
    with pytest.raises(NotEnoughData, match="Run 1 knows no question that 30 customers answered; add the table survey and prepare again"):
        said(silent.run_id)
    people.add("rita", "reviewer")
    with pytest.raises(Refused, match="rita may not read what a survey says"):
        said(run.run_id, actor="rita")
    with pytest.raises(SettingsError, match="--out is of those who are asked; give --budget N as well"):
        CliRunner().invoke(app, ["survey", run.run_id, "--out", "x.csv"], catch_exceptions=False)


def test_who_objected_since_is_not_asked(run: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """An objection after the run counts."""
    first = nl.survey(run.run_id, budget=40).customer_ids[0]
    monkeypatch.setattr(vault, "suppressed", lambda: frozenset({first}))
    again = nl.survey(run.run_id, budget=40)
    assert first not in again.customer_ids
    assert again.left_out["suppressed"] == 1


def test_customers_know_how_sure_they_are(run: Prepared) -> None:
    """customers.parquet has the probability of each customer's own segment."""
    sure = pq.read_table(run.folder / "customers.parquet")["membership"].to_numpy()
    assert ((sure > 0) & (sure <= 1)).all()
    assert np.median(sure) > 0.9


def test_mistakes_are_one_sentence(run: Prepared, config: Path, tmp_path: Path) -> None:
    """Too many invitations, no such run, settings changed since, a run that knows no profits, a reviewer who asks."""
    with pytest.raises(SettingsError, match=r"budget is 400 invitations, and \d+ customers can be asked"):
        nl.survey(run.run_id, budget=400)
    with pytest.raises(NotFound, match="no run '9'"):
        nl.survey("9", budget=40)
    with pytest.raises(SettingsError, match=r"--out '.*' cannot be written: No such file or directory"):
        nl.survey(run.run_id, budget=40, out=tmp_path / "no" / "ask.csv")
    people.add("rita", "reviewer")
    with pytest.raises(Refused, match="rita may not choose whom a survey asks"):
        nl.survey(run.run_id, budget=40, actor="rita")
    (store_folder() / "runs" / run.run_id / "asking.parquet").unlink()
    with pytest.raises(NotEnoughData, match="Run 1 does not know what an answer is worth"):
        nl.survey(run.run_id, budget=40)
    config.write_text(config.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    with pytest.raises(NotFound, match=r"No run was prepared from .* as it is now"):
        nl.survey(config, budget=40)
    assert json.loads((run.folder / "run.json").read_text())["run_id"] == run.run_id
