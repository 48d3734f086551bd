"""What a survey says of all customers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine, Session
from netlift.engine.spark import SparkEngine
from netlift.insight.opinions import opinions
from netlift.records import Features, Opinion, Segmentation, TableInput, Tables, Verdict
from netlift.settings import EngineSettings
from tests.segments.generators import customers

N = 20_000


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def base(n: int) -> tuple[Features, Segmentation]:
    """Customers in three segments with money and recency of their own."""
    rng = np.random.default_rng(9)
    segment = rng.choice([1, 2, 3], n, p=[0.2, 0.3, 0.5])
    known = customers(np.column_stack([rng.lognormal(4 - segment, 0.5), rng.gamma(2, 10 * segment)]))
    named = tuple(dataclasses.replace(f, name=name) for f, name in zip(known.features, ("monetary", "recency"), strict=True))
    ids = np.array([f"c{i:06d}" for i in range(n)], dtype=object)
    known = dataclasses.replace(known, features=named, customer_ids=ids, as_of=datetime(2026, 5, 1))  # noqa: DTZ001 - local
    nothing = np.zeros(n)
    found = Segmentation(Verdict("natural", True, "", {}), (), "kmeans", segment, nothing, nothing, nothing, np.full(n, ""), ())
    return known, found


def ask(session: Session, known: Features, found: Segmentation, **columns: Any) -> dict[tuple[str, str | None], Opinion]:
    """What is said of all, by question and answer; `columns` are those of the table survey."""
    session.register("survey", pa.table(columns))
    told = dict.fromkeys(columns, "text")
    tables = Tables((TableInput("survey", "x", 1, 1, 0, 0, "", told),))
    said = opinions(known, found, tables, session=session, time_zone="Europe/Berlin")
    return {(o.question, o.answer): o for o in said}


def test_raked_answers_speak_for_everybody(engine: Engine) -> None:
    """The keen segment answers five times as often: raw shares are far off, and the weighted interval holds the truth."""
    known, found = base(N)
    rng = np.random.default_rng(10)
    keen = np.array([0, 0.8, 0.5, 0.1])[found.segment]
    likes = rng.random(N) < keen
    answered = rng.random(N) < np.array([0, 0.25, 0.1, 0.05])[found.segment]
    score = 10 * keen + rng.normal(size=N)
    rows = np.flatnonzero(answered)
    said = ask(
        engine,
        known,
        found,
        customer_id=np.tile(known.customer_ids[rows], 2).tolist(),
        question=["Would you come back?"] * len(rows) + ["How much?"] * len(rows),
        answer=[*np.where(likes[rows], "yes", "no").tolist(), *map(str, score[rows])],
    )
    yes, much = said["Would you come back?", "yes"], said["How much?", None]
    assert yes.raw > likes.mean() + 0.1
    assert yes.low < likes.mean() < yes.high
    assert yes.weighted == pytest.approx(likes.mean(), abs=0.03)
    assert (yes.answered, yes.customers) == (len(rows), likes[rows].sum())
    assert yes.weighted + said["Would you come back?", "no"].weighted == pytest.approx(1)
    assert much.raw > score.mean() + 1
    assert much.low < score.mean() < much.high
    assert yes.effective == much.effective < len(rows)


def crafted(session: Session) -> dict[tuple[str, str | None], Opinion]:
    """40 customers, two of whom answered twice, ticked two boxes, have no date, or answered after the date; in one segment."""
    known, found = base(40)
    found = dataclasses.replace(found, segment=np.ones(40, dtype=np.int64))
    known = dataclasses.replace(known, values=np.ones((40, 2)))
    c = known.customer_ids.tolist()
    rows: list[tuple[str, str, str | None, str | None, str | None, float | None]] = []
    rows += [(one, "Which?", "1", "tea", "2026-01-01", 1.0) for one in c[:30]]
    rows += [(c[30], "Which?", "1", "tea", "2026-01-01", 1.0), (c[30], "Which?", "2", "it's ?", "2026-02-01", 1.0)]
    rows += [(c[31], "Which?", "1", "tea", "2026-02-01", 1.0), (c[31], "Which?", "2", "it's ?", "2026-02-01", None)]
    rows += [(c[32], "Which?", "2", "it's ?", "2026-05-01 00:00:00", 1.0), (c[32], "Which?", "1", "tea", "2026-04-30 21:59:59", 3.0)]
    rows += [(c[33], "Which?", "2", "it's ?", None, 1.0), (c[34], "Which?", None, None, "2026-01-01", 1.0)]
    rows += [("stranger", "Which?", "2", "it's ?", "2026-01-01", 1.0), (c[35], "Which?", "2", "it's ?", "2026-01-01", 0.0)]
    rows += [(one, "Rarely asked?", "1", "yes", "2026-01-01", 1.0) for one in c[:29]]
    names = ("customer_id", "question", "answer", "label", "answered_at", "weight")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    columns["answered_at"] = pa.array(columns["answered_at"]).cast(pa.timestamp("us"))
    columns["measure"] = pa.array(["nominal"] * len(rows))
    return ask(session, known, found, **columns)


def test_the_latest_answers_before_the_date_count(engine: Engine) -> None:
    """By hand: 33 answered, of weight 35; 'it's ?' by who changed and who ticked both; nobody later, undated, unknown, of weight 0."""
    said = crafted(engine)
    assert {key: (o.answered, o.customers) for key, o in said.items()} == {
        ("Which?", "it's ?"): (33, 2),
        ("Which?", "tea"): (33, 32),
    }
    assert said["Which?", "it's ?"].raw == pytest.approx(2 / 33)
    assert said["Which?", "it's ?"].weighted == pytest.approx(2 / 35)
    assert said["Which?", "tea"].effective == pytest.approx(35**2 / (32 + 9))


