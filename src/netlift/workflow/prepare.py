"""prepare: from sources to a plan that waits for review."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from django.db import transaction

import netlift
from netlift import catalogue, experiments, features, insight, offers, reports, review, segments, snapshot
from netlift.engine import Engine, Session, quoted
from netlift.errors import InputError, SettingsError
from netlift.records import (
    Assignment,
    Audience,
    Choice,
    Features,
    Insight,
    Message,
    Plan,
    ReportContent,
    ReviewResult,
    Segmentation,
    Tables,
)
from netlift.settings import OfferSettings, Settings, given
from netlift.store import audit, open_store, people, runs, store_folder, vault
from netlift.workflow import chosen, kept, objections, outputs, standing, universal
from netlift.workflow.approval import approval_hash, freeze
from netlift.workflow.kept import KEPT, PLAN
from netlift.workflow.stages import Display, Quiet, Stopwatch

NARROW = 6  # columns of everybody that come from Spark to this machine at once
OPINIONS = "survey.json"
PROPOSALS = "proposals.json"
ACCOUNTING, EFFECTS = "accounting.json", "effects.json"
FILES = {
    "run.json",
    "customers.parquet",
    "comparison.parquet",
    "segments.json",
    OPINIONS,
    "recommendations.json",
    PROPOSALS,
    ACCOUNTING,
    EFFECTS,
    "audience.parquet",
    "quarantine",
    "report.html",
}
SNAPSHOT, MODEL, ASKING, FACTS = (
    "content.npz",
    "model.npz",
    "asking.parquet",
    "facts.parquet",
)  # for later verbs


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run whose plan waits for review, and where its files are."""

    run_id: str
    folder: Path
    content: ReportContent


@dataclass(frozen=True, slots=True)
class _Thought:
    """What the stages from sources to review made of the data."""

    loaded: objections.Loaded
    features: Features
    segmentation: Segmentation
    insight: Insight
    choice: Choice
    assignment: Assignment
    audience: Audience
    plan: Plan
    figures: review.Measured
    result: ReviewResult

    @property
    def tables(self) -> Tables:
        """What was learnt from."""
        return self.loaded.tables


def prepare(
    config: Settings | Path | str, *, out: Path | None = None, actor: str | None = None, display: Display | None = None
) -> Prepared:
    """Run the stages from sources to review, write the run's files and keep its plan as a draft.

    Args:
        config: the checked netlift.toml, or its path.
        out: folder for the files of the run; by default they are only in netlift's data directory.
        actor: who prepares; by default NETLIFT_USER, else the account of the operating system.
        display: shown the progress.

    Raises:
        NetliftError: as the stages do; then nothing of the run is left.
    """
    settings = given(config)
    open_store()
    author = people.acting(actor)
    people.require(author, "author", "prepare a campaign")
    if out is not None:
        _check_out(out)
    run_id = runs.create(name=settings.project.name, author=author)
    try:
        return _prepare(settings, run_id, author, out=out, watch=Stopwatch(display or Quiet()))
    except BaseException:
        runs.discard(run_id)
        shutil.rmtree(_folder(run_id), ignore_errors=True)
        raise


def _check_out(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SettingsError(f"--out '{out}' is a file; name a folder.")
    strangers = sorted({p.name for p in out.iterdir()} - FILES) if out.is_dir() else []
    if strangers:
        raise SettingsError(f"--out '{out}' holds '{strangers[0]}', which is not netlift's; name an empty or a new folder.")
    try:  # told now, and not after the work
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.absolute().parent):
            pass
    except OSError as error:
        raise SettingsError(f"--out '{out}' cannot be written: {error.strerror or error}; name another folder.") from error


def _copy(folder: Path, out: Path) -> None:
    """The run's files where the user wants them; what later verbs need stays in netlift's own folder."""
    try:
        with outputs.whole_or_nothing(out.absolute()) as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SNAPSHOT, KEPT, PLAN, MODEL, ASKING, FACTS))
    except shutil.Error as error:  # of each file that could not be copied: from, to and why
        why = str(error.args[0][0][2]).split(":", 1)[0].partition("] ")[2]  # without the number
        raise SettingsError(f"--out '{out}' cannot be written: {why}; name another folder.") from error
    except OSError as error:
        raise SettingsError(f"--out '{out}' cannot be written: {error.strerror or error}; name another folder.") from error


