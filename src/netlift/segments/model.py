"""The frozen model of a segmentation: all that is needed to place, number and score a customer who was never seen.

Every figure depends on the customer and the model alone: the same to the bit alone, among a million, on DuckDB and on Spark.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pyarrow as pa

from netlift import snapshot
from netlift.engine import Session, quoted
from netlift.errors import InputError, Refused
from netlift.records import STAGES_OF_LIFE, Features, Floats, Ints, Learnt, Texts
from netlift.segments import anomaly, attribution, landmarks, plane, worth
from netlift.segments.anomaly import Half, Scorer
from netlift.segments.cut import Cut
from netlift.segments.landmarks import Landmarks
from netlift.segments.partition import Cells, Encoded, Mixture, Nearest, Tree
from netlift.segments.plane import Plane
from netlift.segments.prep import Prep

STAGE = "lifecycle"  # the feature that tells stages of life
CHUNK = 10_000  # customers computed at once: so many fit the processor's cache
ASSIGNED = pa.schema(
    [
        ("customer_id", pa.string()),
        ("segment", pa.int64()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("anomaly_score", pa.float64()),
        ("anomaly_reason", pa.string()),
        ("membership", pa.list_(pa.float64())),
    ]
)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a model says of n customers."""

    segment: Ints  # (n,) 1..k, 1 = most valuable; 0 where there are no segments
    x: Floats  # (n,) map coordinates; no unit
    y: Floats
    anomaly_score: Floats  # (n,) 0..1
    anomaly_reason: Texts  # (n,) "" for customers who are not unusual
    membership: Floats  # (n, k) P(segment 1), ..., P(segment k); (n, 0) where there are no segments


@dataclass(frozen=True, slots=True)
class Why:
    """Why one customer is in his segment rather than in another."""

    segment: int
    rather_than: int  # the segment that came next; the same where no single fact decides
    facts: tuple[Fact, ...]  # what adds most comes first
    start: float  # by how much the segment would win for the average customer
    rules: bool  # made by rules, which have no scale

    @property
    def total(self) -> float:
        """By how much the segment won."""
        return self.start + sum(fact.adds for fact in self.facts)


@dataclass(frozen=True, slots=True)
class Fact:
    """A feature of one customer, and what it adds to the decision (attribution.py)."""

    feature: str
    value: float | None  # None = missing
    unit: str
    adds: float


