"""A killed `prepare` leaves nothing that the next one could stumble over, and two at once do not disturb each other."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests import shop

COMMAND = (sys.executable, "-m", "netlift.cli", "prepare")
RESULTS = ("customers.parquet", "audience.parquet")
OF_THE_STORE = ("arm", "excluded_reason")  # who is held out is drawn with the store's own key


def begun(config: Path, data: Path, out: Path) -> subprocess.Popen[str]:
    """A prepare in a process of its own, with its store and landing area in `data`."""
    environment = {**os.environ, "NETLIFT_DATA_DIR": str(data)}
    command = [*COMMAND, str(config), "--out", str(out)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return shop.write(tmp_path / "shop")


def same(one: Path, two: Path) -> None:
    """Every customer's figures, segment and offer are the same."""
    for name in RESULTS:
        tables = (pq.read_table(folder / name) for folder in (one, two))
        first, second = (t.drop_columns([c for c in t.column_names if c in OF_THE_STORE]) for t in tables)
        assert first.equals(second), name


def test_as_if_never_killed(config: Path, tmp_path: Path) -> None:
    """After kills at moments all over the run, a run gives what one gives that was never killed, and no working file stays."""
    begin = time.monotonic()
    ended(begun(config, tmp_path / "calm", tmp_path / "expected"))
    seconds = time.monotonic() - begin
    chance = random.Random(6)
    for share in np.linspace(0.1, 0.95, 6):
        process = begun(config, tmp_path / "killed", tmp_path / "found")
        time.sleep(seconds * (share + chance.uniform(-0.05, 0.05)))
        process.kill()
        process.communicate()
    ended(begun(config, tmp_path / "killed", tmp_path / "found"))
    same(tmp_path / "expected", tmp_path / "found")
    assert not [p for p in tmp_path.glob("killed/landing/**/.*") if p.name not in {".lock", ".reading"}]
    assert not [p for p in (tmp_path / "found").parent.iterdir() if p.name.startswith(".")]


def test_two_at_once(config: Path, tmp_path: Path) -> None:
    """Of two runs on the same landing area at the same time each gives what one alone gives, or is told to wait for the other."""
    ended(begun(config, tmp_path / "calm", tmp_path / "expected"))
    both = {name: begun(config, tmp_path / "shared", tmp_path / name) for name in ("one", "two")}
    said = {name: process.communicate(timeout=120)[0] for name, process in both.items()}
    done = [name for name, process in both.items() if process.returncode == 0]
    assert done
    for name in done:
        same(tmp_path / "expected", tmp_path / name)
    for name in both.keys() - set(done):
        assert "Another process of netlift fetches the table" in said[name]
        assert "Traceback" not in said[name]