def _folder(run_id: str) -> Path:
    return store_folder() / "runs" / run_id


def _prepare(settings: Settings, run_id: str, author: str, *, out: Path | None, watch: Stopwatch) -> Prepared:
    with Engine(settings.engine) as engine:
        thought = _think(settings, engine, run_id, watch=watch)
        content = _content(settings, run_id, thought)
        folder = _folder(run_id)
        with outputs.whole_or_nothing(folder) as work:
            _write(engine, thought, content, work)
            watch.run("reports", lambda _: reports.write(content, work))
            facts = _facts(settings, run_id, thought, watch)
            outputs.write_json(facts, work / "run.json")
            kept.write_settings(settings, work, out=out and out.absolute())
            kept.write_plan(thought.plan, thought.figures, work)
        contacts = _contacts(engine) if thought.tables.has("contacts") else []
        said = standing.said(settings, engine, thought.tables, now=datetime.now(UTC))
    objections.forget_again(thought.loaded, settings)
    objections.none_since(thought.audience.customer_ids)
    if out is not None:
        _copy(folder, out)
    frozen = freeze(thought.plan, settings, thought.result)
    with transaction.atomic():  # contact data and plan are kept together or not at all
        objections.none_since(thought.audience.customer_ids)
        standing.remember(run_id, settings, said)
        vault.put(contacts)  # before anything that writes the audit trail, whose lock is held to the end
        universal.keep(settings.experiment.universal_holdout, actor=author)
        runs.save(run_id, folder=folder, facts=facts, plan=frozen, review=thought.result, approval_hash=approval_hash(frozen))
    return Prepared(run_id, out or folder, content)


def _think(settings: Settings, engine: Engine, run_id: str, *, watch: Stopwatch) -> _Thought:
    """The stages, in order: this function is the way of the data."""
    loaded = watch.run("sources", lambda p: objections.load(settings, engine, p))
    tables = loaded.tables
    experiment = f"run {run_id}"
    with features.computing(
        settings, engine, tables
    ) as session:  # Spark, if the settings say so, from features to insight, and for the draw
        known = watch.run("features", lambda p: features.build(settings, session, tables, p))
        found = watch.run("segments", lambda p: segments.segment(settings, known, p, session=session))
        told = watch.run("insight", lambda _: _explained(settings, known, found, tables, session))
        u = experiments.draw(session, salt=vault.salt(), experiment=experiment)
        set_apart = universal.members(session, known.customer_ids, share=universal.grown(settings.experiment.universal_holdout))
        if session is not engine:
            _bring(engine, session, _explaining(found))
    choice = watch.run("offers", lambda _: _chosen(settings, engine, tables, known, found, told=told, set_apart=set_apart))
    assignment = watch.run(
        "experiments", lambda _: experiments.assign(settings, known, choice, experiment=experiment, u=u, segment=found.segment)
    )
    audience = _audience(known, found, choice, assignment)
    plan = _plan(settings, experiment, known, found, told=told, audience=audience, choice=choice)
    plan = dataclasses.replace(plan, **_known_by(settings, engine, tables, plan, told))
    figures, result = watch.run("review", lambda _: _reviewed(settings, known, plan))
    return _Thought(loaded, known, found, told, choice, assignment, audience, plan, figures, result)


def _reviewed(settings: Settings, known: Features, plan: Plan) -> tuple[review.Measured, ReviewResult]:
    figures = review.measured(known, plan, seed=settings.project.seed)
    return figures, review.review(plan, settings.review, figures)


def _bring(engine: Engine, session: Session, columns: Sequence[str]) -> None:
    """Keep columns of Spark's table `features` in the engine, where Spark is gone when the facts are written; a few at a time."""
    parts = [columns[start : start + NARROW] for start in range(0, max(1, len(columns)), NARROW)]
    for number, names in enumerate(parts):
        engine.register("__came", session.arrow(f"SELECT {', '.join(['customer_id', *map(quoted, names)])} FROM features"))
        engine.keep(f"__facts_{number}", "SELECT * FROM __came")
        engine.unregister("__came")
    others = "".join(f" JOIN __facts_{number} USING (customer_id)" for number in range(1, len(parts)))
    engine.view("features", f"SELECT * FROM __facts_0{others}")


