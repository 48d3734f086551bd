"""netlift experiment analyse: real experiments, what a slip gets, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from netlift import cli
from netlift.errors import InputError, NetliftError
from netlift.workflow.analyse import analyse, facts


def command(file: Path, *options: str) -> Any:
    result = CliRunner().invoke(cli.app, ["experiment", "analyse", str(file), *options, "--json"])
    assert result.exit_code == 0, result.exception or result.output
    return json.loads(result.stdout)


def rows(n: int = 400, seed: int = 1) -> list[dict[str, Any]]:
    """A row per customer of two equal arms; the treated spend 3 more."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(2, 10, n).round(2)
    arm = ["a" if i % 2 else "b" for i in range(n)]
    return [
        {"id": f"{i:04}", "arm": arm[i], "spend": float(spend[i]) + 3 * (arm[i] == "a"), "bought": i % 3 // 2, "before": float(i % 7)}
        for i in range(n)
    ]


def write(path: Path, told: list[dict[str, Any]], delimiter: str = ",") -> Path:
    lines = [delimiter.join(told[0]), *(delimiter.join(str(value) for value in row.values()) for row in told)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_file_without_ids_is_read(tmp_path: Path) -> None:
    """Rows are customers; the delimiter is found by the column of the arm; a column named customer_id is only a column."""
    told = [{"customer_id": "x", **row} for row in rows()]
    found = command(
        write(tmp_path / "x.csv", told, ";"), "--arm", "arm", "--control", "b", "--metric", "spend", "--metric", "bought=proportion"
    )
    spend = {arm: [r["spend"] for r in told if r["arm"] == arm] for arm in ("a", "b")}
    one = found["results"][0]
    assert (one["n"], one["n_control"]) == (200, 200)
    assert one["mean"] == pytest.approx(np.mean(spend["a"]))
    assert one["difference"] == pytest.approx(np.mean(spend["a"]) - np.mean(spend["b"]))
    assert one["relative_lift"] == pytest.approx(np.mean(spend["a"]) / np.mean(spend["b"]) - 1)
    assert set(found) == {"results", "sample_ratio", "crossed", "segments", "warnings"}
    assert one["reason"] is None
    assert one["method"] == "welch"


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    """One experiment in two kinds of file has one answer, but for the order in which threads add."""
    told = rows()
    pq.write_table(pa.Table.from_pylist(told), tmp_path / "x.parquet")
    asked = ["--arm", "arm", "--control", "b", "--metric", "spend", "--covariate", "before", "--customer", "id"]
    first, second = command(write(tmp_path / "x.csv", told), *asked), command(tmp_path / "x.parquet", *asked)
    (one,), (other,) = first.pop("results"), second.pop("results")
    assert first == second
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert other[key] == (pytest.approx(value, rel=1e-9) if isinstance(value, float | dict) else value), key


def test_rows_of_a_customer_are_added_up(tmp_path: Path) -> None:
    """Orders: the unit of the ratio is the customer who was drawn, so splitting every order in two changes nothing but the words."""
    told = [{**row, "orders": 1 + int(row["before"])} for row in rows()]
    halves = [{**row, "spend": row["spend"] / 2, "orders": row["orders"] / 2} for row in told for _ in range(2)]
    asked = {
        "arm": "arm",
        "control": "b",
        "metrics": ["spend=ratio:orders", "spend", "bought=proportion"],
        "customer": "id",
        "covariate": "before",
    }
    whole = facts(analyse(write(tmp_path / "one.csv", told), **asked))  # type: ignore[arg-type]
    split = facts(analyse(write(tmp_path / "two.csv", halves), **asked))  # type: ignore[arg-type]
    for one, other in zip(whole["results"], split["results"], strict=True):
        assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-9)
        assert one["n"] == other["n"] == 200
    assert split["warnings"][0] == "800 rows of 400 customers were added up to one row each."
    assert not whole["warnings"]


def test_customers_in_two_arms_are_in_neither(tmp_path: Path) -> None:
    """3 of 400 are counted and left out of both; 5 are more than 1 % and block every effect."""
    asked = ["--arm", "arm", "--control", "b", "--metric", "spend", "--customer", "id"]
    told = rows()
    twice = [{**row, "arm": "a" if row["arm"] == "b" else "b"} for row in told]
    few = command(write(tmp_path / "few.csv", told + twice[:3]), *asked)
    assert few["crossed"] == {"customers": 3, "share": 3 / 400}
    assert few["results"][0]["n"] + few["results"][0]["n_control"] == 397
    assert few["results"][0]["difference"] is not None
    many = command(write(tmp_path / "many.csv", told + twice[:5]), *asked)
    assert many["results"][0]["difference"] is None
    assert "5 of 400 customers (1.2%) are in two arms" in many["results"][0]["reason"]


def test_another_split_than_planned_blocks(tmp_path: Path) -> None:
    """1 : 3 instead of halves: no effect and the advice; with the planned shares given there is one."""
    told = [row for i, row in enumerate(rows(800)) if row["arm"] == "a" or i % 3 == 0]
    file = write(tmp_path / "x.csv", told)
    asked = ["--arm", "arm", "--control", "b", "--metric", "spend"]
    blocked = command(file, *asked)
    assert not blocked["sample_ratio"]["ok"]
    assert blocked["results"][0]["difference"] is None
    assert "if other shares were planned, give them" in blocked["warnings"][0]
    assert command(file, *asked, "--share", "a=0.75", "--share", "b=0.25")["results"][0]["difference"] is not None


def test_segments_and_the_table_for_people(tmp_path: Path) -> None:
    """Each segment has a row; the terminal shows the arms' sizes and the method."""
    told = [{**row, "town": "Ulm" if i % 4 < 2 else "Bonn"} for i, row in enumerate(rows())]
    asked = ["--arm", "arm", "--control", "b", "--metric", "spend", "--segment", "town"]
    file = write(tmp_path / "x.csv", told)
    found = command(file, *asked)
    assert [s["segment"] for s in found["segments"]] == ["Bonn", "Ulm"]
    assert {"difference", "p_value", "p_adjusted", "shrunk"} <= set(found["segments"][0])
    assert found["results"][0]["post_stratified"]["difference"] == pytest.approx(found["results"][0]["difference"], abs=1)
    shown = CliRunner().invoke(cli.app, ["experiment", "analyse", str(file), *asked])
    assert "Sizes of the arms: as planned" in shown.output
    assert "By segment" in shown.output


def test_a_small_holdout_is_compared_by_permutation(tmp_path: Path) -> None:
    """100 held out of 1,000 with rare big baskets: the values are fetched, and p and both intervals agree."""
    rng = np.random.default_rng(5)
    spend = np.where(rng.random(1000) < 0.2, rng.lognormal(3, 1.5, 1000), 0).round(2)
    told = [{"arm": "held" if i < 100 else "mail", "spend": float(spend[i]), "town": f"t{i % 2}"} for i in range(1000)]
    found = command(
        write(tmp_path / "x.csv", told),
        "--arm",
        "arm",
        "--control",
        "held",
        "--metric",
        "spend",
        "--share",
        "held=0.1",
        "--share",
        "mail=0.9",
    )
    one = found["results"][0]
    assert one["method"] == "permutation"
    assert one["significant"] == (one["low"] > 0 or one["high"] < 0) == (one["relative_low"] > 0 or one["relative_high"] < 0)
    assert "compared by permutation" in found["warnings"][0]


def test_results_read_early_are_always_valid(tmp_path: Path) -> None:
    """By flag, or before the planned size, and refunds are ordinary values."""
    told = [{**row, "spend": row["spend"] - 5} for row in rows()]
    file = write(tmp_path / "x.csv", told)
    asked = ["--arm", "arm", "--control", "b", "--metric", "spend"]
    for more in (["--always-valid"], ["--planned", "1000"]):
        assert command(file, *asked, *more)["results"][0]["method"] == "welch, confidence_sequence"
    assert command(file, *asked, "--planned", "400")["results"][0]["method"] == "welch"


ASKED: dict[str, Any] = {"arm": "arm", "control": "b", "metrics": ["spend"]}


@pytest.mark.parametrize(
    ("change", "asked", "says"),
    [
        ({}, {"arm": "group"}, "There is no column 'group' in 'x.csv'; its columns are id, arm, spend, bought, before"),
        ({}, {"metrics": ["spent"]}, "There is no column 'spent' in 'x.csv'"),
        ({}, {"metrics": []}, "No metric is given"),
        ({}, {"metrics": ["spend=median"]}, "The metric 'spend=median' is not of the form"),
        ({}, {"metrics": ["spend", "spend=mean"]}, "The metric 'spend' is asked for 2 times"),
        ({}, {"control": "c"}, "The control 'c' is not among the arms 'a', 'b'"),
        ({"arm": "b"}, {}, "All customers are in the arm 'b'"),
        ({"arm": ""}, {}, "1 of 400 rows have no value in 'arm'"),
        ({"spend": ""}, {}, "1 of 400 rows have no value in 'spend'; write 0 where a customer bought nothing"),
        ({"spend": "NaN"}, {}, "The column 'spend' is no number in 1 of 400 rows"),
        ({"spend": "much"}, {}, "The column 'spend' is no number in 1 of 400 rows"),
        ({"bought": 2}, {"metrics": ["bought=proportion"]}, "The proportion 'bought' must be 0 or 1 for each customer and has 1 values"),
        ({"before": -1}, {"metrics": ["spend=ratio:before"]}, "The denominator 'before' of 'spend/before' is below 0 in 1 rows"),
        ({}, {"covariate": "spend"}, "The covariate 'spend' is a metric too"),
        ({}, {"segment": "arm"}, "The column 'arm' is given as arm and as segment"),
        ({}, {"shares": {"a": 0.5, "c": 0.5}}, "The arms in the data are 'a', 'b' and shares are given for 'a', 'c'"),
        ({}, {"shares": {"a": 0.5, "b": 0}}, "The planned share of 'b' is 0; it must be a number above 0"),
        ({}, {"planned": 1}, "The planned size is 1 customers"),
    ],
)
def test_slips_get_one_sentence(tmp_path: Path, change: dict[str, Any], asked: dict[str, Any], says: str) -> None:
    """What was found, what was expected, what to do."""
    told = rows()
    told = [{**row, **change} for row in told] if change.get("arm") == "b" else [{**told[0], **change}, *told[1:]]
    with pytest.raises(InputError, match=says.replace("(", r"\(")) as raised:
        analyse(write(tmp_path / "x.csv", told), **{**ASKED, **asked})
    assert "\n" not in str(raised.value)


def test_a_customer_with_two_segments_is_a_slip(tmp_path: Path) -> None:
    """What is known before the experiment is one value for each customer."""
    told = rows()
    with pytest.raises(InputError, match="1 customers have several values of 'before'"):
        analyse(write(tmp_path / "x.csv", [*told, {**told[0], "before": 99}]), **ASKED, customer="id", covariate="before")
    with pytest.raises(NetliftError, match="An arm is given as 'a'; write NAME=SHARE"):
        cli.experiment.shares(["a"])


@pytest.mark.parametrize(
    ("spend", "says"),
    [
        (7, "all customers of both arms have the same value"),
        (0, "has a value of 'spend' other than 0"),
    ],
)
def test_what_cannot_be_estimated_is_a_result_with_its_reason(tmp_path: Path, spend: float, says: str) -> None:
    """The command succeeds, the effect is null, and the reason is among the warnings."""
    told = [{**row, "spend": spend} for row in rows()]
    found = command(write(tmp_path / "x.csv", told), "--arm", "arm", "--control", "b", "--metric", "spend")
    assert found["results"][0]["difference"] is None
    assert says in found["results"][0]["reason"]
    assert says in found["warnings"][0]


def test_one_customer_is_no_arm(tmp_path: Path) -> None:
    """An arm of one customer: with its planned share given, the reason is the size."""
    told = [row for row in rows() if row["arm"] == "a"][:9] + [row for row in rows() if row["arm"] == "b"][:1]
    shares = ["--share", "a=0.9", "--share", "b=0.1"]
    found = command(write(tmp_path / "x.csv", told), "--arm", "arm", "--control", "b", "--metric", "spend", *shares)
    assert "the control arm has 1 customer and needs 2 or more" in found["results"][0]["reason"]


def test_all_customers_planned_are_counted_together(tmp_path: Path) -> None:
    """Three arms of 200: with 600 planned the test is over and read once, with 601 it is read always validly, segments too."""
    told = [{**row, "arm": "abc"[i % 3]} for i, row in enumerate(rows(600))]
    file = write(tmp_path / "x.csv", told)
    asked: dict[str, Any] = {"arm": "arm", "control": "b", "metrics": ["spend"], "segment": "before"}
    over, early = (analyse(file, **asked, planned=n).analysis for n in (600, 601))
    assert {one.method for one in over.results} == {s.comparison.method for s in over.segments} == {"welch"}
    assert {one.method for one in early.results} == {"welch, confidence_sequence"}


def test_over_segments_an_early_reading_is_always_valid_too(tmp_path: Path) -> None:
    """The effect over segments has the wider interval of the confidence sequence."""
    file = write(tmp_path / "x.csv", rows(600))
    asked: dict[str, Any] = {"arm": "arm", "control": "b", "metrics": ["spend"], "segment": "bought"}
    once, always = (analyse(file, **asked, always_valid=early).analysis.post_stratified["spend", "a"] for early in (False, True))
    assert once["difference"] == pytest.approx(always["difference"])
    assert always["high"] - always["low"] > 1.3 * (once["high"] - once["low"])


@pytest.mark.parametrize(("factor", "says"), [(1e110, "which cannot be computed with"), (1e-110, "which cannot be computed with")])
def test_amounts_out_of_reach_are_told(tmp_path: Path, factor: float, says: str) -> None:
    """Third powers of such amounts overflow or vanish: no figure, and what to do."""
    file = write(tmp_path / "x.csv", [{**row, "spend": row["spend"] * factor} for row in rows()])
    (one,) = analyse(file, arm="arm", control="b", metrics=["spend"]).analysis.results
    assert one.difference is None
    assert says in (one.reason or "")


@pytest.mark.parametrize("share", [float("inf"), float("nan"), 0.0])
def test_a_share_that_is_no_share_is_told(tmp_path: Path, share: float) -> None:
    """Infinite, missing and zero shares are named."""
    with pytest.raises(InputError, match=r"The planned share of 'a' is .*; it must be a number above 0"):
        analyse(write(tmp_path / "x.csv", rows()), arm="arm", control="b", metrics=["spend"], shares={"a": share, "b": 0.5})


def test_decimal_commas_are_numbers(tmp_path: Path) -> None:
    """A file of a European spreadsheet, with semicolons and commas, gives the figures of the same file with points."""
    told = rows()
    point = write(tmp_path / "point.csv", told, ";")
    comma = tmp_path / "comma.csv"
    comma.write_text(point.read_text(encoding="utf-8").replace(".", ","), encoding="utf-8")
    (first,), (second,) = (analyse(file, arm="arm", control="b", metrics=["spend"]).analysis.results for file in (point, comma))
    assert second.n == first.n
    assert second.difference == pytest.approx(first.difference)
    assert second.p_value == pytest.approx(first.p_value)
