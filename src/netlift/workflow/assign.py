"""assign: give the customers of today the segments of an earlier run, by its frozen model, and tell what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from netlift import features, segments, sources
from netlift.engine import Engine, Session, quoted
from netlift.errors import InputError, NotFound, Refused
from netlift.records import Features, Floats
from netlift.segments import Drift, Model, Why
from netlift.settings import Settings, given
from netlift.store import audit, open_store, people, runs, store_folder
from netlift.workflow import outputs
from netlift.workflow.kept import settings_of
from netlift.workflow.prepare import MODEL
from netlift.workflow.stages import Display, Quiet, Stopwatch


@dataclass(frozen=True, slots=True)
class Assigned:
    """The customers of today by the model of a run."""

    run_id: str
    customers: pa.Table  # the columns of customers.parquet
    drift: Drift
    why: Why | None = None  # of the customer asked about
    remarks: tuple[str, ...] = ()  # what makes the customers of both times less alike than they seem


def assign(
    run_id: str,
    config: Settings | Path | str,
    *,
    out: Path | None = None,
    why: str | None = None,
    actor: str | None = None,
    display: Display | None = None,
) -> Assigned:
    """Build the features of the tables in `config` and apply the frozen model of a run: nothing is fitted again.

    Args:
        run_id: the run whose segments are meant.
        config: netlift.toml, or its path: usually the run's own, with newer files and a later `features.as_of`.
        out: file for the customers, as customers.parquet; by default none is written.
        why: id of a customer of whom it is told why he is in his segment rather than in another.
        actor: who asks; by default NETLIFT_USER, else the account of the operating system.
        display: shown the progress.

    Raises:
        NotFound: there is no such run or customer, or the model is gone.
        Refused: the model was changed or has no segments, or the actor may not see customers.
        InputError: the model needs a feature that the tables do not give, or counts in another currency.
    """
    settings = given(config)
    open_store()
    who = people.acting(actor)
    people.require(who, ("author", "analyst"), "assign customers to segments")
    model, folder = _model(run_id)
    then_settings = settings_of(folder)
    _same_money(run_id, then_settings, settings)
    watch = Stopwatch(display or Quiet())
    with Engine(settings.engine) as engine:
        tables = watch.run("sources", lambda p: sources.load(settings, engine, p, landing=store_folder() / "landing"))
        with features.computing(settings, engine, tables) as session:
            known = watch.run("features", lambda p: features.build(settings, session, tables, p, learnt=model.learnt))
            values = _inputs(run_id, model, known)
            reasons = None if why is None else _why(session, model, why)
            found = watch.run("segments", lambda _: segments.assigned(session, model, known.customer_ids))
    before = pq.read_table(folder / "customers.parquet", columns=["customer_id", "segment"])
    then = (np.array(before["customer_id"].to_pylist(), dtype=object), before["segment"].to_numpy())
    customers = outputs.customers(known, found, _names(folder))
    if out is not None:
        outputs.write_table(customers, out)
    with transaction.atomic():
        audit.record("assign", actor=who, run_id=int(run_id), details={"customers": len(customers), "config_sha256": settings.sha256})
    drift = segments.drifted(model, values, then=then, now=(known.customer_ids, found.segment))
    as_of = datetime.fromisoformat((runs.get(run_id).facts or {})["as_of"])
    return Assigned(run_id, customers, drift, reasons, _remarks(run_id, then_settings, settings, as_of=(as_of, known.as_of)))


def _same_money(run_id: str, then: Settings, now: Settings) -> None:
    if then.project.currency != now.project.currency:
        raise InputError(
            f"Run {run_id} counts in {then.project.currency} and this netlift.toml in {now.project.currency}, so its model would take "
            f"amounts for others; convert them to {then.project.currency}, or prepare a run in {now.project.currency}."
        )


def _remarks(run_id: str, then: Settings, now: Settings, *, as_of: tuple[datetime, datetime]) -> tuple[str, ...]:
    found = []
    if as_of[1] < as_of[0]:
        found.append(
            f"The customers are as of {as_of[1]:%Y-%m-%d}, before {as_of[0]:%Y-%m-%d} of run {run_id}: moves are told the wrong way round."
        )
    if then.project.time_zone != now.project.time_zone:
        found.append(
            f"Run {run_id} counts days and hours in {then.project.time_zone} and this netlift.toml in {now.project.time_zone}: "
            "a difference in shares of weekdays and hours may be the clock's."
        )
    return tuple(found)


def _model(run_id: str) -> tuple[Model, Path]:
    """The model that the store knows, and the run's folder."""
    run = runs.get(run_id)
    sha256 = (run.facts or {}).get("model_sha256")
    if run.state == "preparing" or not sha256:
        raise Refused(f"Run {run_id} has no model, because it is {run.state} or was prepared by an older netlift; prepare it again.")
    folder = Path(run.folder)
    try:
        stored = (folder / MODEL).read_bytes()
    except OSError as error:
        raise NotFound(f"The model of run {run_id} is not at '{folder / MODEL}' ({error.strerror}); prepare the run again.") from error
    return segments.restored(stored, sha256=sha256), folder


def _inputs(run_id: str, model: Model, known: Features) -> Floats:
    """What the model needs of customers whose values are at hand, (m, p)."""
    names = {f.name for f in known.features}
    absent = [name for name in model.inputs if name not in names]
    if absent:
        raise InputError(
            f"The model of run {run_id} needs the feature{'s' if len(absent) > 1 else ''} {', '.join(absent)}, which these tables do not "
            "give; name the tables and columns that the run had."
        )
    return np.column_stack([known.column(name) for name in model.inputs])


def _why(session: Session, model: Model, customer: str) -> Why:
    """Of one customer of the session's table `features`."""
    wanted = ", ".join(map(quoted, model.inputs))
    rows = session.rows(f"SELECT {wanted} FROM features WHERE customer_id = ?", [customer])
    if not rows:
        raise NotFound("There is no customer with the id asked about in these tables; ids are compared letter by letter.")
    return model.why(np.array([np.nan if value is None else value for value in rows[0]], dtype=np.float64))


def _names(folder: Path) -> dict[int, str]:
    told = json.loads((folder / "segments.json").read_text(encoding="utf-8"))
    return {s["segment"]: s["name"] for s in told}