def _explained(settings: Settings, known: Features, found: Segmentation, tables: Tables, session: Session) -> Insight:
    told = insight.explain(known, found, seed=settings.project.seed, session=session)
    return dataclasses.replace(told, opinions=insight.opinions(known, found, tables, session=session, time_zone=settings.project.time_zone))


def _chosen(
    settings: Settings, engine: Engine, tables: Tables, known: Features, found: Segmentation, *, told: Insight, set_apart: frozenset[str]
) -> Choice:
    """What is advised, chosen and proposed; whom the universal control keeps apart is treated like who objected."""
    silent = vault.suppressed() | set_apart
    stands = standing.standing(settings, engine, tables, known.customer_ids, now=datetime.now(UTC))
    choice = universal.told(
        offers.choose(settings, engine, tables, features=known, segmentation=found, insight=told, suppressed=silent, standing=stands),
        known.customer_ids,
        set_apart,
    )
    made = offers.proposals(engine, tables, known, found, offers=settings.offers, sensitivity=catalogue.sensitivity)
    accounting = known.outcome.accounting if known.outcome else None
    sized = experiments.sized(choice, found.segment, accounting=accounting, campaign_days=_campaign_days(engine, tables))
    return offers.proposed(sized, made)


def _campaign_days(engine: Engine, tables: Tables) -> list[int]:
    if not tables.has("campaigns", "start_date", "end_date"):
        return []
    days = "date_diff('day', start_date, end_date) + 1"
    return [days for (days,) in engine.rows(f"SELECT {days} FROM campaigns WHERE end_date IS NOT NULL ORDER BY start_date")]


def _audience(known: Features, found: Segmentation, choice: Choice, assignment: Assignment) -> Audience:
    drawn = assignment.offer
    offer = choice.offer if drawn is None else np.array([d or o for d, o in zip(drawn, choice.offer, strict=True)], dtype=object)
    reason = np.array([r or ("holdout" if a == "holdout" else None) for r, a in zip(choice.excluded_reason, assignment.arm, strict=True)])
    return Audience(known.customer_ids, found.segment, offer, choice.channel, assignment.arm, choice.expected_profit, reason.astype(object))


def _plan(
    settings: Settings, experiment: str, known: Features, found: Segmentation, *, told: Insight, audience: Audience, choice: Choice
) -> Plan:
    contacted = audience.contacted()
    inputs = tuple(f for f in known.features if f.name in found.inputs)
    sent = {str(offer) for offer in audience.offer[contacted]}
    return Plan(
        name=settings.project.name,
        country=settings.project.country or "",
        audience=audience,
        messages=_messages(settings, audience),
        segments={s.segment: s.name for s in told.segments},
        inputs=inputs,
        holdout=settings.experiment.holdout,
        salt_id=experiment,
        consent=choice.consent,
        contacts_7d=choice.contacts_7d,
        contacts_30d=choice.contacts_30d,
        budget=sum(settings.contact_cost(c) * float((audience.channel[contacted] == c).sum()) for c in settings.channels),
        model=hashlib.sha256(found.model or b"").hexdigest(),
        categories=tuple(sorted({c for o in settings.offers if o.name in sent for c in o.categories})),
    )


def _known_by(settings: Settings, engine: Engine, tables: Tables, plan: Plan, told: Insight) -> dict[str, Any]:
    """By what the plan's people are chosen."""
    contacted = plan.audience.contacted()
    reached = {int(s) for s in np.unique(plan.audience.segment[contacted])}
    ids = plan.audience.customer_ids[contacted]
    return chosen.known_by(settings, engine, tables, inputs=plan.inputs, told=told, contacted=ids, reached=reached)


def _messages(settings: Settings, audience: Audience) -> tuple[Message, ...]:
    """One message per offer and channel that somebody in the audience will get."""
    contacted = audience.contacted()
    pairs = sorted(set(zip(audience.offer[contacted], audience.channel[contacted], strict=True)))
    written = {o.name: o for o in settings.offers}
    messages = []
    for offer, channel in pairs:
        words = written.get(offer)
        subject = (words and words.subject) or f"{offer} from {settings.project.name}"
        html = _html(settings, words) if words else ""
        usual = catalogue.visible_text(html) if html else f"Hello,\n\n{settings.project.name} has an offer for you: {offer}.\n"
        text = (words and words.text) or usual
        messages.append(Message(offer, channel, settings.channels[channel].sender, subject, text, html))
    return tuple(messages)


