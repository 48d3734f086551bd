"""One study: compare, test, judge in money and choose, for all customers or those of one stage of life."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import Candidate, Features, Floats, Ints, Progress, Segmentation
from netlift.segments import algorithms, luck, prep, screening, structure, usefulness, verdict
from netlift.segments import cut as cuts
from netlift.segments import leaks as leaking
from netlift.segments.algorithms import Algorithm
from netlift.segments.cut import Cut
from netlift.segments.partition import Partition
from netlift.segments.prep import Prep
from netlift.segments.screening import Screened
from netlift.segments.structure import Structure
from netlift.segments.task import Task
from netlift.segments.usefulness import Evidence, Money, Trial
from netlift.settings import Settings

FEWEST = 50  # customers
CUSTOMERS_PER_SEGMENT = 10  # on average, below which a number of segments is not tried
LARGEST_REFIT = 20_000
STARTS = 20  # random starts of the final fit: with fewer the result depends on luck
AGAIN = 5  # starts of a fit on a resample, which is to tell luck

Which = tuple[str, int]  # algorithm and number of segments


@dataclass(frozen=True, slots=True)
class Studied:
    """What was found, still without what it says of each customer."""

    found: Segmentation
    scaling: Prep
    cut: Cut
    judged: Partition | None  # what was judged in money, fitted without the customers who judge; None = no segments


@dataclass(frozen=True, slots=True)
class _Study:
    """What is compared on whom; X are the scaled customers, (n, p)."""

    X: Floats
    task: Task
    algorithms: dict[str, Algorithm]
    asked_for: bool  # the settings leave one candidate


def study(settings: Settings, features: Features, money: Money | None, progress: Progress) -> Studied:
    """Study customers whose values are all at hand, judged by `money`, which is of them.

    Raises:
        SettingsError: an unknown algorithm is named.
        InputError: an input feature is unknown or infinite.
        NotEnoughData: too few customers, or no feature that differs between them.
    """
    wanted, seed = settings.segments, settings.project.seed
    tried = algorithms.named(wanted.algorithms)
    ks, fewer = _numbers(wanted.k, len(features.customer_ids))
    scaling, remarks = prep.fit(features, settings.features.scale)
    task = Task(ks, scaling.names, seed, profit=None if money is None else money.visible)
    asked = _Study(scaling.apply(features.values), task, tried, len(tried) == 1 and wanted.k[0] == wanted.k[1])

    screened, impossible = screening.screen(asked.X, task, algorithms=tried, progress=lambda share, doing: progress(0.3 * share, doing))
    if not screened:
        raise NotEnoughData(f"No algorithm could make segments of these customers. {impossible[0]}")
    found = structure.examine(asked.X, seed=seed, progress=lambda share, doing: progress(0.3 + 0.5 * share, doing))
    progress(0.8, "judging the candidates in money")
    trials = _trials(asked, screened, money)
    chosen = _chosen(asked, screened, found, trials)
    evidence = usefulness.report(trials[chosen], asked.X, money, seed=seed) if money is not None and chosen in trials else None
    circular, leaks = leaking.warnings(features, scaling.names, scaling.raw(features.values))
    decision = verdict.decide(found, money=money, evidence=evidence, asked_for=asked.asked_for, circular=bool(circular))

    offered = None if decision.structure == "none" else chosen
    reason = " ".join([decision.reason, *_preference(asked, screened, offered, trials), *leaks])
    nobody, nothing = np.empty(0), np.empty(0, dtype=np.int64)
    segmentation = Segmentation(
        verdict=dataclasses.replace(decision, reason=reason),
        comparison=tuple(_candidate(s, found.p, trials, chosen=offered, evidence=evidence) for s in screened),
        algorithm=offered[0] if offered else "",
        segment=nothing,
        x=nobody,
        y=nobody,
        anomaly_score=nobody,
        anomaly_reason=nothing.astype(object),
        inputs=scaling.names,
        warnings=(
            *remarks,
            *fewer,
            *(impossible if wanted.algorithms else ()),
            *circular,
            *leaks,
            *_made_of_answers(offered, known=bool(circular or leaks)),
        ),
    )
    if offered is None:
        return Studied(segmentation, scaling, cuts.of(scaling, None, asked.X, 0), None)
    progress(0.9, "fitting the chosen segments, and again on resamples")
    partition, by_luck = _fitted(asked, offered)
    judged = trials[offered].partition if offered in trials else partition
    segmentation = dataclasses.replace(segmentation, warnings=(*segmentation.warnings, *_tiny(partition.assign(asked.X))))
    return Studied(segmentation, scaling, cuts.of(scaling, partition, asked.X, offered[1], luck=by_luck), judged)


def _numbers(bounds: tuple[int, int], n: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The numbers of segments to try, and a remark where the customers are too few for all of them."""
    needed = max(FEWEST, CUSTOMERS_PER_SEGMENT * bounds[0])
    if n < needed:
        raise NotEnoughData(f"Customers: {n} found, and {needed} are needed for {bounds[0]} segments; add {needed - n} more.")
    most = min(bounds[1], n // CUSTOMERS_PER_SEGMENT)
    remark = f"More than {most} segments were not tried, because {n} customers leave fewer than {CUSTOMERS_PER_SEGMENT} in each."
    return tuple(range(bounds[0], most + 1)), (remark,) if most < bounds[1] else ()


def _trials(study: _Study, screened: Sequence[Screened], money: Money | None) -> dict[Which, Trial]:
    if money is None or not money.enough:
        return {}
    trials: dict[Which, Trial] = {}
    for name in dict.fromkeys(s.algorithm for s in screened):
        task = dataclasses.replace(study.task, ks=tuple(s.k for s in screened if s.algorithm == name))
        try:
            trials |= usefulness.trials(study.X, money, name=name, algorithm=study.algorithms[name], task=task)
        except NotEnoughData:  # possible on the sub-samples but not on this one: stays unjudged, NaN in the comparison
            continue
    return trials


def _chosen(study: _Study, screened: Sequence[Screened], found: Structure, trials: dict[Which, Trial]) -> Which | None:
    """What the settings fix; else what earns most; else, where there is structure, what shows it best; else nothing.

    Without money the number of segments is the one whose agreement stands out most from the structureless copies,
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
    fitted = [s for s in screened if s.algorithm not in algorithms.NO_GROUPS] or screened
    k = min({s.k for s in fitted}, key=lambda k: (abs(k - found.best_k), k))
    steadiest = max((s for s in fitted if s.k == k), key=lambda s: s.stability)
    return steadiest.algorithm, steadiest.k


def _preference(study: _Study, screened: Sequence[Screened], offered: Which | None, trials: dict[Which, Trial]) -> tuple[str, ...]:
    """Why the one that is offered and not one that is more stable, where there was a choice."""
    if offered is None or study.asked_for:
        return ()
    one = next(s for s in screened if (s.algorithm, s.k) == offered)
    steadiest = max(screened, key=lambda s: s.stability)
    if round(steadiest.stability, 2) <= round(one.stability, 2):
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


def _tiny(labels: Ints) -> tuple[str, ...]:
    sizes = np.bincount(labels)
    tiny = [int(size) for size in sizes if 0 < size < usefulness.SMALLEST_SHARE * len(labels)]
    if not tiny:
        return ()
    said = f"{len(tiny)} segments hold" if len(tiny) > 1 else "One segment holds"
    share = f"fewer than {usefulness.SMALLEST_SHARE:.0%} of the customers (the smallest {min(tiny):,})"
    return (f"{said} {share}: too few to be treated as a group; look at them as unusual customers instead.",)


def _made_of_answers(offered: Which | None, *, known: bool) -> tuple[str, ...]:
    if offered is None or offered[0] not in algorithms.MADE_OF_ANSWERS:
        return ()
    remark = "The segments were cut by the answers of some of these customers, so response and profit per segment are a little too good" + (
        "." if known else "; the gain in the verdict is not, because it was measured on others."
    )
    return (remark,)


def _fitted(study: _Study, offered: Which) -> tuple[Partition, Floats]:
    """The chosen algorithm fitted on as many customers as it can use, and who moves by luck (luck.py).

    Raises:
        NotEnoughData: what could be made of parts of the customers cannot be made of all.
    """
    name, k = offered
    rows = np.arange(len(study.X))
    if len(rows) > LARGEST_REFIT:
        rows = np.sort(np.random.default_rng([study.task.seed, 71]).choice(len(rows), LARGEST_REFIT, replace=False))

    def fit(some: Ints, starts: int) -> Partition | None:
        task = dataclasses.replace(study.task.of(some), ks=(k,), starts=starts)
        try:
            return algorithms.fitted(study.algorithms[name], study.X[some], task).get(k)
        except NotEnoughData:
            return None

    partition = fit(rows, STARTS)
    if partition is None:
        raise NotEnoughData(f"{name} makes {k} segments of parts of these customers but not of all; choose another algorithm or number.")
    return partition, luck.floor(partition, study.X[rows], k, lambda drawn: fit(rows[drawn], AGAIN), seed=study.task.seed)
