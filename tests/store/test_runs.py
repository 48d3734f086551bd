from __future__ import annotations

from pathlib import Path

import pytest

from netlift.errors import NotFound, Refused
from netlift.records import Finding, ReviewResult
from netlift.store import audit, people, runs
from netlift.store.models import Run

REVIEW = ReviewResult("review", (Finding("SMALL_AUDIENCE", "review", "audience", "60 people"),), "1")


def test_from_nothing_to_a_draft(owner: str, tmp_path: Path) -> None:
    """A run is being prepared until its plan is kept."""
    run_id = runs.create(name="GetAllMart", author=owner)
    assert runs.get(run_id).state == "preparing"
    runs.save(run_id, folder=tmp_path, facts={"seed": 7}, plan={"quorum": 2}, review=REVIEW, approval_hash="a" * 64)
    run = runs.get(run_id)
    assert (run.state, run.folder, run.facts, run.content, run.approval_hash) == (
        "draft",
        str(tmp_path),
        {"seed": 7},
        {"quorum": 2},
        "a" * 64,
    )
    assert run.findings["findings"][0]["code"] == "SMALL_AUDIENCE"
    with pytest.raises(Refused, match="prepared already"):
        runs.save(run_id, folder=tmp_path, facts={}, plan={}, review=REVIEW, approval_hash="b" * 64)


def test_discarded_numbers_are_not_used_again(owner: str, tmp_path: Path) -> None:
    """A run that failed is gone, its number with it, and the trail tells of it."""
    first = runs.create(name="x", author=owner)
    runs.discard(first)
    second = runs.create(name="y", author=owner)
    assert (first, second) == ("1", "2")
    assert not Run.objects.filter(pk=1).exists()
    assert audit.verify().whole
    runs.save(second, folder=tmp_path, facts={}, plan={}, review=REVIEW, approval_hash="")
    with pytest.raises(Refused, match="Run 2 is draft"):
        runs.discard(second)


@pytest.mark.parametrize("run_id", ["99", "abc", "", "-1", "1.0", "²", "9" * 30, "9" * 5000])
def test_no_such_run(owner: str, run_id: str) -> None:
    """Whatever is typed as a number of a run gets an answer."""
    with pytest.raises(NotFound, match="netlift review list"):
        runs.get(run_id)


def test_only_authors_prepare(owner: str) -> None:
    """A reviewer cannot begin a run."""
    people.add("mia", "reviewer")
    with pytest.raises(Refused, match="mia may not prepare plans"):
        runs.create(name="x", author="mia")
