"""The files of a run: whole or not at all, and nothing lost in them."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from netlift.engine import Engine
from netlift.records import Audience, TableInput, Tables
from netlift.store.set_hash import SetHash
from netlift.workflow import outputs
from netlift.workflow.approval import audience_hash, hash_part


def audience() -> Audience:
    return Audience(
        np.array(["01", "2", "3"], dtype=object),
        np.array([1, 2, 2]),
        np.array(["a", None, "b"], dtype=object),
        np.array(["email", None, "email"], dtype=object),
        np.array(["treated", None, "holdout"], dtype=object),
        np.array([1.5, np.nan, -2.0]),
        np.array([None, "no consent for email", None], dtype=object),
    )


def test_audience_comes_back_as_it_was(tmp_path: Path) -> None:
    """Ids stay text, absent texts stay absent, and the counts add up to everybody."""
    outputs.write_audience(audience(), tmp_path / "a.parquet")
    again = outputs.read_audience(tmp_path / "a.parquet")
    assert again.customer_ids.tolist() == ["01", "2", "3"]
    assert again.offer.tolist() == ["a", None, "b"]
    np.testing.assert_array_equal(again.expected_profit, audience().expected_profit)
    assert again.counts() == {"contacted": 1, "holdout": 1, "no consent for email": 1}
    assert pq.read_table(tmp_path / "a.parquet")["expected_profit"].null_count == 1


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_audience_in_parts_hashes_to_the_same(tmp_path: Path, order: list[int], size: int) -> None:
    """However the file is sorted and in whatever parts it is read, it has the hash that was approved."""
    turned = Audience(*(getattr(audience(), field.name)[order] for field in dataclasses.fields(Audience)))
    outputs.write_audience(turned, tmp_path / "a.parquet")
    found, ids = SetHash(), list[str]()
    for part in outputs.audience_parts(tmp_path / "a.parquet", size):
        assert len(part.customer_ids) <= size
        ids += part.customer_ids.tolist()
        hash_part(part, found)
    assert ids == turned.customer_ids.tolist()
    assert found.hexdigest() == audience_hash(audience())


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    """An error in the middle leaves the old folder untouched and no half-written one beside it."""
    folder = tmp_path / "run"
    with outputs.whole_or_nothing(folder) as work:
        (work / "run.json").write_text("old")
    with pytest.raises(OSError, match="disk full"), outputs.whole_or_nothing(folder) as work:
        (work / "run.json").write_text("new")
        raise OSError("disk full")
    assert (folder / "run.json").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_second_write_replaces_the_folder_as_a_whole(tmp_path: Path) -> None:
    """Files of an earlier run do not survive beside those of a later one."""
    for name in ("first", "second"):
        with outputs.whole_or_nothing(tmp_path / "run") as work:
            (work / name).touch()
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["second"]


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    """JSON knows no NaN: a figure that could not be had is null."""
    outputs.write_json({"a": float("nan"), "b": np.float64("inf"), 3: np.int64(4), "p": tmp_path}, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": None, "3": 4, "p": str(tmp_path)}


def test_quarantine_has_a_file_for_each_table_with_rejected_rows(tmp_path: Path) -> None:
    """Rejected rows are written with line, column, reason and text; a clean table gets no file."""
    given = Tables((TableInput("customers", "x", 3, 1, 2, 0, "", {}), TableInput("products", "x", 1, 1, 0, 0, "", {})))
    with Engine() as engine:
        engine.execute("CREATE TABLE quarantine (table_name TEXT, line BIGINT, column_name TEXT, reason TEXT, row_text TEXT)")
        engine.execute(
            "INSERT INTO quarantine VALUES ('customers', 9, 'age', 'no number', '9,x'), ('customers', 2, 'age', 'no number', '2,y')"
        )
        outputs.write_quarantine(engine, given, tmp_path / "quarantine")
    assert [p.name for p in (tmp_path / "quarantine").iterdir()] == ["customers.csv"]
    assert pyarrow.csv.read_csv(tmp_path / "quarantine" / "customers.csv")["line"].to_pylist() == [2, 9]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＋", "－", "＠"])
def test_quarantine_holds_no_formula(tmp_path: Path, start: str) -> None:
    """A spreadsheet would run a cell that begins like this; a quote before it makes it text."""
    evil = f"{start}HYPERLINK(1),x"
    with Engine() as engine:
        engine.execute("CREATE TABLE quarantine (table_name TEXT, line BIGINT, column_name TEXT, reason TEXT, row_text TEXT)")
        engine.execute(
            "INSERT INTO quarantine VALUES ('customers', 2, ?, 'no number', ?), ('customers', 3, NULL, 'x', 'a=1')", [evil, evil]
        )
        outputs.write_quarantine(engine, Tables((TableInput("customers", "x", 2, 0, 2, 0, "", {}),)), tmp_path / "quarantine")
    with (tmp_path / "quarantine" / "customers.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert rows == [["2", f"'{evil}", "no number", f"'{evil}"], ["3", "", "x", "a=1"]]


def test_a_run_s_folder_is_private(tmp_path: Path) -> None:
    """Whatever the umask, nobody else on the machine may look into a run, wherever it is."""
    before = os.umask(0)
    try:
        with outputs.whole_or_nothing(tmp_path / "new" / "run") as work:
            (work / "file").write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "run").stat().st_mode & 0o777 == 0o700