def test_spark_reads_the_same_answers(engine: Engine) -> None:
    """Every figure equal on both engines."""
    with SparkEngine(EngineSettings(name="spark", master="local[2]")) as spark:
        assert crafted(spark) == crafted(engine)


def test_a_segment_that_is_silent_is_weighted_with_another(engine: Engine) -> None:
    """Nobody of segment 1 answered: no refusal, and the two others still weigh as many as they are."""
    known, found = base(2000)
    rows = np.flatnonzero((found.segment > 1) & (np.arange(2000) % 7 == 0))
    answer = np.where(found.segment[rows] == 2, "two", "three").tolist()
    said = ask(engine, known, found, customer_id=known.customer_ids[rows].tolist(), question=["?"] * len(rows), answer=answer)
    assert said["?", "three"].weighted == pytest.approx((found.segment == 3).mean(), abs=0.02)


def test_without_answers_nothing_is_said(engine: Engine) -> None:
    """No survey, and one that nobody answered."""
    known, found = base(50)
    assert opinions(known, found, Tables(()), session=engine, time_zone="UTC") == ()
    assert ask(engine, known, found, customer_id=["c000001"], question=["?"], answer=pa.array([None], pa.string())) == {}


def test_each_question_is_weighted_by_who_answered_it(engine: Engine) -> None:
    """A question put to keen customers alone neither bends the other one, which a fair sample answered, nor is called all customers'."""
    known, found = base(N)
    rng = np.random.default_rng(11)
    likes = rng.random(N) < np.array([0, 0.8, 0.5, 0.1])[found.segment]
    fair, keen = np.flatnonzero(rng.random(N) < 0.1), np.flatnonzero((found.segment == 1) & (rng.random(N) < 0.9))
    said = ask(
        engine,
        known,
        found,
        customer_id=known.customer_ids[np.concatenate([fair, keen])].tolist(),
        question=["fair"] * len(fair) + ["keen"] * len(keen),
        answer=np.where(likes[np.concatenate([fair, keen])], "yes", "no").tolist(),
        weight=[5.0] * len(fair) + [0.1] * len(keen),
    )
    assert said["fair", "yes"].low < likes.mean() < said["fair", "yes"].high
    assert said["fair", "yes"].missed < 0.02
    assert said["keen", "yes"].missed == pytest.approx((found.segment != 1).mean(), abs=0.05)
