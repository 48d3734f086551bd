"""Segments within stages of life: each studied by itself, numbered together, frozen together."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from netlift.errors import Refused
from netlift.records import Features, Learnt, Segmentation
from netlift.segments import model, restored, segment, usefulness
from netlift.segments.model import Model
from tests.segments.generators import customers
from tests.segments.getallmart import settings

N = 900
LOST, ACTIVE, NEW = 4.0, 2.0, 1.0
WANTED = settings(k=[2, 3], algorithms=["kmeans", "ward"], lifecycle=True)


def made(seed: int, *, answers: bool = True) -> Features:
    """600 active customers in two groups far apart, of whom one answers; 280 lost in one cloud; 20 new."""
    rng = np.random.default_rng(seed)
    stage = np.repeat([ACTIVE, LOST, NEW], [600, 280, 20])
    group = (np.arange(N) % 2) * (stage == ACTIVE)
    x = rng.normal(0, 1, (N, 4)) + 6 * group[:, None]
    chance = np.where(group == 1, 0.4, 0.02)
    responses = (rng.random(N) < chance).astype(np.int64)
    given = customers(
        np.column_stack([x, stage]),
        contacts=np.ones(N, dtype=np.int64) if answers else None,
        responses=responses if answers else None,
        value=x[:, 0] - 3 * (stage == LOST),
    )
    lifecycle = dataclasses.replace(given.features[-1], name="lifecycle", clustered=False)
    names = given.inputs[:-1]
    return dataclasses.replace(given, features=(*given.features[:-1], lifecycle), inputs=names, learnt=Learnt(lifecycle=(30.0, 60.0)))


@pytest.fixture(scope="module")
def features() -> Features:
    return made(1)


@pytest.fixture(scope="module")
def found(features: Features) -> Segmentation:
    return segment(WANTED, features)


def of_stage(features: Features, found: Segmentation, stage: float) -> list[int]:
    return sorted(np.unique(found.segment[features.column("lifecycle") == stage]).tolist())


def frozen(found: Segmentation) -> Model:
    assert found.model
    return restored(found.model, sha256=hashlib.sha256(found.model).hexdigest())


def test_groups_are_found_in_the_stage_that_has_them(features: Features, found: Segmentation) -> None:
    """The active are two segments, the cloud of the lost is one, and so are the few new; no segment is of two stages."""
    assert [len(of_stage(features, found, s)) for s in (ACTIVE, LOST, NEW)] == [2, 1, 1]
    numbers = [n for s in (ACTIVE, LOST, NEW) for n in of_stage(features, found, s)]
    assert sorted(numbers) == [1, 2, 3, 4]
    assert {n: found.stages[n] for n in of_stage(features, found, ACTIVE)} == dict.fromkeys(of_stage(features, found, ACTIVE), "active")
    assert found.stages[of_stage(features, found, LOST)[0]] == "lost"


def test_segments_are_numbered_by_value_over_all_stages(features: Features, found: Segmentation) -> None:
    """1 is the most valuable of all."""
    assert features.value is not None
    means = [features.value[found.segment == s].mean() for s in (1, 2, 3, 4)]
    assert means == sorted(means, reverse=True)


def test_the_verdict_says_it_is_a_rule_and_what_the_two_levels_earn(found: Segmentation) -> None:
    """In one sentence each; here stages add nothing, because the groups alone drive the answers."""
    said = found.verdict.reason
    assert "stage of life, which is a rule and no finding (20 new, 600 active, 280 lost)" in said
    assert "active 2 segments (natural); lost one segment (no more were proven)" in said
    assert "new one segment (too few to look for more)" in said
    assert found.verdict.structure == "constructed"
    assert found.verdict.useful
    assert "Beside segments of everybody without stages they gained" in said
    assert {c.stage for c in found.comparison} == {"", "active", "lost"}
    assert [c.stage for c in found.comparison if c.chosen] == ["active"]


def test_a_customer_never_seen_gets_the_segment_of_his_stage(features: Features, found: Segmentation) -> None:
    """The frozen model tells the same alone, in a crowd and for its own customers; lapsing, whom nobody was, go with the nearest stage."""
    kept = frozen(found)
    values = np.column_stack([features.column(name) for name in kept.inputs])
    told = kept.apply(values)
    np.testing.assert_array_equal(told.segment, found.segment)
    assert [int(kept.apply(row[None]).segment[0]) for row in values[::90]] == found.segment[::90].tolist()
    at = kept.inputs.index("lifecycle")
    lapsing = values[features.column("lifecycle") == LOST][:5].copy()
    lapsing[:, at] = 3.0
    assert set(kept.apply(lapsing).segment.tolist()) <= {*of_stage(features, found, ACTIVE)}
    np.testing.assert_allclose(told.membership.sum(axis=1), 1)
    np.testing.assert_array_equal(told.membership.argmax(axis=1) + 1, found.segment)


def test_why_names_the_stage_where_that_is_all(features: Features, found: Segmentation) -> None:
    """The active learn which features decided; the lost that it was their stage."""
    kept = frozen(found)
    values = np.column_stack([features.column(name) for name in kept.inputs])
    why = kept.why(values[0])
    assert {why.segment, why.rather_than} == set(of_stage(features, found, ACTIVE))
    with pytest.raises(Refused, match=r"as all are whose stage of life is 'lost'\.$"):
        kept.why(values[700])


def test_without_money_nothing_is_called_useful() -> None:
    """The stages are told, and that no money judges them."""
    verdict = segment(WANTED, made(2, answers=False)).verdict
    assert not verdict.useful
    assert "there is no outcome data" in verdict.reason


def test_the_money_of_some_is_that_of_all(features: Features) -> None:
    """A customer who judges among all judges in his stage, and is nowhere else."""
    assert features.outcome is not None
    money, rows = usefulness.split(features.outcome, 7), np.arange(600, 880)
    part = money.of(rows)
    for name in ("fit", "choose", "report", "never_contacted"):
        assert sorted(rows[getattr(part, name)].tolist()) == sorted(set(getattr(money, name).tolist()) & set(rows.tolist()))
    np.testing.assert_array_equal(part.profit, money.profit[rows])


def test_the_map_and_anomalies_do_not_know_the_stage(found: Segmentation) -> None:
    """They are of the facts; the stage is asked for beside them."""
    kept = frozen(found)
    assert kept.inputs[-1] == model.STAGE
    assert model.STAGE not in kept.prep.names
