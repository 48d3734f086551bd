"""survey: what a survey said of all customers, and whom to ask next, from a prepared run; keeps nothing but the audit row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from netlift import offers
from netlift.errors import NotEnoughData, NotFound
from netlift.insight import FEWEST
from netlift.offers import Invitations
from netlift.records import Floats, Opinion, Texts
from netlift.settings import read
from netlift.store import audit, open_store, people, runs, vault
from netlift.store.models import Run
from netlift.workflow import outputs
from netlift.workflow.kept import settings_of
from netlift.workflow.prepare import ASKING, OPINIONS

REACHABLE = (None, "no offer", "segment not targeted")  # in the audience: who could be written to, wanted or not


@dataclass(frozen=True, slots=True)
class Survey:
    """Whom a survey asks."""

    run_id: str
    customer_ids: Texts  # (m,)
    invitations: Invitations  # rows are positions among those who may be asked
    worth: Floats  # (m,) money that asking each is expected to bring
    may_be_asked: int
    left_out: Mapping[str, int]  # customers by reason
    chance_known: bool  # whether the worth counts the chance to answer
    currency: str

    @property
    def sentence(self) -> str:
        """What was chosen and what it is worth."""
        best = self.invitations.reason == "value"
        if not best.any():
            return (
                f"No answer would change what is done with anybody: each customer's segment is sure, or all would be treated alike. "
                f"{len(best):,} of the {self.may_be_asked:,} customers who may be asked are drawn by lot and stand for all of them."
            )
        counted = "" if self.chance_known else ", if they answer (nobody was asked before, so the chance to answer is not known)"
        return (
            f"{len(self.customer_ids):,} of the {self.may_be_asked:,} customers who may be asked: {best.sum():,} whose answers are worth "
            f"most, {self.worth[best].sum():,.2f} {self.currency} together{counted}, and {(~best).sum():,} drawn by lot, who stand for all "
            "others."
        )


def survey(run: str | Path, *, budget: int, out: Path | None = None, actor: str | None = None) -> Survey:
    """Choose whom to ask: the customers whose answer may change what is done with them, and a random quota for weighting.

    Only customers who agreed to be contacted, are in no control group and have not objected since are chosen.

    Args:
        run: number of a prepared run, or a netlift.toml: the newest run prepared from it as it is.
        budget: number of invitations.
        out: file for customer_id, reason, weight and worth: CSV where its name ends in .csv, else Parquet; by default none is written.
        actor: who asks; by default NETLIFT_USER, else the account of the operating system.

    Raises:
        NotFound: there is no such run.
        NotEnoughData: the run does not know what an answer is worth.
        SettingsError: the budget cannot be had, or the file cannot be written.
        Refused: the actor may not choose customers.
    """
    open_store()
    who = people.acting(actor)
    people.require(who, ("author", "analyst"), "choose whom a survey asks")
    chosen = _run(run)
    run_id, folder = str(chosen.pk), Path(chosen.folder)
    settings = settings_of(folder)
    worth, chance_known = _worth(run_id, folder)
    audience = outputs.read_audience(folder / "audience.parquet")
    objected = vault.suppressed()
    reasons = [
        "suppressed" if c in objected else ("holdout" if a == "holdout" else None if r in REACHABLE else r)
        for c, a, r in zip(audience.customer_ids, audience.arm, audience.excluded_reason, strict=True)
    ]
    free = np.flatnonzero([r is None for r in reasons])
    invited = offers.whom_to_ask(worth[free], budget, seed=settings.project.seed)
    at = free[invited.row]
    left_out = dict(Counter(r for r in reasons if r is not None).most_common())
    found = Survey(run_id, audience.customer_ids[at], invited, worth[at], len(free), left_out, chance_known, settings.project.currency)
    if out is not None:
        outputs.write_table(_rows(found), out)
    with transaction.atomic():
        audit.record("survey", actor=who, run_id=int(run_id), details={"invitations": budget, "may_be_asked": len(free)})
    return found


def said(run: str | Path, *, actor: str | None = None) -> tuple[Opinion, ...]:
    """What the survey in a run's data says of all customers, a question after the other.

    Raises:
        NotFound: there is no such run.
        NotEnoughData: its data hold no survey, or too few answered.
        Refused: the actor may not read it.
    """
    open_store()
    people.require(people.acting(actor), ("author", "analyst", "director"), "read what a survey says")
    chosen = _run(run)
    path = Path(chosen.folder) / OPINIONS
    if not path.exists():
        raise NotEnoughData(
            f"Run {chosen.pk} knows no question that {FEWEST} customers answered; add the table survey and prepare again. "
            "Whom to ask is chosen with --budget N."
        )
    return tuple(Opinion(**told) for told in json.loads(path.read_text(encoding="utf-8")))


def _run(run: str | Path) -> Run:
    return runs.get(str(run)) if str(run).isdigit() else _newest(Path(run))


def _newest(config: Path) -> Run:
    sha256 = read(config).sha256
    prepared = runs.of_config(sha256)
    if prepared is None:
        raise NotFound(f"No run was prepared from '{config}' as it is now; prepare it first: netlift prepare {config}.")
    return prepared


def _worth(run_id: str, folder: Path) -> tuple[Floats, bool]:
    if not (folder / ASKING).exists():
        raise NotEnoughData(
            f"Run {run_id} does not know what an answer is worth: that takes segments, and past contacts and responses that say what "
            "contacting each of them brings; add [response] with those tables and prepare again."
        )
    kept = pq.read_table(folder / ASKING)
    return kept["worth"].to_numpy(), kept["chance_to_answer"].null_count == 0


def _rows(found: Survey) -> pa.Table:
    invited = found.invitations
    columns = {"customer_id": pa.array(found.customer_ids, pa.string()), "reason": pa.array(invited.reason, pa.string())}
    return pa.table({**columns, "weight": invited.weight, "worth": found.worth})
