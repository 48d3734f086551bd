"""The verb: the lift of past campaigns from tables alone."""

from __future__ import annotations

from netlift import plugins
from netlift.engine import Session
from netlift.errors import NotEnoughData
from netlift.measurement import past as past_campaigns
from netlift.measurement.estimators import ESTIMATORS, Estimator, Level
from netlift.measurement.figure import FEW, Figure
from netlift.measurement.past import ANY, Past
from netlift.measurement.sentence import believed, sentence
from netlift.measurement.summaries import Summaries
from netlift.measurement.summarise import summarise
from netlift.records import Estimate, Measurement, Progress, Tables, silent
from netlift.settings import Settings

NOT_RANDOMISED = "The lists were not drawn at random: part of the difference may be who was chosen, not what the campaign did."


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
    table = plugins.table("estimators", ESTIMATORS)
    estimates = tuple(
        _estimate(name, estimator, summaries, scope)
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


def _estimate(name: str, estimator: Estimator, summaries: Summaries, scope: str) -> Estimate:
    """One estimate, or the reason why there is none."""
    try:
        figure = estimator.figure(summaries, scope)
    except NotEnoughData as reason:
        return _record(name, estimator, scope, None, (f"cannot be estimated, because {reason}", *summaries.warnings))
    return _record(name, estimator, scope, figure, (*_few(figure.customers), *figure.warnings, NOT_RANDOMISED, *summaries.warnings))


def _record(name: str, estimator: Estimator, scope: str, figure: Figure | None, warnings: tuple[str, ...]) -> Estimate:
    return Estimate(
        scope=scope,
        estimator=name,
        evidence=estimator.evidence,
        lift=None if figure is None else float(figure.lift),
        low=None if figure is None else float(figure.low),
        high=None if figure is None else float(figure.high),
        incremental_sales=None if figure is None else figure.incremental(figure.lift),
        incremental_profit=None,  # sales are not profit, and the margin is not known
        customers=0 if figure is None else figure.customers,
        comparison=estimator.comparison,
        warnings=warnings,
        incremental_low=None if figure is None else figure.incremental(figure.low),
        incremental_high=None if figure is None else figure.incremental(figure.high),
    )


def _few(customers: int) -> tuple[str, ...]:
    return (f"cannot tell, because {customers} customers are too few",) if customers < FEW else ()
