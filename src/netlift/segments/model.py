"""The frozen model of a segmentation: all that is needed to place, number and score a customer who was never seen.

Every figure depends on the customer and the model alone: the same to the bit alone, among a million, on DuckDB and on Spark.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pyarrow as pa

from netlift import snapshot
from netlift.engine import Session, quoted
from netlift.errors import InputError, Refused
from netlift.records import Features, Floats, Ints, Learnt, Texts
from netlift.segments import anomaly, attribution, landmarks, membership, plane, worth
from netlift.segments.anomaly import Half, Scorer
from netlift.segments.landmarks import Landmarks
from netlift.segments.partition import Cells, Encoded, Mixture, Nearest, Partition, Tree
from netlift.segments.plane import Plane
from netlift.segments.prep import Prep

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
    rather_than: int  # the segment that came next
    facts: tuple[Fact, ...]  # what adds most comes first
    start: float  # by how much the segment would win for the average customer

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

    prep: Prep  # its columns are 0..p-1: values hold exactly the inputs
    partition: Partition | None  # None where the verdict is none
    number: Ints  # (k,) the segment's number by label
    map: Plane | Landmarks
    scorer: Scorer
    grids: tuple[Floats, ...]  # by input: the distribution among the customers fitted on who have the fact
    missing: Floats  # (p,) share of the customers fitted on who lacked the fact
    doubt: Mixture | None = None  # whose posterior is the membership; None = the partition leaves no doubt
    learnt: Learnt = field(default_factory=Learnt)  # what the features of newer customers must be made with

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the features that `apply` needs, in its order."""
        return self.prep.names

    def apply(self, values: Floats) -> Assigned:
        """Segment, place, score and reason of any customers from their inputs, (n, p), NaN where a fact is missing.

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
        X = self.prep.apply(values)
        segment = np.zeros(len(X), dtype=np.int64) if self.partition is None else self.number[self.partition.assign(X)]
        score = self.scorer.score(self.prep.unclipped(values))
        reason = anomaly.reasons(score, self.prep.raw(values), self.prep.features, grids=self.grids)
        return Assigned(segment, *self.map.place(X), score, reason, self._membership(X))

    def _membership(self, X: Floats) -> Floats:
        if self.partition is None:
            return np.empty((len(X), 0))
        by_label = membership.probability(self.partition, self.doubt, X, len(self.number))
        return np.ascontiguousarray(by_label[np.argsort(self.number)].T)

    def why(self, values: Floats) -> Why:
        """Why one customer, of inputs (p,), is in his segment.

        Raises:
            Refused: the model has no segments.
        """
        if self.partition is None:
            raise Refused("The verdict of this run was that there are no segments, so that there is no reason to be in one.")
        found = attribution.attribute(self.partition, self.prep.apply(values[None]))
        segment, rather_than = (int(self.number[label[0]]) for label in (found.label, found.runner_up))
        facts = [
            Fact(feature.name, None if np.isnan(value) else float(value), feature.unit, float(adds))
            for feature, value, adds in zip(self.prep.features, values, found.added[0], strict=True)
        ]
        return Why(segment, rather_than, tuple(sorted(facts, key=lambda fact: -fact.adds)), float(found.start[0]))

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


KINDS = (Model, Prep, Plane, Landmarks, Scorer, Half, Nearest, Mixture, Tree, Cells, Encoded)  # all that may be in a stored model


def fit(features: Features, scaling: Prep, *, partition: Partition | None, k: int, seed: int, neighbours: bool = False) -> Model:
    """Freeze a segmentation into k labels of customers whose values are all at hand; its map keeps `neighbours` or is a plane."""
    X = scaling.apply(features.values)
    kept = features.values[:, list(scaling.columns)]
    return Model(
        prep=replace(scaling, columns=tuple(range(len(scaling.columns)))),
        partition=partition,
        number=np.empty(0, dtype=np.int64) if partition is None else worth.numbers(partition.assign(X), features, k),
        map=landmarks.fit(X, seed=seed) if neighbours and len(X) >= landmarks.FEWEST and X.shape[1] > 1 else plane.fit(X),
        scorer=anomaly.fit(scaling.unclipped(features.values), seed=seed),
        grids=tuple(anomaly.grid(column[~np.isnan(column)]) for column in kept.T),
        missing=np.isnan(kept).mean(axis=0),
        doubt=None if partition is None else membership.fit(partition, X),
        learnt=features.learnt,
    )


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
    belongs = found["membership"].combine_chunks().flatten().to_numpy().reshape(len(found), len(model.number))
    return Assigned(segment, x, y, score, reason.astype(object), belongs)
