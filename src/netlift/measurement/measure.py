"""The verb: the lift of past campaigns from tables alone."""

from __future__ import annotations

from dataclasses import dataclass

from netlift import plugins
from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.measurement import past as past_campaigns
from netlift.measurement import profit as profits
from netlift.measurement.estimators import ESTIMATORS, Estimator, Level
from netlift.measurement.figure import FEW, Figure
from netlift.measurement.past import ANY, Past
from netlift.measurement.remarks import remarks
from netlift.measurement.sentence import believed, sentence
from netlift.measurement.summaries import Summaries
from netlift.measurement.summarise import summarise
from netlift.records import Estimate, Measurement, Progress, Tables, silent
from netlift.settings import Settings

NOT_RANDOMISED = "The lists were not drawn at random: part of the difference may be who was chosen, not what the campaign did."


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every estimate is made of: the sums, what the contacts cost, and what the tables leave in doubt."""

    summaries: Summaries
    spend: profits.Spend
    remarks: tuple[str, ...]


def measure(settings: Settings, engine: Session, tables: Tables, progress: Progress = silent) -> Measurement:
    """All estimators over all campaigns, each type and each campaign, and which one to believe.

    Days are calendar days in the project's time zone. Sales count from the first local day in the data to the last, which is
    left out where the data end in the middle of it.

    Raises:
        InputError: a table is missing or its campaigns, dates or ids are wrong.
        NotEnoughData: there are no sales, or no campaign falls on days with sales.
    """
    progress(0.0, "campaigns and days")
    past = past_campaigns.read(engine, tables)
    summaries = summarise(engine, tables, past, progress)
    progress(0.9, "lift")
    remarked = remarks(engine, tables, zone=settings.project.time_zone)
    seen = _Seen(summaries, profits.read(settings, engine, tables, past), (*summaries.warnings, *remarked))
    table = plugins.table("estimators", ESTIMATORS)
    estimates = tuple(
        _estimate(name, estimator, seen, scope)
        for level in ("any", "type", "campaign")
        for scope in _scopes(past, level)
        for name, estimator in table.items()
        if level in estimator.levels
    )
    progress(1.0, "done")
    return Measurement(
        estimates=estimates,
        best=believed(estimates),
        sentence=sentence(summaries, estimates, holdout=settings.experiment.holdout),
        start=past.start,
        end=past.end,
    )


def _scopes(past: Past, level: Level) -> tuple[str, ...]:
    if level == "campaign":
        return tuple(c.campaign_id for c in past.campaigns)
    return (ANY,) if level == "any" else past.kinds


def _estimate(name: str, estimator: Estimator, seen: _Seen, scope: str) -> Estimate:
    """One estimate, or the reason why there is none."""
    summaries = seen.summaries
    try:
        figure = estimator.figure(summaries, scope)
    except NotEnoughData as reason:
        warnings = (f"cannot be estimated, because {reason}", *seen.remarks)
        return Estimate(scope, name, estimator.evidence, None, None, None, None, None, 0, estimator.comparison, warnings)
    return _record(name, estimator, seen, scope, figure)


def _record(name: str, estimator: Estimator, seen: _Seen, scope: str, figure: Figure) -> Estimate:
    past, evidence = seen.summaries.past, figure.evidence or estimator.evidence
    campaigns = past.scope(scope) if figure.campaigns is None else figure.campaigns
    sales, low, high = (figure.incremental(lift) for lift in (figure.lift, figure.low, figure.high))
    doubts = profits.doubts(seen.spend, past, campaigns)
    ids = [c.campaign_id for c in campaigns]
    earned = [None if doubts else profits.profit(seen.spend, s, ids) for s in (sales, low, high)]
    lots = () if evidence == "randomised" else (NOT_RANDOMISED,)
    return Estimate(
        scope=scope,
        estimator=name,
        evidence=evidence,
        lift=float(figure.lift),
        low=float(figure.low),
        high=float(figure.high),
        incremental_sales=sales,
        customers=figure.customers,
        comparison=estimator.comparison,
        warnings=(*_few(figure.customers), *figure.warnings, *lots, *(doubts if sales is not None else ()), *seen.remarks),
        incremental_low=low,
        incremental_high=high,
        **profits.told(*earned),
    )


def _few(customers: int) -> tuple[str, ...]:
    return (f"cannot tell, because {customers} customers are too few",) if customers < FEW else ()
