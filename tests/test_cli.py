"""The command line: every command is there, mistakes get one sentence and the right exit code, --json is JSON."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import connections

from netlift import cli
from tests import shop


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Netlift = Callable[..., Ran]


@pytest.fixture
def netlift(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Netlift:
    """The command as the shell runs it, in this process."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["netlift", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            raise SystemExit(0)
        told = capsys.readouterr()
        return Ran(int(ended.value.code or 0), told.out, told.err)

    return run


def test_the_module_is_the_command() -> None:
    """`python -m netlift.cli` does what `netlift` does."""
    ran = subprocess.run([sys.executable, "-m", "netlift.cli", "--version"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()[0], ran.stderr) == (0, "netlift", "")


def test_the_committee_by_command_line(netlift: Netlift, tmp_path: Path, both_databases: str) -> None:
    """prepare, submit, two votes and a dry run by command; the author's own vote is refused with exit code 3."""
    config = shop.write(tmp_path / "shop")
    prepared = netlift("prepare", config, "--out", tmp_path / "run", "--json").json()
    assert (prepared["run_id"], prepared["review"]["verdict"] in {"pass", "review"}) == ("1", True)
    assert netlift("review", "list", "--json").json()[0]["state"] == "draft"
    for name, role in (("ann", "reviewer"), ("ben", "privacy")):
        assert netlift("user", "add", name, "--role", role).code == 0
    early = netlift("review", "approve", 1, "--as", "ann")
    assert (early.code, early.err) == (3, "Run 1 cannot be voted on: it is draft, and must be in review.\n")
    assert netlift("review", "submit", 1, "--json").json()["state"] == "in_review"
    own = netlift("review", "approve", 1)
    assert own.code == 3
    assert netlift("launch", 1).code == 3
    assert netlift("review", "approve", 1, "--as", "ann", "--reason", "seen", "--json").json()["approvals"] == 1
    assert netlift("review", "approve", 1, "--as", "ann").code == 3
    assert netlift("review", "approve", 1, "--as", "ben", "--reason", "seen", "--json").json()["state"] == "approved"
    dry = netlift("launch", 1, "--dry-run", "--json").json()
    assert dry["dry_run"]
    assert netlift("deliveries", 1, "--json").json() == {"counts": {}, "rows": []}
    unreachable = netlift("launch", 1)
    assert unreachable.code == 1
    assert "127.0.0.1:2525" in unreachable.err
    shown = netlift("review", "show", 1)
    assert shown.code == 0
    assert "spring is here" in shown.out
    assert netlift("review", "stop", 1, "--as", "ben", "--json").json()["state"] == "draft"
    assert netlift("audit", "verify", "--json").json()["whole"]


def test_reject_and_request_changes_need_a_reason(netlift: Netlift, tmp_path: Path) -> None:
    """A plan is not turned down without words."""
    netlift("prepare", shop.write(tmp_path / "shop"))
    netlift("user", "add", "ann", "--role", "reviewer")
    netlift("review", "submit", 1)
    assert netlift("review", "reject", 1, "--as", "ann").code == 1
    assert (
        netlift("review", "request-changes", 1, "--as", "ann", "--reason", "smaller, please", "--json").json()["state"]
        == "changes_requested"
    )


def test_measure_gives_estimates_and_a_sentence(netlift: Netlift, tmp_path: Path) -> None:
    """`measure --json` has the keys that machines rely on."""
    measured = netlift("measure", shop.write(tmp_path / "shop"), "--json").json()
    keys = "scope estimator evidence lift low high incremental_sales incremental_profit customers comparison warnings"
    ends = "incremental_low incremental_high profit_low profit_high return_on_spend return_low return_high"
    assert {*keys.split(), *ends.split()} == set(measured["estimates"][0])
    assert measured["sentence"]
    assert netlift("measure", tmp_path / "shop" / "netlift.toml").code == 0


def test_assign_tells_drift_and_writes_the_customers(netlift: Netlift, tmp_path: Path) -> None:
    """`assign` by the model of run 1: sizes, moves and stability for machines and for people."""
    config = shop.write(tmp_path / "shop")
    netlift("prepare", config)
    told = netlift("assign", 1, config, "--out", tmp_path / "now.parquet", "--json").json()
    assert told["customers"] == sum(told["drift"]["sizes_now"].values())
    assert told["drift"].keys() == {"stability", "sizes_then", "sizes_now", "movement", "moves", "came", "went"}
    assert (tmp_path / "now.parquet").exists()
    shown = netlift("assign", 1, config)
    assert "New customers: 0. Gone: 0." in shown.out
    assert netlift("assign", 2, config).code == 1


def test_check_tells_rows_and_findings_and_writes_nothing(netlift: Netlift, tmp_path: Path) -> None:
    """`check` counts every row and leaves no store."""
    config = shop.write(tmp_path / "shop")
    with (tmp_path / "shop" / "sales.csv").open("a", encoding="utf-8") as file:
        file.write("0001,2026-01-05T10:00:00,twelve\n")
    health = netlift("check", config, "--json").json()
    sales = health["inputs"][0]
    assert sales["rows_quarantined"] == 1
    assert sales["rows_in"] == sales["rows_ok"] + 1
    assert health["quarantine"][0]["table"] == "transactions"
    assert netlift("check", config).code == 0
    assert not (tmp_path / "netlift").exists()


def test_init_writes_an_example_once(netlift: Netlift, tmp_path: Path) -> None:
    """`init` writes netlift.toml and never over one that is there."""
    assert netlift("init", tmp_path / "new").code == 0
    assert (tmp_path / "new" / "netlift.toml").exists()
    again = netlift("init", tmp_path / "new")
    assert (again.code, "is there already" in again.err) == (1, True)


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


HEADER = "customer_id,bought_at,paid"
WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "wrong delimiter": (lambda text: text.replace(",", ";"), "delimiter"),
    "wrong column name": (replaced("paid", "price"), "paid"),
    "unclosed quote": (replaced("0000,", '"0000,'), "quote"),
    "dates in another format": (lambda text: text.replace("2026-", "26/"), "date"),
    "empty table": (lambda _text: HEADER + "\n", "no rows"),
    "empty file": (lambda _text: "", "empty"),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_wrong_input_gets_one_sentence(netlift: Netlift, tmp_path: Path, what: str) -> None:
    """Each mistake in a file ends with exit code 1, one sentence that names it, and nothing half-written."""
    change, told = WRONG[what]
    config = shop.write(tmp_path / "shop")
    sales = tmp_path / "shop" / "sales.csv"
    sales.write_text(change(sales.read_text()), encoding="utf-8")
    refused(netlift("prepare", config, "--out", tmp_path / "run"), tmp_path, told)


def test_latin_1_bytes_get_one_sentence(netlift: Netlift, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named, with the setting that would read them."""
    config = shop.write(tmp_path / "shop")
    contacts = tmp_path / "shop" / "contacts.csv"
    contacts.write_bytes(contacts.read_text().replace("Customer", "Käufer").encode("latin-1"))
    refused(netlift("prepare", config, "--out", tmp_path / "run"), tmp_path, "encoding")


def test_a_missing_file_gets_one_sentence(netlift: Netlift, tmp_path: Path) -> None:
    """A path that is not there is named."""
    config = shop.write(tmp_path / "shop")
    (tmp_path / "shop" / "sales.csv").unlink()
    refused(netlift("prepare", config, "--out", tmp_path / "run"), tmp_path, "sales.csv")


def test_negative_amounts_get_one_sentence(netlift: Netlift, tmp_path: Path) -> None:
    """A negative amount is not silently a sale: the sentence names the setting that keeps it as a return."""
    config = shop.write(tmp_path / "shop")
    with (tmp_path / "shop" / "sales.csv").open("a", encoding="utf-8") as file:
        file.write("0001,2026-01-05T10:00:00,-5.00\n")
    refused(netlift("prepare", config, "--out", tmp_path / "run"), tmp_path, 'returns = "keep"')


def test_a_torn_archive_gets_one_sentence(netlift: Netlift, tmp_path: Path) -> None:
    """A gzip file that ends too early is named."""
    config = shop.write(tmp_path / "shop")
    whole = gzip.compress((tmp_path / "shop" / "sales.csv").read_bytes())
    (tmp_path / "shop" / "sales.csv.gz").write_bytes(whole[: len(whole) // 2])
    config.write_text(config.read_text().replace('"sales.csv"', '"sales.csv.gz"'))
    refused(netlift("prepare", config, "--out", tmp_path / "run"), tmp_path, "sales.csv.gz")


def refused(ran: Ran, folder: Path, told: str) -> None:
    """Exit code 1, one sentence after the progress lines, no trace, no folder."""
    sentence = [line for line in ran.err.splitlines() if not line.endswith("…")]
    assert ran.code == 1
    assert len(sentence) == 1
    assert told in sentence[0]
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert not (folder / "run").exists()
    assert list((folder / "netlift" / "runs").glob("*")) == []


def test_errors_are_json_for_machines(netlift: Netlift, tmp_path: Path) -> None:
    """With --json an error is JSON too, with its kind."""
    ran = netlift("check", tmp_path / "none.toml", "--json")
    assert (ran.code, ran.json()["kind"]) == (1, "SettingsError")


def test_usage_errors_have_exit_code_2(netlift: Netlift) -> None:
    """An unknown option is a matter of usage."""
    assert netlift("prepare", "--nothing").code == 2


def test_an_unknown_run_and_an_unknown_user_are_named(netlift: Netlift) -> None:
    """A number that is no run and a name that is nobody's get a sentence."""
    assert "no run '77'" in netlift("review", "show", 77).err
    assert "no user 'nobody'" in netlift("review", "submit", 1, "--as", "nobody").err


def test_a_folder_with_other_files_is_not_written_over(netlift: Netlift, tmp_path: Path) -> None:
    """--out never replaces a folder that is not netlift's."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "letter.txt").write_text("keep me")
    (tmp_path / "precious" / "run.json").write_text("{}")  # it looks like one of ours, and holds more
    ran = netlift("prepare", shop.write(tmp_path / "shop"), "--out", tmp_path / "precious")
    assert (ran.code, (tmp_path / "precious" / "letter.txt").read_text()) == (1, "keep me")
    assert "'letter.txt', which is not netlift's" in ran.err


def test_a_full_disk_or_a_held_store_is_one_sentence(netlift: Netlift, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the system refuses in the middle of a command becomes a sentence, not a traceback."""
    folder = tmp_path / "netlift"
    netlift("review", "list")
    with sqlite3.connect(folder / "netlift.sqlite3") as held:
        held.execute("BEGIN EXCLUSIVE")
        monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "timeout", 0.1)
        connections.close_all()
        ran = netlift("user", "add", "mia", "--role", "reviewer")
    connections.close_all()
    assert ran.code == 1
    assert ran.err == "The disk or the store does not let netlift go on (database is locked); mend that and run the command again.\n"


def test_check_prints_the_register_and_the_lines_to_paste(netlift: Netlift, tmp_path: Path) -> None:
    """Every column of every table has a purpose or a line to paste; what is pasted and filled in passes."""
    (tmp_path / "c.csv").write_text("customer_id,Income,Visits\n" + "".join(f"{i},{i},{i % 7}\n" for i in range(60)))
    config = tmp_path / "netlift.toml"
    config.write_text('[project]\nname = "S"\ncurrency = "USD"\n[tables.customers]\npath = "c.csv"\n')
    told = netlift("check", config, "--json").json()
    assert [(c["column"], c["standing"]) for c in told["register"]] == [
        ("customer_id", "canonical"),
        ("Income", "not registered"),
        ("Visits", "not registered"),
    ]
    assert told["register_lines"] in netlift("check", config).out
    with config.open("a", encoding="utf-8") as file:
        file.write(told["register_lines"].replace('purpose = "…"', 'purpose = "offers"'))
    again = netlift("check", config, "--json").json()
    assert again["register_lines"] == ""
    assert {c["standing"] for c in again["register"]} == {"canonical", "registered"}
