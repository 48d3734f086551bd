"""`netlift review cases` and `show`: what they print, as text and as JSON, of labelled campaigns and of a plan prepared from tables."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

from tests import shop
from tests.review.conftest import labelled
from tests.test_cli import Netlift, netlift

__all__ = ["netlift"]  # the fixture

BLOCKED = next(c for c in labelled("shared_cases") if c["id"] == "S01")
PASSING = next(c for c in labelled("shared_cases") if c["id"] == "S10")


def _file(folder: Path, *cases: dict[str, Any] | str) -> Path:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(c if isinstance(c, str) else json.dumps(c) for c in cases), encoding="utf-8")
    return file


def test_cases_as_json(netlift: Netlift, tmp_path: Path) -> None:
    """A line a campaign, with exactly these fields; contributions add up to the log-odds of the score."""
    ran = netlift("review", "cases", _file(tmp_path, BLOCKED, PASSING), "--json")
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert (ran.code, first["id"], first["verdict"], second["verdict"], second["fix"]) == (0, "S01", "block", "pass", None)
    assert list(first) == list(second) == ["id", "verdict", "reason_codes", "evidence", "score", "contributions", "fix"]
    assert {tuple(e) for e in first["evidence"]} == {("code", "where", "text")}
    assert set(BLOCKED["expected"]["reason_codes"]) <= set(first["reason_codes"])
    assert first["score"] == round(100 / (1 + math.exp(-math.fsum(first["contributions"].values()))), 2)


def test_cases_as_text(netlift: Netlift, tmp_path: Path) -> None:
    """Verdict and codes first, then each finding with its place, then the fix."""
    out = netlift("review", "cases", _file(tmp_path, BLOCKED, PASSING)).out
    assert out.startswith("S01: block, score ")
    assert "\n  block SENSITIVE_INFERRED at audience." in out
    assert "  Cheapest fix: " in out
    assert "\nS10: pass, score " in out


def test_a_broken_line_is_a_sentence_and_the_others_are_judged(netlift: Netlift, tmp_path: Path) -> None:
    """Number and reason of the line; exit code 1; nothing else is lost, and no trace of the code is shown."""
    file = _file(tmp_path, "{broken", BLOCKED, '{"id": "x"}', PASSING)
    for arguments in ((file,), (file, "--json")):
        ran = netlift("review", "cases", *arguments)
        assert (ran.code, "Line 1: This is not JSON" in ran.out, "S01" in ran.out, "S10" in ran.out) == (1, True, True, True)
        assert "Line 3: The part 'audience' is missing; expected a JSON object." in ran.out
        assert "Traceback" not in ran.out + ran.err
    missing = netlift("review", "cases", tmp_path / "none.jsonl")
    assert (missing.code, "cannot be read" in missing.err) == (1, True)


def _shop(folder: Path) -> Path:
    """The shop with an age of each customer, a filter on the date of birth, and a message that knows too much."""
    config = shop.write(folder)
    with (folder / "customers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("customer_id", "born", "visits"), *((f"{i:04d}", "2011-05-01", i % 7) for i in range(shop.CUSTOMERS))])
    text = config.read_text(encoding="utf-8")
    text += '\n[tables.customers]\npath = "customers.csv"\nwhere = "born >= \'2010-01-01\' AND visits BETWEEN 0 AND 9"\n'
    text = text.replace('subject = "{{ name }}, spring is here"', 'subject = "For your pregnancy"')
    config.write_text(text, encoding="utf-8")
    return config


def test_a_plans_own_conditions_and_copy_are_judged(netlift: Netlift, tmp_path: Path) -> None:
    """The filter of a table is a condition like any other; verdict, reasons, score and fix are shown as text and as JSON."""
    prepared = netlift("prepare", _shop(tmp_path / "shop"), "--json").json()["review"]
    minors = [f for f in prepared["findings"] if f["code"] == "MINORS"]
    assert [(f["severity"], f["where"], f["evidence"]) for f in minors] == [
        ("block", "tables.customers.where[0].value:0-10", "2010-01-01"),
    ]
    plan = netlift("review", "show", "1", "--json").json()
    assert plan["verdict"] == "block"
    assert plan["score"] == round(100 / (1 + math.exp(-math.fsum(plan["contributions"].values()))), 2)
    assert plan["remedy"]["people_before"] == plan["counts"]["contacted"]
    assert plan["remedy"]["verdict"] == "pass"
    text = netlift("review", "show", "1").out
    assert "Policy: block, risk score " in text
    assert "1. MESSAGE_REVEALS_TRAIT at messages." in text or "1. MINORS at tables." in text
    assert "Cheapest fix: " in text
    assert "The score's log-odds: " in text
