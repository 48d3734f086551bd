"""The plan replayed over a file of the past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlift.errors import InputError
from netlift.workflow.experiment_replay import experiment_replay, sentence


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    before = rng.gamma(2, 10, 3000)
    spend = np.where(rng.random(3000) < 0.04, rng.lognormal(3.5, 1.3, 3000), 0.0)
    path = tmp_path / "past.csv"
    rows = (f"{i},{s:.2f},{b:.2f},{b + n:.2f},t" for i, (s, b, n) in enumerate(zip(spend, before, rng.normal(0, 5, 3000), strict=True)))
    path.write_text("id,spend,before,now,town\n" + "\n".join(rows) + "\n")
    return path


def test_the_replay_says_what_the_plan_is_good_for(file: Path) -> None:
    """A small holdout on rare spend is told to need the permutation test; halves on steady spend have the level planned."""
    (rare,) = experiment_replay(file, customer="id", metric="spend", arms={"t": 0.9}, holdout=0.1)
    assert "use the permutation test" in sentence(rare)
    assert "t against holdout (2,700 and 300 customers)" in sentence(rare)
    (steady,) = experiment_replay(file, customer="id", metric="now", arms={"a": 0.5, "b": 0.5})
    assert "That is the level planned." in sentence(steady)
    assert "in 80 % of cases" in sentence(steady)
    (better,) = experiment_replay(file, customer="id", metric="now", arms={"a": 0.5, "b": 0.5}, before="before")
    assert better.mde < 0.5 * steady.mde


def test_slips_are_named(file: Path) -> None:
    """Texts as metric, missing values, and a level that is none."""
    given = {"customer": "id", "arms": {"a": 0.5, "b": 0.5}}
    with pytest.raises(InputError, match="'town' holds texts"):
        experiment_replay(file, metric="town", **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="alpha is 2"):
        experiment_replay(file, metric="now", alpha=2, **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="There is no column 'then'"):
        experiment_replay(file, metric="then", **given)  # type: ignore[arg-type]
    file.write_text(file.read_text() + "x,,1,1,t\n")
    with pytest.raises(InputError, match="1 of 3,001 customers have no number in 'spend'"):
        experiment_replay(file, metric="spend", **given)  # type: ignore[arg-type]
