"""The clock that runs the stages."""

from __future__ import annotations

import pytest

from netlift.workflow.stages import STAGES, Quiet, Stopwatch


def test_stages_run_forward_only() -> None:
    """A verb enters each stage at most once and never goes back in the flow."""
    watch = Stopwatch(Quiet())
    assert watch.run("features", lambda _: 42) == 42
    for stage in ("features", "sources"):
        with pytest.raises(AssertionError, match=f"stage {stage} entered after features"):
            watch.run(stage, lambda _: None)
    assert list(watch.seconds) == ["features"]
    assert len(STAGES) == 10
