"""The universal control in a whole run: left alone with its own reason, the same people every time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction

from netlift import experiments
from netlift.segments import structure
from netlift.store import audit, open_store, vault
from netlift.workflow import outputs, universal
from netlift.workflow.prepare import prepare
from tests import shop
from tests.experiments.test_draw import by_hand


def test_prepare_leaves_the_universal_control_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly the customers below the share by the long-lived draw have the reason, are in no arm, and the share is recorded once."""
    monkeypatch.setattr(structure, "COPIES", 19)  # a coarser verdict: it is not what is tested here
    config = shop.write(tmp_path / "shop")
    config.write_text(config.read_text(encoding="utf-8") + "\n[experiment]\nuniversal_holdout = 0.2\n", encoding="utf-8")
    made = prepare(config, out=tmp_path / "run")
    audience = outputs.read_audience(tmp_path / "run" / "audience.parquet")
    u = by_hand(audience.customer_ids.tolist(), f"{vault.salt()}:{experiments.UNIVERSAL}:")
    apart = audience.excluded_reason == "universal control"
    assert apart.tolist() == (u < 0.2).tolist()
    assert 0 < apart.sum() < len(u)
    assert set(audience.arm[apart]) == set(audience.offer[apart]) == set(audience.channel[apart]) == {None}
    assert not audience.contacted()[apart].any()
    assert universal.in_force() == 0.2
    assert [act["share"] for act in audit.acts("universal holdout")] == ["0.2"]
    counts = json.loads((made.folder / "run.json").read_text(encoding="utf-8"))["audience"]
    assert counts["universal control"] == apart.sum()


def test_the_share_only_grows() -> None:
    """A smaller share, or none in another project's settings, leaves the larger one in force."""
    open_store()
    with transaction.atomic():
        for share in (0.1, 0.05, 0.0, 0.2):
            universal.keep(share, actor="ann")
    assert [act["share"] for act in audit.acts("universal holdout")] == ["0.1", "0.2"]
    assert universal.grown(0.0) == universal.grown(0.15) == 0.2
    assert universal.grown(0.3) == 0.3


def test_nothing_changes_without_one() -> None:
    """At 0 nobody is apart, no draw is made, and the trail says nothing."""
    open_store()
    assert universal.in_force() == 0
    assert universal.members(None, np.array(["a"], dtype=object), share=0.0) == frozenset()  # type: ignore[arg-type]
