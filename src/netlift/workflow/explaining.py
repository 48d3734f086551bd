"""Why one customer gets a message, from what was kept with the run: facts, segment, offer, channel, arm, basis, and how to object.

Everything is read from the files of the run: the list that was approved (its hash is checked), the frozen model (its hash too),
the facts of the time. The segment is made again from the facts; where it is another one, the explanation is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netlift import segments, snapshot
from netlift.errors import Refused
from netlift.records import Feature, ReportContent, Segment
from netlift.segments import Model
from netlift.store import ledger
from netlift.store.models import Run
from netlift.workflow import kept, outputs, run_files
from netlift.workflow.approval import audience_hash
from netlift.workflow.prepare import FACTS, MODEL, SNAPSHOT

# where a feature's group comes from: how the fact came to be known, and the tables it is made of
DECLARED, OBSERVED, INFERRED, OBTAINED = "declared", "observed", "inferred", "obtained from others"
ORIGIN: dict[str, tuple[str, tuple[str, ...]]] = {
    "attribute": (DECLARED, ("customers",)),
    "survey": (DECLARED, ("survey",)),
    "browsing": (OBSERVED, ("events",)),
    "campaign": (OBSERVED, ("transactions", "contacted", "responses")),  # coupons used, campaigns received and answered
    "forecast": (INFERRED, ("transactions",)),
    "own": (INFERRED, ("transactions", "events", "survey", "contacted", "responses")),
}
ENRICHED = "enriched_"  # how the names of features from the table enrichment begin


@dataclass(frozen=True, slots=True)
class NotContacted:
    """A run that has the customer and sends nothing to him."""

    run_id: str
    reason: str


def explanations(run: Run, customer_id: str) -> list[dict[str, Any]] | NotContacted | None:
    """One explanation per message of a run to a customer; None where the run does not have him.

    Raises:
        Refused: the files are not what was kept with the run, or do not give the segment again.
    """
    folder = Path(run.folder)
    newest = kept.audience_file(run)
    row = run_files.of_list(newest, customer_id)
    if row is None:
        return None
    if audience_hash(outputs.read_audience(newest)) != run.content["audience"]["sha256"]:
        raise Refused(f"The audience of run {run.pk} is not the one that was kept, so nobody can say why; restore its files.")
    if (row["excluded_reason"] or "").startswith(kept.REACHED):  # the list of an earlier version tells of that message
        row = run_files.of_list(folder / run_files.AUDIENCE, customer_id) or row
    if row["excluded_reason"] is not None or row["arm"] == "holdout":
        return NotContacted(str(run.pk), row["excluded_reason"] or "holdout")
    content: ReportContent = snapshot.load(folder / SNAPSHOT)
    facts = run_files.of_list(folder / FACTS, customer_id)
    model = _model(run, folder)
    if facts is None:
        raise Refused(f"Run {run.pk} was prepared by an older netlift, which did not keep the facts of each customer.")
    deliveries = [one for one in ledger.of_customer(customer_id) if one["run_id"] == run.pk]
    told = _of_person(run, content, row, facts=facts, model=model)
    return [{**told, **_delivery(one)} for one in deliveries] or [{**told, "state": "planned", "at": None, "message_id": None}]


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    return {"state": row["state"], "at": row["changed_at"].isoformat(timespec="seconds"), "message_id": row["message_id"]}


def _model(run: Run, folder: Path) -> Model | None:
    stored = (folder / MODEL).read_bytes()
    return segments.restored(stored, sha256=run.facts["model_sha256"]) if stored else None


def _of_person(run: Run, content: ReportContent, row: dict[str, Any], *, facts: dict[str, Any], model: Model | None) -> dict[str, Any]:
    segment = next((s for s in content.insight.segments if s.segment == row["segment"]), None)
    known = {f.name: f for f in content.features.features}
    weights = _again(run, row, facts, model)
    told = [_fact(content, known[name], value, weights.get(name), segment) for name, value in facts.items() if name in known]
    message = next(m for m in run.content["messages"] if (m["offer"], m["channel"]) == (row["offer"], row["channel"]))
    at = int(np.flatnonzero(content.features.customer_ids == row["customer_id"])[0])
    profit = row["expected_profit"]
    inferred = f"a contact is expected to bring {profit:+.2f} {content.currency}" if profit is not None and np.isfinite(profit) else None
    return {
        "run_id": str(run.pk),
        "campaign": run.name,
        "prepared": content.created.isoformat(timespec="seconds"),
        "as_of": content.features.as_of.isoformat(),
        "offer": row["offer"],
        "channel": row["channel"],
        "arm": row["arm"],
        "arm_in_words": _arm(content),
        "subject": message["subject"],
        "sender": message["sender"],
        "segment": None if segment is None else {"number": segment.segment, "name": segment.name, "summary": segment.summary},
        "facts": told,
        "expected": inferred,
        "lawful_basis": {"basis": "consent", "proof": content.choice.consent[at]},
        "sources": [{"table": i.table, "source": i.source} for i in content.tables.inputs],
        "objection": _objection(message["sender"]),
        "approval_hash": run.approval_hash,
    }


def _again(run: Run, row: dict[str, Any], facts: dict[str, Any], model: Model | None) -> dict[str, float]:
    """What each fact added to the decision for the segment, where a fact alone decides anything; the segment must come out again."""
    if model is None or not row["segment"]:
        return {}
    values = np.array([np.nan if facts[name] is None else facts[name] for name in model.inputs], dtype=np.float64)
    if int(model.apply(values[None]).segment[0]) != row["segment"]:
        raise Refused(f"The facts that run {run.pk} kept do not give the segment of its list again; restore its files.")
    try:
        return {fact.feature: fact.adds for fact in model.why(values).facts}
    except Refused:
        return {}  # one segment alone: everybody is in it, whatever the facts


def _fact(content: ReportContent, feature: Feature, value: float | None, adds: float | None, segment: Segment | None) -> dict[str, Any]:
    kind, tables = (
        (OBTAINED, ("enrichment",)) if feature.name.startswith(ENRICHED) else ORIGIN.get(feature.group, (OBSERVED, ("transactions",)))
    )
    trait = next((t for t in segment.profile if t.feature == feature.name), None) if segment else None
    return {
        "name": feature.name,
        "meaning": feature.meaning,
        "value": value,
        "unit": feature.unit,
        "kind": kind,
        "from": [i.table for i in content.tables.inputs if i.table in tables],
        "sensitivity": feature.sensitivity,
        "mean_of_all": trait.base_mean if trait else None,
        "adds": adds,
    }


def _arm(content: ReportContent) -> str:
    share = f"{100 * content.assignment.holdout:g} %"
    return f"drawn by lot: {share} of those who could be written to get nothing, so that the effect can be measured"


def _objection(sender: str) -> str:
    return (
        f"You may object at any time, without a reason and free of charge, to direct marketing and to the profiling for it: tell {sender}. "
        "It holds at once (GDPR, Art. 21(2)-(3)). You may also have a copy of your data, have them corrected, or have them erased, and "
        "complain to your data protection authority."
    )
