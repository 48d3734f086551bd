"""Two levels: stages of life by rule, then segments within each stage that has enough customers, studied by itself.

So no "segments" are found that only say again who bought lately. Customers are split once for all stages into those fitted on, those
chosen on and those that judge, and the two levels are judged beside segments of everybody on the same customers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlift.errors import NotEnoughData
from netlift.records import STAGES_OF_LIFE, Features, Floats, Ints, Progress, Segmentation, Verdict
from netlift.segments import usefulness, verdict
from netlift.segments.cut import Cut
from netlift.segments.model import STAGE
from netlift.segments.prep import Prep
from netlift.segments.study import Studied, study
from netlift.segments.usefulness import ONE_SIDED_95, Money
from netlift.settings import Settings


@dataclass(frozen=True, slots=True)
class _Stage:
    """The customers of one stage, by their rows, and what was found among them; None = too few to look."""

    code: int
    rows: Ints
    studied: Studied | None
    remark: str = ""

    @property
    def name(self) -> str:
        return STAGES_OF_LIFE[self.code]

    @property
    def k(self) -> int:
        """Segments: one where none were found."""
        return max(1, len(self.studied.cut.number)) if self.studied else 1

    @property
    def cut(self) -> Cut:
        if self.k == 1 or self.studied is None:
            return Cut(None, None, np.ones(1, dtype=np.int64), stage=self.code)
        return dataclasses.replace(self.studied.cut, stage=self.code)


def study_each(
    settings: Settings, features: Features, money: Money | None, progress: Progress
) -> tuple[Segmentation, Prep, tuple[Cut, ...]]:
    """Study everybody and each stage; the scaling is that of everybody.

    Raises:
        NotEnoughData: too few customers, or no feature that differs between them.
    """
    everybody = study(settings, features, money, lambda share, doing: progress(0.4 * share, doing))
    code, done, found = features.column(STAGE).astype(np.int64), 0, []
    for stage in np.unique(code):
        rows = np.flatnonzero(code == stage)
        begin, part = 0.4 + 0.6 * done / len(code), 0.6 * len(rows) / len(code)

        def told(share: float, doing: str, *, begin: float = begin, part: float = part, name: str = STAGES_OF_LIFE[stage]) -> None:
            progress(begin + part * share, f"{name}: {doing}")

        found.append(_studied(settings, features, money, int(stage), rows, told))
        done += len(rows)
    return _together(everybody, features, found, money, seed=settings.project.seed), everybody.scaling, tuple(s.cut for s in found)


def named(cuts: Sequence[Cut]) -> Mapping[int, str]:
    """The stage of life of each segment; empty where there is one cut of everybody."""
    return {int(number): STAGES_OF_LIFE[cut.stage] for cut in cuts if cut.stage >= 0 for number in cut.number}


def _studied(settings: Settings, features: Features, money: Money | None, code: int, rows: Ints, progress: Progress) -> _Stage:
    try:
        return _Stage(code, rows, study(settings, features.of(rows), None if money is None else money.of(rows), progress))
    except NotEnoughData as error:
        return _Stage(code, rows, None, str(error))


def _together(everybody: Studied, features: Features, found: Sequence[_Stage], money: Money | None, *, seed: int) -> Segmentation:
    decision = _decided(everybody, features, found, money, seed=seed)
    comparison = [dataclasses.replace(c, chosen=False) for c in everybody.found.comparison]
    comparison += [dataclasses.replace(c, stage=s.name) for s in found if s.studied for c in s.studied.found.comparison]
    remarks = [f"Stage '{s.name}': {s.studied.found.verdict.reason if s.studied else s.remark}" for s in found]
    used = dict.fromkeys(s.studied.found.algorithm for s in found if s.studied and s.k > 1)
    inputs = [*everybody.scaling.names, *(name for s in found if s.cut.prep for name in s.cut.prep.names)]
    return dataclasses.replace(
        everybody.found,
        verdict=decision,
        comparison=tuple(comparison),
        algorithm=", ".join(["lifecycle", *used]),
        inputs=tuple(dict.fromkeys(inputs)),
        warnings=(*everybody.found.warnings, *remarks),
    )


def _decided(everybody: Studied, features: Features, found: Sequence[_Stage], money: Money | None, *, seed: int) -> Verdict:
    sizes = ", ".join(f"{len(s.rows):,} {s.name}" for s in found)
    within = "; ".join(f"{s.name} {_within(s)}" for s in found)
    sentences = [f"Customers were told apart first by stage of life, which is a rule and no finding ({sizes}); then within each: {within}."]
    figures = {f"customers_stage_{s.code}": float(len(s.rows)) for s in found}
    limits = features.learnt.lifecycle
    if limits is not None:
        active, lapsing = (f"{days:.0f} days" for days in limits)
        told = f"Active or new is who bought in the last {active}, lapsing who did in the last {lapsing}"
        sentences.insert(1, f"{told}." if active != lapsing else f"{told}: the business's gaps are so alike that nobody is lapsing.")
        figures |= {"active_days": limits[0], "lapsing_days": limits[1]}
    if money is None or not money.enough:
        return Verdict("constructed", False, " ".join([*sentences, verdict.why_no_money(money)]), figures)
    labels, k = _labels(features, found)
    evidence = usefulness.judged(labels, money, k, seed=seed)
    sentences.append(verdict.money_in_words("constructed", evidence, money.accounting))
    sentences.append(_beside(labels, k, everybody, features, money))
    value = evidence.value
    figures |= {"value": value.mean, "value_low": value.low, "value_high": value.high, "value_p": evidence.p}
    return Verdict("constructed", evidence.useful, " ".join(sentences), figures)


def _within(stage: _Stage) -> str:
    if stage.studied is None:
        return "one segment (too few to look for more)"
    if stage.k == 1:
        return "one segment (no more were proven)"
    return f"{stage.k} segments ({stage.studied.found.verdict.structure})"


def _labels(features: Features, found: Sequence[_Stage]) -> tuple[Ints, int]:
    """A label of every customer, 0..k-1, by partitions that do not know the money that judges; and k."""
    labels, first = np.zeros(len(features.customer_ids), dtype=np.int64), 0
    for stage in found:
        labels[stage.rows] = first + _of(stage.studied if stage.k > 1 else None, features.values[stage.rows])
        first += stage.k
    return labels, first


def _of(studied: Studied | None, values: Floats) -> Ints:
    if studied is None or studied.judged is None:
        return np.zeros(len(values), dtype=np.int64)
    return studied.judged.assign(studied.scaling.apply(values))


def _beside(labels: Ints, k: int, everybody: Studied, features: Features, money: Money) -> str:
    """What the two levels gain over segments of everybody, on the same customers."""
    other = _of(everybody, features.values)
    (contact, _), (instead, _) = (usefulness.decisions(*of) for of in ((labels, money, k), (other, money, int(other.max()) + 1)))
    gain = money.profit[money.report] * (contact.astype(float) - instead.astype(float))
    mean, half = float(gain.mean()), ONE_SIDED_95 * float(gain.std() / np.sqrt(len(gain)))
    return (
        f"Beside segments of everybody without stages they gained {mean:+.2f} {money.accounting.currency} a customer more "
        f"(95 % bounds {mean - half:+.2f} to {mean + half:+.2f})."
    ).replace("-", "\N{MINUS SIGN}")
