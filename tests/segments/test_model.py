"""The frozen model: whoever is asked about, alone or among others, now or from a file."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.errors import InputError, Refused
from netlift.records import Features, Floats
from netlift.segments import algorithms, cut, model, prep
from netlift.segments.algorithms import ALGORITHMS
from netlift.segments.model import Model
from netlift.segments.task import Task
from tests.segments.generators import customers

N = 900


def values(n: int, seed: int) -> Floats:
    """Heavy tails, a share, a kind, and missing facts."""
    rng = np.random.default_rng(seed)
    group = rng.integers(4, size=n)
    x = np.column_stack([rng.lognormal(group, 0.3), rng.beta(1 + group, 2), group % 2 + rng.normal(0, 0.1, n), rng.integers(2, size=n)])
    x[rng.random(n) < 0.05, 1] = np.nan
    return np.asarray(x, dtype=np.float64)


@pytest.fixture(scope="module")
def known() -> Features:
    given = customers(values(N, 1), value=values(N, 1)[:, 0])
    names = ("recency", "frequency", "monetary", "member")
    features = [dataclasses.replace(f, name=name) for f, name in zip(given.features, names, strict=True)]
    features[0], features[1] = dataclasses.replace(features[0], scale="log"), dataclasses.replace(features[1], scale="logit")
    return dataclasses.replace(given, features=tuple(features), inputs=names)


def frozen(known: Features, name: str) -> Model:
    scaling, _ = prep.fit(known, "auto")
    X = scaling.apply(known.values)
    task = Task((4,), scaling.names, 7, profit=np.where(np.arange(N) % 2, known.values[:, 0], np.nan))
    return model.fit(known, scaling, [cut.of(scaling, algorithms.fitted(ALGORITHMS[name], X, task)[4], X, 4)], seed=7)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_customer_is_the_same_alone_in_a_crowd_and_from_a_file(known: Features, name: str) -> None:
    """Segment, place, score and reason, to the bit, by every algorithm: alone, in a batch, beside giants, after storing."""
    fitted = frozen(known, name)
    stored = fitted.stored()
    loaded = model.restored(stored, sha256=hashlib.sha256(stored).hexdigest())
    crowd = np.vstack([values(12_345, 2), np.full((1, 4), 1e12)])
    among = fitted.apply(crowd)
    assert set(among.segment) <= {1, 2, 3, 4}
    for row in range(0, 12_000, 400):
        alone = loaded.apply(crowd[row : row + 1])
        for field in dataclasses.fields(alone):
            np.testing.assert_array_equal(getattr(alone, field.name)[0], getattr(among, field.name)[row], field.name)
    assert loaded.stored() == stored


def test_segments_are_numbered_by_value(known: Features) -> None:
    """1 is the most valuable."""
    segment = frozen(known, "kmeans").apply(known.values).segment
    means = [known.values[segment == s, 0].mean() for s in (1, 2, 3, 4)]
    assert means == sorted(means, reverse=True)


def test_without_segments_everybody_is_0_and_has_a_place(known: Features) -> None:
    """The verdict none is frozen too."""
    scaling, _ = prep.fit(known, "auto")
    made = model.fit(known, scaling, [cut.of(scaling, None, known.values, 0)], seed=7).apply(known.values)
    assert (made.segment == 0).all()
    assert np.isfinite(made.x).all()


def test_a_changed_model_is_refused(known: Features) -> None:
    """One bit is enough; the sentence shows both hashes."""
    stored = frozen(known, "kmeans").stored()
    kept = hashlib.sha256(stored).hexdigest()
    with pytest.raises(Refused, match=rf"SHA-256 [0-9a-f]{{12}}…, and {kept[:12]}… was kept with its run: it was changed"):
        model.restored(stored[:-1] + bytes([stored[-1] ^ 1]), sha256=kept)


def test_an_infinite_fact_is_named(known: Features) -> None:
    """It would be nobody's neighbour."""
    with pytest.raises(InputError, match="'frequency' is infinite"):
        frozen(known, "kmeans").apply(np.array([[1.0, np.inf, 1.0, 1.0]]))


def test_the_session_gives_what_the_model_gives(known: Features) -> None:
    """Everybody in the table `features`, in the order asked for, missing facts and all."""
    fitted = frozen(known, "gaussian_mixture_full")
    with Engine() as engine:
        columns = {f.name: pa.array(known.column(f.name), from_pandas=True) for f in known.features}
        engine.register("features", pa.table({"customer_id": pa.array(known.customer_ids, pa.string()), **columns}))
        found = model.assigned(engine, fitted, known.customer_ids)
        kept = engine.rows("SELECT count(*), count(DISTINCT segment) FROM assigned")
    expected = fitted.apply(known.values)
    for field in dataclasses.fields(expected):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))
    assert kept == [(N, 4)]
