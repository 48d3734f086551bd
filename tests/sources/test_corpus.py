"""More than sixty malformed and odd files: each has the outcome stated for it, no row is lost, and memory stays under a gigabyte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT

from .corpus import CASES, GIGABYTE, Case


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own made of all cases."""
    folder = tmp_path_factory.mktemp("corpus")
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-m", "tests.sources.corpus", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_there_are_many_and_none_has_the_name_of_another() -> None:
    """At least sixty cases."""
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_outcome(found: dict[str, Any], case: Case) -> None:
    """The rows, the refused lines and their reasons, or the sentence that refuses the file, are those stated."""
    outcome = found["outcomes"][case.name]
    if case.refused:
        assert case.refused in outcome.get("refused", outcome)
        return
    assert outcome.get("refused") is None
    assert outcome["rows"] == case.rows
    assert [tuple(row) for row in outcome["quarantined"]] == list(case.quarantined)
    assert case.noted in "\n".join(outcome["findings"])


def test_no_row_is_lost(found: dict[str, Any]) -> None:
    """Rows in = rows ok + quarantined + left out, and these are the rows in the engine and in quarantine."""
    for case in CASES:
        outcome = found["outcomes"][case.name]
        if not case.refused:
            rows_in, rows_ok, quarantined, left_out = outcome["counts"]
            assert (rows_ok, quarantined, left_out) == (len(outcome["rows"]), len(outcome["quarantined"]), case.left_out), case.name
            assert rows_in == rows_ok + quarantined + left_out, case.name


def test_memory_stays_under_a_gigabyte(found: dict[str, Any]) -> None:
    """All of it, a line of a gigabyte and an archive bomb included."""
    assert found["peak"] < GIGABYTE
