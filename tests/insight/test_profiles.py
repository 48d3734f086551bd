"""Profiles and names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from netlift.engine import Engine
from netlift.insight import profiles
from netlift.records import Features, Floats, Ints
from tests.segments.generators import customers

RNG = np.random.default_rng(3)


def named(values: Floats, segment: Ints, *names: str) -> dict[int, str]:
    given = customers(values)
    features = tuple(dataclasses.replace(f, name=n) for f, n in zip(given.features, names, strict=True))
    given = dataclasses.replace(given, features=features, inputs=names)
    found = profiles.averages(given, segment)
    return profiles.names(given, names, {s: profiles.profile(given, names, found, segments=segment, segment=s) for s in found.by_segment})


def three() -> tuple[Features, Ints]:
    segment = np.repeat([1, 2, 3], 100)
    values = RNG.normal(size=(300, 3)) * 0.1 + np.array([[3, 0, 0], [0, 4, 0], [0.5, 0, 0.0]])[segment - 1]
    return customers(values), segment


def test_a_profile_stands_beside_the_base_in_units_and_standard_deviations() -> None:
    """Mean, base mean and their difference, inputs first."""
    values = np.column_stack([np.arange(10.0), np.repeat([0.0, 1.0], 5)])
    found = profiles.averages(customers(values), np.repeat([1, 2], 5))
    first, second = profiles.profile(customers(values), ("f1",), found, segments=np.repeat([1, 2], 5), segment=2)
    assert (first.feature, first.mean, first.base_mean, first.unit, first.difference) == ("f1", 1.0, 0.5, "points", 1.0)
    assert (second.feature, second.mean, second.base_mean) == ("f0", 7.0, 4.5)


def test_missing_values_are_left_out_of_means() -> None:
    """And a feature that nobody has does not break the profile."""
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    found = profiles.averages(customers(values), np.array([1, 1, 2]))
    traits = profiles.profile(customers(values), (), found, segments=np.array([1, 1, 2]), segment=1)
    assert (traits[0].mean, traits[0].base_mean) == (1.0, 2.0)
    assert np.isnan(traits[1].mean)
    assert traits[1].difference == 0
    assert [(t.enough, t.shrunk) for t in traits] == [(0.5, 0.0), (0.0, 0.0)]


def test_a_trait_tells_how_many_customers_it_rests_on() -> None:
    """Of four customers of a segment two have enough facts of a share, one few, one none: 50 % and 25 %."""
    given = customers(np.full((5, 1), 0.3))
    given = dataclasses.replace(
        given,
        features=(dataclasses.replace(given.features[0], group="category"),),
        sufficiency={"categories": np.array(["enough", "enough", "shrunk", "prior-only", "enough"], dtype=object)},
    )
    segment = np.array([1, 1, 1, 1, 2])
    found = profiles.averages(given, segment)
    (first,), (second,) = (profiles.profile(given, (), found, segments=segment, segment=s) for s in (1, 2))
    assert (first.enough, first.shrunk) == (0.5, 0.25)
    assert (second.enough, second.shrunk) == (1.0, 0.0)


def test_the_session_averages_as_memory_does() -> None:
    """By segment and of all, missing facts left out, NaN where nobody has one."""
    given, segment = three()
    values = np.column_stack([given.values, np.full(300, np.nan)])
    values[::7, 1] = np.nan
    given = customers(values)
    with Engine() as engine:
        columns = {f.name: pa.array(given.column(f.name)) for f in given.features}
        engine.register("features", pa.table({"customer_id": pa.array(given.customer_ids, pa.string()), **columns}))
        engine.register("assigned", pa.table({"customer_id": pa.array(given.customer_ids, pa.string()), "segment": segment}))
        found = profiles.averages_in(engine, given)
    expected = profiles.averages(given, segment)
    np.testing.assert_allclose(found.base, expected.base)
    np.testing.assert_allclose(found.sd, expected.sd)
    assert set(found.by_segment) == {1, 2, 3}
    for s, mean in expected.by_segment.items():
        np.testing.assert_allclose(found.by_segment[s], mean)
        np.testing.assert_allclose(found.known[s], expected.known[s])


def test_names_say_the_two_clearest_differences() -> None:
    """Degree, direction and feature; underscores read as spaces."""
    given, segment = three()
    names = named(given.values, segment, "days_since", "deals", "noise")
    assert names == {1: "High days since, low deals", 2: "High deals, low days since", 3: "Low deals, low days since"}


def test_a_name_does_not_say_the_same_twice() -> None:
    """Of two features that go together only the clearer one is used."""
    segment = np.repeat([1, 2], 100)
    spend = RNG.normal(size=200) + 3 * (segment == 1)
    deals = RNG.normal(size=200) + 1 * (segment == 2)
    names = named(np.column_stack([spend, spend * 2 + RNG.normal(size=200) * 0.1, deals]), segment, "spend", "spend_90d", "deals")
    assert "deals" in names[1]
    assert names[1].count("spend") == 1


def test_names_are_distinct_and_plain_segments_are_called_so() -> None:
    """Equal differences get a number; none at all is "close to average"."""
    segment = np.repeat([1, 2, 3], 100)
    values = RNG.normal(size=(300, 2)) * 0.1 + np.array([[1, 1], [1, 1], [-1, -1.0]])[segment - 1]
    values[:, 1] = RNG.permutation(300)
    assert len(set(named(values, segment, "a", "b").values())) == 3
    assert named(RNG.normal(size=(300, 1)), np.repeat([1, 2, 3], 100), "a")[2] == "Segment 2 (close to average)"
