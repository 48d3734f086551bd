"""What a run keeps in its folder for later verbs: its settings, and the plan that the checks can judge again after an edit."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from netlift import snapshot
from netlift.errors import Refused
from netlift.records import Audience, Message, Plan
from netlift.review import Measured
from netlift.review.campaign import Proxy, Rate
from netlift.settings import CampaignSettings, Settings, parse
from netlift.store.models import Run
from netlift.workflow import outputs
from netlift.workflow.approval import AUDIENCE, approval_hash, local

KEPT, PLAN = "settings.json", "plan.npz"
NOBODY = Audience(*[np.empty(0, dtype=kind) for kind in (object, np.int64, object, object, object, np.float64, object)])


def write_settings(settings: Settings, folder: Path) -> None:
    """Keep the settings a run is prepared with."""
    outputs.write_json({"settings": settings.model_dump(mode="json"), "folder": settings.folder, "sha256": settings.sha256}, folder / KEPT)


def settings_of(folder: Path) -> Settings:
    """The settings a run was prepared with."""
    kept = json.loads((folder / KEPT).read_text(encoding="utf-8"))
    return parse(kept["settings"], folder=Path(kept["folder"]), sha256=kept["sha256"])


def settings_with(run: Run, window: tuple[datetime | None, datetime | None] | None) -> Settings:
    """The settings of a run with another window of sending; None = the one its plan has now."""
    settings = settings_of(Path(run.folder))
    if window is None:
        zone, now = settings.project.time_zone, run.content["window"]
        window = (local(now["start"], zone), local(now["end"], zone))
    return settings.model_copy(update={"campaign": CampaignSettings(start=window[0], end=window[1])})


def write_plan(plan: Plan, figures: Measured, folder: Path) -> None:
    """Keep a plan and the figures the checks judged it by; its people are in the audience file."""
    snapshot.save((replace(plan, audience=NOBODY), figures), folder / PLAN)


def plan_of(run: Run) -> tuple[Plan, Measured]:
    """The plan as it is now, and the figures of its audience.

    Raises:
        Refused: the files are not there.
    """
    try:
        plan, figures = snapshot.load(Path(run.folder) / PLAN, kinds=(Measured, Proxy, Rate))
        audience = outputs.read_audience(audience_file(run))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"The plan of run {run.pk} cannot be read from '{run.folder}'; prepare it again.") from error
    messages = tuple(Message(**m) for m in run.content["messages"])
    return replace(plan, audience=audience, messages=messages), figures


def without(plan: Plan, reached: Collection[str], *, version: int) -> Plan:
    """The plan without whoever was reached by an earlier version: nobody hears of it twice."""
    everybody = plan.audience
    out = everybody.contacted() & np.isin(everybody.customer_ids.astype(str), sorted(reached))
    reason = everybody.excluded_reason.copy()
    reason[out] = f"reached by version {version}"
    return replace(plan, audience=replace(everybody, excluded_reason=reason))


def audience_file(run: Run) -> Path:
    """Where the frozen audience is."""
    return Path(run.folder) / str(run.content["audience"].get("file", AUDIENCE))


def hash_of(run: Run) -> str:
    """The approval hash of what is stored now."""
    return approval_hash(run.content)