@dataclass(frozen=True, slots=True)
class Model:
    """Fitted once on the customers of a run."""

    inputs: tuple[str, ...]  # names of the features that `apply` needs, in its order; those of `prep` come first
    prep: Prep  # of the map and the anomaly score; its columns, and those of the cuts, refer to the inputs
    cuts: tuple[Cut, ...]  # one of everybody, or one for each stage of life
    map: Plane | Landmarks
    scorer: Scorer
    grids: tuple[Floats, ...]  # by input: the distribution among the customers fitted on who have the fact
    missing: Floats  # (inputs,) share of the customers fitted on who lacked the fact
    learnt: Learnt = field(default_factory=Learnt)  # what the features of newer customers must be made with

    @property
    def k(self) -> int:
        """The number of segments."""
        return sum(len(cut.number) for cut in self.cuts)

    @property
    def luck(self) -> Floats:
        """The largest share of a segment (rows) that was in another (columns) by another refit on a resample, (k, k); luck.py."""
        shares = np.zeros((self.k, self.k))
        for cut in self.cuts:
            shares[np.ix_(cut.number - 1, cut.number - 1)] = cut.luck
        return shares

    def apply(self, values: Floats) -> Assigned:
        """Segment, place, score and reason of any customers from their inputs, (n, inputs), NaN where a fact is missing.

        Raises:
            InputError: a value is infinite.
        """
        if np.isinf(values).any():
            name = self.inputs[int(np.isinf(values).any(axis=0).argmax())]
            raise InputError(
                f"The feature '{name}' is infinite for a customer; leave out impossible amounts, or use nullif in its divisor."
            )
        parts = [self._apply(values[start : start + CHUNK]) for start in range(0, max(len(values), 1), CHUNK)]
        return Assigned(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Assigned)))

    def _apply(self, values: Floats) -> Assigned:
        segment, belongs = np.zeros(len(values), dtype=np.int64), np.zeros((len(values), self.k))
        for number, cut in enumerate(self.cuts):
            rows = self.cut_of(values) == number
            segment[rows] = cut.segment(values[rows])
            belongs[np.ix_(rows, cut.number - 1)] = cut.membership(values[rows])
        score = self.scorer.score(self.prep.unclipped(values))
        reason = anomaly.reasons(score, self.prep.raw(values), self.prep.features, grids=self.grids[: len(self.prep.names)])
        return Assigned(segment, *self.map.place(self.prep.apply(values)), score, reason, belongs)

    def cut_of(self, values: Floats) -> Ints:
        """Which of the cuts each customer falls under, (n,): of a stage nobody was in, that of the nearest stage."""
        if len(self.cuts) == 1:
            return np.zeros(len(values), dtype=np.int64)
        stage = values[:, self.inputs.index(STAGE)]
        return np.asarray(np.abs(stage[:, None] - [cut.stage for cut in self.cuts]).argmin(axis=1), dtype=np.int64)

    def why(self, values: Floats) -> Why:
        """Why one customer, of inputs (inputs,), is in his segment.

        Raises:
            Refused: the model has no segments, or one alone of the customer's stage of life.
        """
        cut = self.cuts[int(self.cut_of(values[None])[0])]
        if cut.partition is None or cut.prep is None:
            if not len(cut.number):
                raise Refused("The verdict of this run was that there are no segments, so that there is no reason to be in one.")
            stage = "" if cut.stage < 0 else STAGES_OF_LIFE[cut.stage]
            raise Refused(f"The customer is in segment {cut.number[0]}, as all are whose stage of life is '{stage}'.")
        found = attribution.attribute(cut.partition, cut.prep.apply(values[None]))
        segment, rather_than = (int(cut.number[label[0]]) for label in (found.label, found.runner_up))
        facts = [
            Fact(feature.name, None if np.isnan(value) else float(value), feature.unit, float(adds))
            for feature, value, adds in zip(cut.prep.features, values[list(cut.prep.columns)], found.added[0], strict=True)
        ]
        return Why(
            segment,
            rather_than,
            tuple(sorted(facts, key=lambda fact: -fact.adds)),
            float(found.start[0]),
            isinstance(cut.partition, Tree | Cells),
        )

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Customers in columns customer_id and the inputs to rows of `ASSIGNED`: what `Session.apply` calls."""
        values = [batch[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in self.inputs]
        made = self.apply(np.column_stack(values))
        columns = [made.segment, made.x, made.y, made.anomaly_score, made.anomaly_reason, list(made.membership)]
        return pa.RecordBatch.from_arrays(
            [batch["customer_id"], *(pa.array(c, f.type) for c, f in zip(columns, list(ASSIGNED)[1:], strict=True))], schema=ASSIGNED
        )

    def stored(self) -> bytes:
        """The model as bytes: arrays and JSON, no pickle."""
        file = io.BytesIO()
        snapshot.save(self, file)
        return file.getvalue()


# all that may be in a stored model
KINDS = (Model, Cut, Prep, Plane, Landmarks, Scorer, Half, Nearest, Mixture, Tree, Cells, Encoded)


def fit(features: Features, scaling: Prep, cuts: Sequence[Cut], *, seed: int, neighbours: bool = False) -> Model:
    """Freeze the cuts of customers whose values are all at hand, numbered by value; the map keeps `neighbours` or is a plane."""
    inputs = list(dict.fromkeys([*scaling.names, *(name for cut in cuts if cut.prep for name in cut.prep.names)]))
    if len(cuts) > 1:
        inputs.append(STAGE)
    X = scaling.apply(features.values)
    kept = features.values[:, [[f.name for f in features.features].index(name) for name in inputs]]
    unnumbered = tuple(replace(cut, prep=cut.prep and _of_inputs(cut.prep, inputs)) for cut in cuts)
    made = Model(
        inputs=tuple(inputs),
        prep=_of_inputs(scaling, inputs),
        cuts=unnumbered,
        map=landmarks.fit(X, seed=seed) if neighbours and len(X) >= landmarks.FEWEST and X.shape[1] > 1 else plane.fit(X),
        scorer=anomaly.fit(scaling.unclipped(features.values), seed=seed),
        grids=tuple(anomaly.grid(column[~np.isnan(column)]) for column in kept.T),
        missing=np.isnan(kept).mean(axis=0),
        learnt=features.learnt,
    )
    return replace(made, cuts=_numbered(made, kept, features))


def _of_inputs(scaling: Prep, inputs: Sequence[str]) -> Prep:
    return replace(scaling, columns=tuple(inputs.index(name) for name in scaling.names))


def _numbered(made: Model, values: Floats, features: Features) -> tuple[Cut, ...]:
    """The cuts with the numbers of their segments among all, 1 = most valuable."""
    of, sizes = made.cut_of(values), [len(cut.number) for cut in made.cuts]
    first = np.cumsum([0, *sizes])
    labels = np.zeros(len(values), dtype=np.int64)
    for at, cut in enumerate(made.cuts):
        labels[of == at] = first[at] + cut.segment(values[of == at]) - 1
    numbers = worth.numbers(labels, features, int(first[-1]))
    return tuple(replace(cut, number=numbers[first[at] : first[at] + sizes[at]]) for at, cut in enumerate(made.cuts))


def restored(stored: bytes, *, sha256: str) -> Model:
    """Read what `Model.stored` gave, if it is that to the byte.

    Raises:
        Refused: the bytes are not those that were kept.
    """
    found = hashlib.sha256(stored).hexdigest()
    if found != sha256:
        raise Refused(f"The model has the SHA-256 {found[:12]}…, and {sha256[:12]}… was kept with its run: it was changed and is not used.")
    model: Model = snapshot.load(io.BytesIO(stored), KINDS)
    return model


def assigned(session: Session, model: Model, customer_ids: Texts) -> Assigned:
    """What a model says of all customers of the session's table `features`, in the order of customer_ids (n,).

    The session computes it, on Spark in the cluster, and keeps it as `assigned`.
    """
    wanted = ", ".join(["customer_id", *map(quoted, model.inputs)])
    session.apply("assigned", f"SELECT {wanted} FROM features", model.batch, schema=ASSIGNED)
    found = session.arrow("SELECT * FROM assigned ORDER BY customer_id")
    if found["customer_id"].to_pylist() != customer_ids.tolist():
        raise AssertionError("the table features does not hold the customers of the features")
    segment, x, y, score, reason = (found[name].to_numpy() for name in list(ASSIGNED.names)[1:-1])
    belongs = found["membership"].combine_chunks().flatten().to_numpy().reshape(len(found), model.k)
    return Assigned(segment, x, y, score, reason.astype(object), belongs)