def _html(settings: Settings, offer: OfferSettings) -> str:
    if offer.html_file is None:
        return offer.html or ""
    path = settings.folder / offer.html_file
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The html_file '{path}' of the offer '{offer.name}' cannot be read ({error}); give a UTF-8 text file.") from error


def _content(settings: Settings, run_id: str, thought: _Thought) -> ReportContent:
    return ReportContent(
        title=settings.project.name,
        run_id=run_id,
        created=datetime.now(tz=UTC).replace(tzinfo=None),
        currency=settings.project.currency,
        features=thought.features,
        segmentation=thought.segmentation,
        insight=thought.insight,
        choice=thought.choice,
        assignment=thought.assignment,
        audience=thought.audience,
        review=thought.result,
        tables=thought.tables.told(),
        trail=audit.signed_line(),
        seed=settings.project.seed,
    )


def _write(engine: Engine, thought: _Thought, content: ReportContent, folder: Path) -> None:
    names = {s.segment: s.name for s in thought.insight.segments}
    pq.write_table(outputs.customers(thought.features, thought.segmentation, names), folder / "customers.parquet")
    if thought.choice.asking is not None:
        outputs.write_asking(thought.features.customer_ids, thought.choice.asking, folder / ASKING)
    outputs.write_comparison(thought.segmentation, folder / "comparison.parquet")
    outputs.write_json(outputs.segments(thought.insight), folder / "segments.json")
    if thought.insight.opinions:
        outputs.write_json([outputs.plain(o) for o in thought.insight.opinions], folder / OPINIONS)
    outputs.write_json(outputs.recommendations(thought.choice.recommendations), folder / "recommendations.json")
    if thought.choice.proposals:
        outputs.write_json([outputs.plain(p) for p in thought.choice.proposals], folder / PROPOSALS)
    if thought.features.outcome is not None:
        outputs.write_json(outputs.accounting(thought.features.outcome), folder / ACCOUNTING)
    if thought.choice.effects:
        outputs.write_json([outputs.plain(e) for e in thought.choice.effects], folder / EFFECTS)
    outputs.write_audience(thought.audience, folder / "audience.parquet")
    outputs.write_quarantine(engine, thought.tables, folder / "quarantine")
    outputs.write_facts(engine, thought.audience, _explaining(thought.segmentation), folder / FACTS)
    (folder / MODEL).write_bytes(thought.segmentation.model or b"")
    # the report at the end needs everything but the matrices and the model
    slim = dataclasses.replace(
        content,
        features=dataclasses.replace(content.features, values=np.empty((0, 0))),
        segmentation=dataclasses.replace(content.segmentation, model=None, membership=None),
        choice=dataclasses.replace(content.choice, asking=None),
    )
    snapshot.save(slim, folder / SNAPSHOT)


def _facts(settings: Settings, run_id: str, thought: _Thought, watch: Stopwatch) -> dict[str, Any]:
    verdict = thought.segmentation.verdict
    return {
        "run_id": run_id,
        "netlift_version": netlift.__version__,
        "config_sha256": settings.sha256,
        "engine": settings.engine.name,
        "currency": settings.project.currency,
        "seed": settings.project.seed,
        "inputs": outputs.inputs(thought.tables),
        "health": [outputs.plain(figure) for figure in thought.tables.health],
        "seconds": watch.seconds,
        "verdict": {"structure": verdict.structure, "useful": verdict.useful, "reason": verdict.reason},
        "evidence": outputs.plain(verdict.evidence),
        "learnt": outputs.plain(thought.features.learnt),
        "model_sha256": hashlib.sha256(thought.segmentation.model or b"").hexdigest(),
        "customers": len(thought.features.customer_ids),
        "audience": thought.audience.counts(),
        "allocation": outputs.plain(thought.choice.allocated),
        "as_of": thought.features.as_of.isoformat(),
        "warnings": list(dict.fromkeys([*thought.features.notes, *thought.segmentation.warnings, *thought.choice.warnings])),
    }


def _explaining(found: Segmentation) -> tuple[str, ...]:
    """The features that say why a customer is in a segment: those the model needs, where there is one."""
    return segments.restored(found.model, sha256=hashlib.sha256(found.model).hexdigest()).inputs if found.model else found.inputs


def _contacts(engine: Engine) -> list[dict[str, str]]:
    rows = engine.arrow("SELECT * FROM contacts").to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
