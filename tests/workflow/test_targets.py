"""netlift targets: what a slip gets, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from netlift import cli
from netlift.errors import InputError, SourceError
from netlift.workflow.targets import targets

ROWS = "".join(f"{n};{n % 7};{'a' if n % 3 else 'b'};{int(n % 5 == 0)}\n" for n in range(400))
COSTS: Any = {"contact_cost": 1, "revenue": 4}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("ID;visits;town;answered\n" + ROWS)
    return path


def test_the_delimiter_is_the_one_that_shows_the_customers(file: Path, tmp_path: Path) -> None:
    """Semicolons need no setting; everybody is scored and written as CSV by the name of the file."""
    out = tmp_path / "out.csv"
    asked = ["targets", str(file), "--customer", "ID", "--outcome", "answered", "--contact-cost", "1", "--revenue", "4", "--out", str(out)]
    result = CliRunner().invoke(cli.app, asked)
    assert result.exit_code == 0, result.output
    assert "Whoever answers with more than 25.0 % probability" in result.output
    assert "people after those contacted bring" in result.output
    assert "If the best were contacted" in result.output
    told = json.loads(CliRunner().invoke(cli.app, [*asked, "--json"]).stdout)["what_if"]
    assert [depth["contacts"] for depth in told["curve"]] == list(range(20, 401, 20))
    assert told["costs"][0]["contact_cost"] == 1
    written = pyarrow.csv.read_csv(out)
    assert written.column_names == ["customer", "score", "decision"]
    assert written.num_rows == 400


def test_the_csv_holds_no_formula(file: Path, tmp_path: Path) -> None:
    """An id that a spreadsheet would run gets a quote, and that is said; numbers with a sign, and ids in Parquet, stay."""
    file.write_text("ID;visits;town;answered\n" + ROWS + "=HYPERLINK(1);1;a;0\n+49;1;a;0\n-7;1;a;0\n@x;1;a;1\n")
    asked = ["targets", str(file), "--customer", "ID", "--outcome", "answered", "--contact-cost", "1", "--revenue", "4", "--out"]
    result = CliRunner().invoke(cli.app, [*asked, str(tmp_path / "out.csv")])
    assert "Mind: 2 ids or arms begin like a spreadsheet's formula" in result.output
    text = pyarrow.csv.ConvertOptions(column_types={"customer": pyarrow.string()})
    ids = set(pyarrow.csv.read_csv(tmp_path / "out.csv", convert_options=text)["customer"].to_pylist())
    assert {"'=HYPERLINK(1)", "+49", "-7", "'@x", "12"} <= ids
    assert CliRunner().invoke(cli.app, [*asked, str(tmp_path / "out.parquet")]).exit_code == 0
    assert {"=HYPERLINK(1)", "@x"} <= set(pyarrow.parquet.read_table(tmp_path / "out.parquet")["customer"].to_pylist())


@pytest.mark.parametrize(
    ("customer", "outcome", "sentence"),
    [
        ("Id", "answered", "There is no column 'Id' in 'people.csv'; its columns are ID, visits, town, answered"),
        ("answered", "answered", "'answered' is the customers' id"),
        ("ID", "answer", "There is no column 'answer' in the table; its columns are visits, town, answered"),
    ],
)
def test_wrong_columns_are_named(file: Path, customer: str, outcome: str, sentence: str) -> None:
    """A slip in a name shows the names there are."""
    with pytest.raises(InputError, match=sentence):
        targets(file, customer=customer, outcome=outcome, **COSTS)


def test_a_missing_file_and_a_bad_place_are_said(file: Path, tmp_path: Path) -> None:
    """One sentence each."""
    with pytest.raises(SourceError, match="There is no file"):
        targets(tmp_path / "none.csv", customer="ID", outcome="y", **COSTS)
    asked = ["targets", str(file), "--customer", "ID", "--outcome", "answered", "--contact-cost", "1", "--revenue", "4"]
    result = CliRunner().invoke(cli.app, [*asked, "--out", str(tmp_path / "no" / "x.csv")])
    assert isinstance(result.exception, InputError)
    assert "cannot be written" in str(result.exception)
