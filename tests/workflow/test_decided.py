"""Past votes as labels: only those that stand, beside the score they were cast on."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlift.store.models import Run
from netlift.workflow import decide
from netlift.workflow.decided import Decided, decided, disagreement
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS


def test_votes_that_stand_are_labels(tmp_path: Path) -> None:
    """Two approvals of a plan with a score of 80 are two labels `pass`, and both disagree with it; a withdrawn plan has none."""
    plans.opened(tmp_path / "netlift")
    run_id = plans.draft(tmp_path / "run")
    run = Run.objects.get(pk=int(run_id))
    run.findings = {**run.findings, "score": 80.0}
    run.save()
    decide.submit(run_id, actor=AUTHOR)
    for member in MEMBERS[:2]:
        plans.approve(run_id, actor=member)
    votes = decided()
    assert [(v.run_id, v.label, v.verdict, v.score) for v in votes] == [(run_id, "pass", "pass", 80.0)] * 2
    assert disagreement(votes) == 1.0


@pytest.mark.parametrize(
    ("labels", "share"),
    [(("block", 90.0), 0.0), (("block", 10.0), 1.0), (("pass", 10.0), 0.0), (("review", 50.0), None)],
)
def test_disagreement(labels: tuple[str, float], share: float | None) -> None:
    """A score above one half stands for block; requests for changes count on neither side."""
    assert disagreement((Decided("1", labels[0], "review", labels[1], "4"),)) == share  # type: ignore[arg-type]


def test_without_votes_nothing_is_said() -> None:
    """No votes, no share."""
    assert disagreement(()) is None
