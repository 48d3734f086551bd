"""The benchmark of texts in its short form: Kannel, a centre, callbacks, kills."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import sms


def test_texts_under_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is lost or gets it twice, every receipt lands on its row, and who answers STOP is taken off and told so once."""
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", str(sms.LEASE))
    for name in ("NETLIFT_PUBLIC_URL", "KANNEL_PASSWORD"):
        monkeypatch.setenv(name, "")  # set by the campaign, and taken back
    told = sms.campaign(tmp_path, people=400, kills=4, seed=3)
    assert (told["state"], told["kills"]) == ("completed", 4)
    for wrong in ("twice", "lost", "receipts_missing", "receipts_wrong"):
        assert told[wrong] == 0, wrong
    assert told["arrived"] >= 400 - 8 * told["kills"]
    assert sum(told["counts"].values()) == 400
    assert told["answered_stop"] == told["stopped"] == told["confirmations"] >= 2
