"""The commands of experiments: sentences for people, JSON for machines, slips in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netlift import cli
from netlift.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("ID,town,spend\n" + "".join(f"{n},{'xy'[n % 2]},{n % 11 if n % 3 == 0 else 0}\n" for n in range(400)))
    return path


def ran(*arguments: object) -> Any:
    result = CliRunner().invoke(cli.app, ["experiment", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_power_tells_customers_for_an_effect() -> None:
    """One point on 5 % takes 8,158 customers an arm; the keys that machines read are there."""
    asked = ("power", "--metric", "proportion", "--baseline", 0.05, "--effect", 0.01, "--weekly", 4000)
    assert "8,158 customers and 8,158 in the control" in ran(*asked).output
    told = json.loads(ran(*asked, "--json").stdout)
    assert (told["n_per_arm"], told["total"], told["weeks"]) == (8158, 16_316, 5)
    assert told["power"] == pytest.approx(0.8, abs=1e-4)
    assert told["mde"] == pytest.approx(0.01, abs=1e-5)


def test_power_tells_power_and_smallest_effect_of_customers(file: Path) -> None:
    """Customers with an effect give the power, alone the smallest effect; a file gives mean and spread."""
    asked = ("power", "--metric", "mean", "--baseline", 0, "--sd", 1, "--customers", 1572, "--json")
    assert json.loads(ran(*asked, "--effect", 0.2).stdout)["power"] == pytest.approx(0.977, abs=0.001)
    assert json.loads(ran(*asked).stdout)["mde"] == pytest.approx(0.1414, abs=0.001)
    assert (
        json.loads(ran("power", "--metric", "mean", "--from", file, "--column", "spend", "--effect", "20%", "--json").stdout)["total"] > 100
    )


def test_assign_writes_the_arms(file: Path) -> None:
    """Counts, strata and the file; as JSON without a customer's id."""
    out = file.with_name("arms.csv")
    asked = (
        "assign",
        file,
        "--customer",
        "ID",
        "--experiment",
        "e",
        "--arm",
        "a=.5",
        "--arm",
        "b=.3",
        "--holdout",
        0.2,
        "--stratify",
        "town",
    )
    shown = ran(*asked, "--universal-holdout", 0.1, "--out", out).output
    assert "Experiment 'e': holdout" in shown
    assert "universal control" in shown
    assert "would be found" in shown
    assert len(out.read_text().splitlines()) == 401
    told = json.loads(ran(*asked, "--out", out, "--json").stdout)
    assert told["shares"] == {"holdout": 0.2, "a": 0.5, "b": 0.3}
    assert told["again"] is True
    assert "customer_ids" not in told


def test_replay_and_holdout_tell_their_figures(file: Path) -> None:
    """False alarms with their interval; the share that pays most with its curve."""
    asked = ("replay", file, "--customer", "ID", "--metric", "spend", "--arm", "a=.5", "--holdout", 0.5, "--draws", 500)
    assert "a against holdout (200 and 200 customers)" in ran(*asked).output
    (told,) = json.loads(ran(*asked, "--json").stdout)["arms"]
    assert told["low"] <= told["false_alarms"] <= told["high"]
    worth = ("holdout", "--customers", 100_000, "--horizon", 500_000, "--profit", 0.2, "--uncertainty", 0.3, "--sd", 15)
    assert "Holding out 14.5" in ran(*worth).output
    assert json.loads(ran(*worth, "--json").stdout)["best"]["share"] == pytest.approx(0.145, abs=0.005)
    assert "No holdout pays" in ran(*worth[:3], "--horizon", 10, "--profit", 5, "--uncertainty", 0.3, "--sd", 15).output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("power", "--metric", "mean", "--effect", 1), "The baseline is missing"),
        (("power", "--metric", "mean", "--baseline", 1, "--effect", 1, "--sd", -2), "standard deviation is -2"),
        (("power", "--metric", "mean", "--baseline", 1, "--effect", 0, "--sd", 2), "effect is 0"),
        (("power", "--metric", "mean", "--baseline", 1, "--effect", 1, "--sd", 2, "--icc", 3), "intraclass correlation is 3"),
        (("power", "--metric", "mean", "--baseline", 1, "--effect", 1, "--sd", 2, "--correction", "none"), "The correction is 'none'"),
        (("power", "--metric", "mean", "--from", "x.csv", "--effect", 1), "--from FILE needs --column"),
        (("assign", "x.csv", "--customer", "a", "--experiment", "e", "--arm", "half", "--out", "y.csv"), "An arm is given as 'half'"),
        (("assign", "x.csv", "--customer", "a", "--experiment", "e", "--arm", "a=x", "--out", "y.csv"), "An arm is given as 'a=x'"),
        (
            ("assign", "x.csv", "--customer", "a", "--experiment", "e", "--arm", "a=.1", "--arm", "a=.2", "--out", "y.csv"),
            "'a' is given twice",
        ),
    ],
)
def test_slips_are_one_sentence(arguments: tuple[object, ...], says: str) -> None:
    """What is wrong stands in the message."""
    with pytest.raises(InputError, match=says):
        ran(*arguments)
