"""Arms from a file: repeatable, recorded, apart in a layer, and never moved by a second run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from netlift.errors import InputError, NotEnoughData, Refused, SourceError
from netlift.store import audit, open_store, people, vault
from netlift.workflow.experiment_assign import ExperimentArms, experiment_assign, facts
from tests.experiments.test_draw import by_hand

HALVES = {"a": 0.5, "b": 0.5}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("ID;town;visits\n" + "".join(f"{n:03};{'xyz'[n % 3]};{n % 2}\n" for n in range(600)))
    return path


def assigned(file: Path, experiment: str = "spring", **given: Any) -> ExperimentArms:
    return experiment_assign(file, customer="ID", experiment=experiment, **{"arms": HALVES, **given})


def test_the_arms_are_those_of_the_hash(file: Path) -> None:
    """With the store's salt, md5 in Python gives every customer the arm that was written; ids stay texts."""
    out = file.with_name("arms.parquet")
    made = assigned(file, arms={"a": 0.3, "b": 0.5}, holdout=0.1, out=out)
    ids = [f"{n:03}" for n in range(600)]
    u = by_hand(ids, f"{vault.salt()}:spring:")
    expected = np.select([u < 0.1, u < 0.4, u < 0.9], ["holdout", "a", "b"], "")
    table = pq.read_table(out)
    assert table.column_names == ["customer", "arm", "reason", "stratum"]
    assert table["customer"].to_pylist() == ids
    assert [arm or "" for arm in table["arm"].to_pylist()] == expected.tolist()
    assert set(table["reason"].to_pylist()) == {None, "not in the experiment"}
    assert made.counts == {name: int(np.sum(expected == name)) for name in ("holdout", "a", "b")}
    assert made.sentence.startswith("Experiment 'spring': holdout ")
    assert facts(made)["balance"][0]["mismatch"] is False


def test_assigning_again_changes_nothing(file: Path) -> None:
    """The same plan gives the same arms, also in a smaller file, and says that it was there; another plan is refused."""
    first = assigned(file)
    again = assigned(file)
    assert (first.again, again.again) == (False, True)
    assert first.arm.tolist() == again.arm.tolist()
    some = file.with_name("some.csv")
    some.write_text("ID\n" + "".join(f"{n:03}\n" for n in range(0, 600, 7)))
    assert assigned(some).arm.tolist() == first.arm[::7].tolist()
    for other in ({"arms": {"b": 0.5, "a": 0.5}}, {"arms": {"a": 0.6, "b": 0.4}}, {"layer": "mail"}, {"stratify": ["town"]}):
        with pytest.raises(InputError, match="'spring' was assigned before with"):
            assigned(file, **other)


def test_a_name_is_the_same_however_it_is_typed(file: Path) -> None:
    """An accent written as its own character is the same experiment, not a second one with other arms."""
    assert assigned(file, "printemps d\u00e9but\u00e9").arm.tolist() == assigned(file, "printemps de\u0301bute\u0301").arm.tolist()
    assert len({act["experiment"] for act in audit.acts("experiment assign")}) == 1


def test_experiments_of_a_layer_never_share_a_customer(file: Path) -> None:
    """Two experiments of .4 are apart, a third does not fit and leaves nothing behind; each keeps its interval."""
    one = assigned(file, "one", arms={"a": 0.2, "b": 0.2}, layer="mail")
    two = assigned(file, "two", arms={"a": 0.2, "b": 0.2}, layer="mail")
    assert (one.interval, two.interval) == ((0.0, 0.4), (0.4, 0.8))
    inside = [{i for i, arm in zip(e.customer_ids, e.arm, strict=True) if arm is not None} for e in (one, two)]
    assert not inside[0] & inside[1]
    with pytest.raises(InputError, match=r"layer 'mail' has a share of 0.2 left, and 'three' takes 0.4"):
        assigned(file, "three", arms={"a": 0.2, "b": 0.2}, layer="mail")
    assert assigned(file, "four", arms={"a": 0.1, "b": 0.1}, layer="mail").interval == (0.8, 1.0)
    assert assigned(file, "one", arms={"a": 0.2, "b": 0.2}, layer="mail").arm.tolist() == one.arm.tolist()


def test_the_universal_control_is_kept_and_grows(file: Path) -> None:
    """Once put in force it holds for the next experiment too; a larger one keeps its members; the trail tells who and when."""
    small = assigned(file, "one", universal_holdout=0.1)
    next_one = assigned(file, "two")
    large = assigned(file, "three", universal_holdout=0.3)

    def members(made: ExperimentArms) -> set[str]:
        return {i for i, reason in zip(made.customer_ids, made.reason, strict=True) if reason == "universal control"}

    assert members(small) == members(next_one) < members(large)
    assert small.excluded == {"universal control": len(members(small))}
    assert [act["share"] for act in audit.acts("universal holdout")] == ["0.1", "0.3"]
    with pytest.raises(InputError, match=r"in force is 0.3 and 0.2 is asked for; it can only grow"):
        assigned(file, "four", universal_holdout=0.2)
    assert audit.verify().whole
    assert audit.acts("experiment assign")[1]["universal_holdout"] == "0.1"


def test_strata_are_even_and_their_file_stands(file: Path) -> None:
    """In each of six strata halves differ by one at most; with other customers the experiment is refused."""
    made = assigned(file, stratify=["town", "visits"])
    assert [b.stratum for b in made.balance[1:]] == ["x | 0", "x | 1", "y | 0", "y | 1", "z | 0", "z | 1"]
    assert all(abs(b.counts["a"] - b.counts["b"]) <= 1 for b in made.balance[1:])
    assert assigned(file, stratify=["town", "visits"]).arm.tolist() == made.arm.tolist()
    file.write_text(file.read_text() + "700;x;1\n")
    with pytest.raises(InputError, match="strata move people when customers are added"):
        assigned(file, stratify=["town", "visits"])


