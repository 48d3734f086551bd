"""What the committee decided on past plans, as labels beside the review's score: where they disagree, the score asks for a refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlift.store import open_store
from netlift.store.models import Vote

LABELS: dict[str, Literal["pass", "review", "block"]] = {"approve": "pass", "request_changes": "review", "reject": "block"}
HALF = 50.0  # of the score


@dataclass(frozen=True, slots=True)
class Decided:
    """One vote that stands, as a label."""

    run_id: str
    label: Literal["pass", "review", "block"]
    verdict: str  # of the checks
    score: float
    policy_version: str


def decided() -> tuple[Decided, ...]:
    """Every vote that is not void on a plan that has a score, in order of time; void votes were for another version."""
    open_store()
    votes = Vote.objects.filter(void=False).select_related("run").order_by("pk")
    return tuple(
        Decided(str(v.run_id), LABELS[v.vote], v.run.findings["verdict"], float(v.run.findings["score"]), v.run.findings["policy_version"])
        for v in votes
        if v.vote in LABELS and "score" in v.run.findings
    )


def disagreement(votes: tuple[Decided, ...]) -> float | None:
    """Share of clear votes (approve, reject) on whose other side of one half the score stands; None without any."""
    clear = [v for v in votes if v.label != "review"]
    return sum((v.score > HALF) != (v.label == "block") for v in clear) / len(clear) if clear else None
