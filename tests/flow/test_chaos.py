"""The benchmark of kills in its short form."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import chaos


@pytest.mark.parametrize("policy", ["hold", "resend"])
def test_twenty_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    """Killed 20 times with two workers: all ended and counted at every moment; hold sends nothing twice, resend as often as it must."""
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", str(chaos.LEASE))
    told = chaos.campaign(tmp_path, policy=policy, kills=20, seed=4, people=3000)
    assert told["kills"] >= 10  # the campaign may end before the last
    assert told["samples"] > 10
    for wrong in ("samples_wrong", "not_ended", "accepted_not_arrived", "arrived_not_told"):
        assert told[wrong] == 0, wrong
    assert (told["state"], told["integrity"], sum(told["counts"].values())) == ("completed", "ok", 3000)
    in_doubt = 8 * told["kills"] + told["dropped"]  # a message in flight per session
    assert told["counts"].get("unknown", 0) <= (in_doubt if policy == "hold" else 0)
    assert told["copies_too_many"] <= (0 if policy == "hold" else in_doubt)