def test_missing_values_are_a_stratum(file: Path) -> None:
    """Customers without a value are even among themselves."""
    file.write_text(file.read_text() + "".join(f"m{n:02};;\n" for n in range(40)))
    made = assigned(file, stratify=["town", "visits"])
    (missing,) = [b for b in made.balance if b.stratum == "missing | missing"]
    assert missing.counts == {"a": 20, "b": 20}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"experiment": "a:b"}, "without ':'"),
        ({"experiment": "run 3"}, "netlift's own"),
        ({"arms": {"a": 0.7, "b": 0.7}}, "add up to 1.4"),
        ({"arms": {"a": 1.0, "b": 0.0}}, "'b' has the share 0"),
        ({"layer": "a:b"}, "The layer is named 'a:b'"),
        ({"universal_holdout": 1.0}, "The universal holdout is 1"),
        ({"stratify": ["city"]}, "There is no column 'city' in 'people.csv'; its columns are town, visits"),
        ({"stratify": ["ID2"]}, "There is no column 'ID2'"),
    ],
)
def test_slips_are_named(file: Path, given: dict[str, Any], says: str) -> None:
    """Names, shares and columns that cannot be, one sentence each; nothing is recorded."""
    with pytest.raises(InputError, match=says):
        experiment_assign(file, customer="ID", **{"experiment": "e", "arms": HALVES, **given})
    open_store()
    assert audit.acts("experiment assign") == []


def test_bad_files_are_named(file: Path) -> None:
    """A customer twice, no such id column, strata too fine, an arm that stays empty, a folder that is not there."""
    with pytest.raises(InputError, match="There is no column 'Id'"):
        experiment_assign(file, customer="Id", experiment="e", arms=HALVES)
    with pytest.raises(NotEnoughData, match="'b' with the share 1e-06 got none of"):
        assigned(file, arms={"a": 0.9, "b": 1e-6})
    with pytest.raises(InputError, match="there is no folder"):
        assigned(file, out=file.with_name("no") / "arms.csv")
    file.write_text(file.read_text() + "003;x;1\n")
    with pytest.raises(SourceError, match="1 row repeats a customer_id"):
        assigned(file)
    file.write_text("ID;note\n" + "".join(f"{n};note {n}\n" for n in range(50)))
    with pytest.raises(InputError, match="make 50 strata of 50 customers"):
        assigned(file, stratify=["note"])


def test_a_file_that_cannot_be_written_leaves_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of the experiment is undone with its file."""

    def full(*_: object) -> None:
        raise InputError("--out cannot be written")

    monkeypatch.setattr("netlift.workflow.experiment_assign.outputs.write_table", full)
    with pytest.raises(InputError, match="cannot be written"):
        assigned(file, out=file.with_name("arms.parquet"))
    assert audit.acts("experiment assign") == []


def test_only_authors_and_analysts_assign(file: Path) -> None:
    """A reviewer is refused."""
    open_store()
    people.add("rita", "reviewer")
    with pytest.raises(Refused, match="rita may not assign an experiment"):
        assigned(file, actor="rita")


def test_a_csv_holds_no_formula(file: Path) -> None:
    """An id that a spreadsheet would run has a quote before it; customers in no arm have an empty cell."""
    file.write_text(file.read_text() + "=1+1;x;0\n")
    out = file.with_name("arms.csv")
    assigned(file, arms={"a": 0.4, "b": 0.4}, stratify=["town"], out=out)
    text = pa.csv.ConvertOptions(column_types={"customer": pa.string()}, strings_can_be_null=True, quoted_strings_can_be_null=False)
    table = pa.csv.read_csv(out, convert_options=text)
    assert "'=1+1" in table["customer"].to_pylist()
    assert set(table["arm"].to_pylist()) == {"a", "b", None}


def test_a_layer_and_an_arm_are_the_same_however_they_are_typed(file: Path) -> None:
    """A decomposed accent names the same layer, whose experiments share nobody, and the same arm, which may be assigned again."""
    plain, apart = "caf\u00e9", "cafe\u0301"
    first = assigned(file, "one", arms={plain: 0.2, "y": 0.1}, layer=apart)
    second = assigned(file, "two", arms={"x": 0.2, "y": 0.1}, layer=plain)
    both = [a is not None and b is not None for a, b in zip(first.arm, second.arm, strict=True)]
    assert not any(both)
    assert assigned(file, "one", arms={apart: 0.2, "y": 0.1}, layer=plain).arm.tolist() == first.arm.tolist()


def test_strata_stand_when_the_universal_holdout_grows(file: Path) -> None:
    """With strata the experiment is refused then, because people would change arms; without, its members leave and it is told."""
    assigned(file, "strata", stratify=["town"])
    first = assigned(file, "plain")
    assigned(file, "other", universal_holdout=0.1)
    with pytest.raises(InputError, match="was assigned by strata to other customers before"):
        assigned(file, "strata", stratify=["town"])
    again = assigned(file, "plain")
    stayed = [(a, b) for a, b in zip(first.arm, again.arm, strict=True) if b is not None]
    assert all(a == b for a, b in stayed)
    assert again.warnings == ("The universal holdout grew from 0 to 0.1 since this experiment began: its new members left their arms.",)


def test_the_customers_file_is_not_overwritten(file: Path) -> None:
    """--out on the input is refused, and the input stays as it was."""
    before = file.read_text()
    with pytest.raises(InputError, match="is the file of the customers and would be replaced"):
        assigned(file, out=file)
    assert file.read_text() == before
