"""The verb: compare, test, judge in money, choose, and assign everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from threadpoolctl import threadpool_limits

from netlift.errors import NotEnoughData
from netlift.records import Candidate, Features, Floats, Ints, Outcome, Progress, Segmentation, silent
from netlift.segments import algorithms, anomaly, plane, prep, screening, structure, usefulness, verdict
from netlift.segments import leaks as leaking
from netlift.segments.algorithms import Maker, Task
from netlift.segments.screening import Screened
from netlift.segments.structure import Structure
from netlift.segments.usefulness import Bools, Evidence, Money, Trial
from netlift.settings import Settings

FEWEST = 50  # customers
CUSTOMERS_PER_SEGMENT = 10  # on average, below which a number of segments is not tried
LARGEST_REFIT = 50_000
STARTS = 20  # random starts of the final fit: with fewer the result depends on luck

Which = tuple[str, int]  # algorithm and number of segments


def segment(settings: Settings, features: Features, progress: Progress = silent) -> Segmentation:
    """Compare all algorithms at every k, decide whether segments exist and pay, and give every customer one.

    Raises:
        SettingsError: an unknown algorithm is named.
        InputError: an input feature is unknown or infinite.
        NotEnoughData: too few customers, or no feature that differs between them.
    """
    # Thousands of small fits: threads and repeated checks cost more than the fits, and sums in one order are repeatable.
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        return _segment(settings, features, progress)


@dataclass(frozen=True, slots=True)
class _Study:
    """What is compared on whom; X are the scaled customers, (n, p)."""

    X: Floats
    columns: tuple[str, ...]
    makers: dict[str, Maker]
    ks: tuple[int, ...]
    seed: int
    asked_for: bool  # the settings leave one candidate

    def task(self, k: int, *, starts: int = 3) -> Task:
        return Task(k, self.columns, self.seed, starts)


def _segment(settings: Settings, features: Features, progress: Progress) -> Segmentation:
    wanted = settings.segments
    makers = algorithms.named(wanted.algorithms)
    ks, fewer = _numbers(wanted.k, len(features.customer_ids))
    scaling, remarks = prep.fit(features, settings.features.scale)
    alone = len(makers) == 1 and wanted.k[0] == wanted.k[1]
    study = _Study(scaling.apply(features.values), scaling.names, makers, ks, settings.project.seed, alone)

    screened, impossible = screening.screen(
        study.X, study.columns, makers=makers, ks=ks, seed=study.seed, progress=lambda share, doing: progress(0.3 * share, doing)
    )
    if not screened:
        raise NotEnoughData(f"No algorithm could make segments of these customers. {impossible[0]}")
    found = structure.examine(study.X, seed=study.seed, progress=lambda share, doing: progress(0.3 + 0.5 * share, doing))
    progress(0.8, "judging the candidates in money")
    money = None if features.outcome is None else usefulness.split(features.outcome, study.seed)
    trials = _trials(study, screened, money)
    chosen = _chosen(study, screened, found, trials)
    evidence = usefulness.report(trials[chosen], money, study.seed) if money is not None and chosen in trials else None
    circular, leaks = leaking.warnings(features, scaling.names, scaling.raw(features.values))
    decision = verdict.decide(found, money=money, evidence=evidence, asked_for=study.asked_for, circular=bool(circular))

    progress(0.9, "assigning every customer")
    offered = None if decision.structure == "none" else chosen
    reason = " ".join([decision.reason, *_preference(study, screened, offered, trials), *leaks])
    x, y = plane.fit(study.X).place(study.X)
    score = anomaly.scores(scaling.unclipped(features.values), study.seed)
    return Segmentation(
        verdict=dataclasses.replace(decision, reason=reason),
        comparison=tuple(_candidate(s, found.p, trials, chosen=offered, evidence=evidence) for s in screened),
        algorithm=offered[0] if offered else "",
        segment=_ordered(_refit(study, *offered), features) if offered else np.zeros(len(study.X), dtype=np.int64),
        x=x,
        y=y,
        anomaly_score=score,
        anomaly_reason=anomaly.reasons(score, scaling.raw(features.values), scaling.features),
        inputs=scaling.names,
        warnings=(*remarks, *fewer, *impossible, *circular, *leaks),
    )


def _numbers(bounds: tuple[int, int], n: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The numbers of segments to try, and a remark where the customers are too few for all of them."""
    needed = max(FEWEST, CUSTOMERS_PER_SEGMENT * bounds[0])
    if n < needed:
        raise NotEnoughData(f"{n} customers are too few for {bounds[0]} segments: {needed} are needed, {needed - n} more.")
    most = min(bounds[1], n // CUSTOMERS_PER_SEGMENT)
    remark = f"More than {most} segments were not tried, because {n} customers leave fewer than {CUSTOMERS_PER_SEGMENT} in each."
    return tuple(range(bounds[0], most + 1)), (remark,) if most < bounds[1] else ()


def _trials(study: _Study, screened: Sequence[Screened], money: Money | None) -> dict[Which, Trial]:
    if money is None or not money.enough:
        return {}
    trials: dict[Which, Trial] = {}
    for s in screened:
        try:
            trials[s.algorithm, s.k] = usefulness.trial(
                study.X, money, name=s.algorithm, maker=study.makers[s.algorithm], task=study.task(s.k)
            )
        except NotEnoughData:  # possible on the sub-samples but not on this one: stays unjudged, NaN in the comparison
            continue
    return trials


def _chosen(study: _Study, screened: Sequence[Screened], found: Structure, trials: dict[Which, Trial]) -> Which | None:
    """What the settings fix; else what earns most; else, where there is structure, what shows it best; else nothing.

    Without money the number of segments is the one whose stability stands out most from the structureless copies,
    and the algorithm the one that is most stable there: stability alone would always choose too few segments. Cuts that are
    fixed beforehand look for no groups, so they are chosen only where nothing else was tried.
    """
    if study.asked_for:
        return screened[0].algorithm, screened[0].k
    earner = usefulness.best(trials)
    if earner is not None:
        return earner.algorithm, earner.k
    if not found.found:
        return None
    fitted = [s for s in screened if s.algorithm not in algorithms.FIXED_CUTS] or screened
    k = min({s.k for s in fitted}, key=lambda k: (abs(k - found.best_k), k))
    steadiest = max((s for s in fitted if s.k == k), key=lambda s: s.stability)
    return steadiest.algorithm, steadiest.k


def _preference(study: _Study, screened: Sequence[Screened], offered: Which | None, trials: dict[Which, Trial]) -> tuple[str, ...]:
    """Why the one that is offered and not one that is more stable, where there was a choice."""
    if offered is None or study.asked_for:
        return ()
    one = next(s for s in screened if (s.algorithm, s.k) == offered)
    steadiest = max(screened, key=lambda s: s.stability)
    if steadiest.stability <= one.stability:
        return ()
    return (verdict.preference(one, steadiest, earned=usefulness.best(trials) is not None),)


def _candidate(s: Screened, null_p: float, trials: dict[Which, Trial], *, chosen: Which | None, evidence: Evidence | None) -> Candidate:
    """A row of the comparison: the chosen one with what `report` says, the others with what `choose` says."""
    which = (s.algorithm, s.k)
    report = evidence if which == chosen else None
    value = report.value if report else trials[which].value if which in trials else None
    return Candidate(
        algorithm=s.algorithm,
        k=s.k,
        stability=s.stability,
        stability_null_p=null_p,
        silhouette=s.silhouette,
        usefulness=value.mean if value else np.nan,
        usefulness_low=value.low if value else np.nan,
        usefulness_high=value.high if value else np.nan,
        usefulness_p=report.p if report else np.nan,
        seconds=s.seconds,
        judged_on="report" if report else "choose" if value else "none",
        chosen=which == chosen,
    )


def _refit(study: _Study, name: str, k: int) -> Ints:
    """Labels of everybody by the chosen algorithm, fitted on as many customers as it can use."""
    X = study.X
    if len(X) > LARGEST_REFIT:
        X = X[np.sort(np.random.default_rng([study.seed, 71]).choice(len(X), LARGEST_REFIT, replace=False))]
    model = algorithms.fitted(study.makers[name], study.task(k, starts=STARTS), X)
    return algorithms.labels(model, study.X)


def _ordered(labels: Ints, features: Features) -> Ints:
    """Number the segments 1..k from the most valuable: by value, else by profit per contact, else by size."""
    present = np.unique(labels)
    rank = sorted(present, key=lambda c: _worth(labels == c, features), reverse=True)
    number = np.zeros(int(present.max()) + 1, dtype=np.int64)
    number[rank] = np.arange(1, len(rank) + 1)
    return number[labels]


def _worth(members: Bools, features: Features) -> tuple[float, float, int]:
    value = np.empty(0) if features.value is None else features.value[members]
    known = value[~np.isnan(value)]
    return float(known.mean()) if len(known) else -np.inf, _profit_per_contact(members, features.outcome), int(members.sum())


def _profit_per_contact(members: Bools, outcome: Outcome | None) -> float:
    if outcome is None or not outcome.contacts[members].sum():
        return -np.inf
    return float(outcome.profit()[members].sum() / outcome.contacts[members].sum())
