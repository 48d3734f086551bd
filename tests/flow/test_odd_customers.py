"""Odd tables of customers through the public command: one sentence or a stated rule each, and no row is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from netlift.cli import app
from netlift.errors import NetliftError
from netlift.segments import structure

RNG = np.random.default_rng(2)


def table(n: int, row: Callable[[int], tuple[object, ...]], header: str = "customer_id,a,b,c") -> str:
    return f"{header}\n" + "".join(",".join(map(str, row(i))) + "\n" for i in range(n))


def drawn() -> str:
    return f"{RNG.normal():.4f}"


def project(folder: Path, customers: str, segments: str) -> Path:
    (folder / "customers.csv").write_text(customers, encoding="utf-8")
    config = folder / "netlift.toml"
    config.write_text(
        '[project]\nname = "odd"\ncurrency = "EUR"\ntime_zone = "UTC"\n[tables.customers]\npath = "customers.csv"\n'
        f'[segments]\nalgorithms = ["kmeans"]\n{segments}\n',
        encoding="utf-8",
    )
    return config


@pytest.mark.parametrize(
    ("customers", "segments", "said"),
    [
        (
            table(60, lambda i: (i, drawn(), drawn(), drawn())),
            "k = [8, 10]",
            "Customers: 60 found, and 80 are needed for 8 segments; add 20 more",
        ),
        (table(1, lambda i: (i, 1, 2, 3)), "", "Customers: 1 found, and 50 are needed for 2 segments; add 49 more"),
        (table(90, lambda i: (i, 5, 6, 7)), "", "No input feature differs between customers"),
        (
            table(90, lambda i: (i // 2, drawn(), drawn(), drawn())),
            "",
            r"45 rows repeat a customer_id that an earlier row has \(first in line 3: the same as in line 2\)",
        ),
    ],
    ids=["fewer than segments", "one", "all alike", "duplicates"],
)
def test_what_cannot_be_segmented_is_refused_in_one_sentence(customers: str, segments: str, said: str, tmp_path: Path) -> None:
    """What was found, what is needed, what to do; and no run is left behind that looks prepared."""
    result = CliRunner().invoke(app, ["prepare", str(project(tmp_path, customers, segments)), "--out", str(tmp_path / "out")])
    with pytest.raises(NetliftError, match=said):
        raise result.exception  # type: ignore[misc]
    assert not (tmp_path / "out" / "segments.json").exists()


@pytest.mark.parametrize(
    ("row", "said", "quarantined"),
    [
        (lambda i: (i, 5, drawn(), drawn()), "a is the same (5) for every customer and was left out", 0),
        (lambda i: (i, "", drawn(), drawn()), "a is missing in 90 of 90 rows (100 %)", 0),
        (lambda i: (i, "inf" if i == 7 else drawn(), drawn(), drawn()), "a stays text, because 1 of its 90 values are no numbers", 0),
        (lambda i: ("" if i < 3 else i, drawn(), drawn(), drawn()), "3 rows are refused and in quarantine", 3),
    ],
    ids=["constant", "all missing", "infinite", "no id"],
)
def test_what_can_be_left_out_is_left_out_and_told(
    row: Callable[[int], tuple[object, ...]], said: str, quarantined: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is prepared, the terminal tells the rule, and rows in = rows read + rows in quarantine."""
    monkeypatch.setattr(structure, "COPIES", 3)
    result = CliRunner().invoke(app, ["prepare", str(project(tmp_path, table(90, row), "")), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert said in result.output
    (read,) = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["inputs"]
    assert (read["rows_ok"], read["rows_quarantined"]) == (90 - quarantined, quarantined)


def test_a_column_that_was_left_out_is_not_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments are not made from what most customers lack, however sensitive its name."""
    monkeypatch.setattr(structure, "COPIES", 3)
    config = project(tmp_path, table(90, lambda i: (i, drawn(), drawn(), 5 if i < 9 else ""), "customer_id,a,b,health_score"), "")
    result = CliRunner().invoke(app, ["prepare", str(config), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "Segments were made from health_score" not in result.output
    registered = "".join(f'{name} = {{ purpose = "choosing offers" }}\n' for name in ("a", "b", "health_score"))
    whole = table(90, lambda i: (i, drawn(), drawn(), drawn()), "customer_id,a,b,health_score")
    config = project(tmp_path, whole, f"[tables.customers.registered]\n{registered}")
    assert "Segments were made from health_score" in CliRunner().invoke(app, ["prepare", str(config)]).output
