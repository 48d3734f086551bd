"""close: measure a run and write its report; measure: past campaigns from tables alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from django.db import transaction

from netlift import measurement, reports, snapshot, sources
from netlift.engine import Engine, Session, computing
from netlift.errors import Refused
from netlift.records import Audience, Measurement, Progress, Tables
from netlift.settings import Settings, given
from netlift.store import audit, erased, open_store, people
from netlift.workflow import objections, outputs, show
from netlift.workflow.kept import settings_of
from netlift.workflow.prepare import SNAPSHOT
from netlift.workflow.stages import Display, Quiet, Stopwatch

SALES = ("customers", "transactions", "campaigns", "contacted", "responses")  # the tables that measurement reads


@dataclass(frozen=True, slots=True)
class Closed:
    """A run that was measured, and its report."""

    run_id: str
    report: Path
    measurement: Measurement


def measure(config: Settings | Path | str, *, display: Display | None = None) -> Measurement:
    """The lift of past campaigns by every estimator, from the tables of `config` (or its path); reads only, keeps nothing.

    Raises:
        NotEnoughData: a table that is needed is not given; the message names it.
    """
    watch = Stopwatch(display or Quiet())
    narrowed = _narrowed(given(config))
    with Engine(narrowed.engine) as engine:
        tables = watch.run("sources", lambda p: sources.load(narrowed, engine, p))
        with computing(narrowed.engine, engine, _given(tables)) as session:
            return watch.run("measurement", lambda p: measurement.measure(narrowed, session, tables, p))


def close(run_id: str, *, actor: str | None = None, display: Display | None = None) -> Closed:
    """Measure what a launched run and the past campaigns earned, from the sources as they are now, and write the report.

    Raises:
        Refused: the run was not launched.
        NotFound: there is no such run.
    """
    open_store()
    who = people.acting(actor)
    people.require(who, "operator", "close a run")
    plan = show.plan(run_id)
    if plan["state"] not in {"sending", "stopped", "completed"}:
        raise Refused(f"Run {run_id} is {plan['state']}, and only a launched run can be closed; launch it first: netlift launch {run_id}.")
    watch = Stopwatch(display or Quiet())
    folder = Path(plan["folder"])
    narrowed = _narrowed(settings_of(folder))
    with Engine(narrowed.engine) as engine:
        loaded = watch.run("sources", lambda p: objections.load(narrowed, engine, p, erased_only=True))
        tables = loaded.tables
        sent_at = show.sent_at(run_id)
        with computing(narrowed.engine, engine, _given(tables)) as session:
            measured = watch.run("measurement", lambda p: _measured(narrowed, session, tables, folder=folder, sent_at=sent_at, progress=p))
    objections.forget_again(loaded, narrowed)
    content = dataclasses.replace(
        snapshot.load(folder / SNAPSHOT), measurement=measured, deliveries=show.deliveries(run_id)["counts"], trail=audit.signed_line()
    )
    report = watch.run("reports", lambda _: reports.write(content, folder))
    outputs.write_json(measured, folder / "measurement.json")
    with transaction.atomic():
        audit.record("close", actor=who, run_id=int(run_id), details={"sentence": measured.sentence})
    return Closed(run_id, report, measured)


def _narrowed(settings: Settings) -> Settings:
    return settings.model_copy(update={"tables": {name: table for name, table in settings.tables.items() if name in SALES}})


def _given(tables: Tables) -> list[str]:
    return [name for name in SALES if tables.has(name)]


def _known(audience: Audience) -> Audience:
    """Without those who were erased: their sales are gone, and would count as none."""
    kept = np.array([not erased.is_pseudonym(customer) for customer in audience.customer_ids], dtype=bool)
    return Audience(*(getattr(audience, field.name)[kept] for field in dataclasses.fields(audience)))


def _measured(settings: Settings, engine: Session, tables: Tables, *, folder: Path, sent_at: datetime, progress: Progress) -> Measurement:
    """The run's own arms first: they alone were drawn at random. Past campaigns after them, where there are any."""
    audience = _known(outputs.read_audience(folder / "audience.parquet"))
    own = measurement.measure_run(settings, engine, tables, run_id=f"run {folder.name}", audience=audience, sent_at=sent_at)
    sentence = measurement.run_sentence(own)
    randomised = next((e for e in reversed(own) if e.scope == own[0].scope and e.lift is not None), None)
    if not (tables.has("campaigns") and tables.has("contacted") and tables.has("transactions")):
        return Measurement(own, randomised, sentence, sent_at.date(), sent_at.date())
    past = measurement.measure(settings, engine, tables, progress)
    return dataclasses.replace(
        past, estimates=(*own, *past.estimates), best=randomised or past.best, sentence=f"{past.sentence} {sentence}"
    )
