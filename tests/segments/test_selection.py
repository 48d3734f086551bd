"""The verb of the stage."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from netlift.errors import NotEnoughData, SettingsError
from netlift.records import Features, Segmentation
from netlift.segments import segment
from tests.segments.generators import customers, scenario, structured, structureless
from tests.segments.getallmart import settings


@pytest.fixture(scope="module")
def features() -> Features:
    return dataclasses.replace(scenario("A", 1, n=1500), value=np.arange(1500.0))


@pytest.fixture(scope="module")
def found(features: Features) -> Segmentation:
    return segment(settings(k=[3, 5], algorithms=["kmeans", "gaussian_mixture"]), features)


def test_everybody_has_one_segment_ordered_by_value(features: Features, found: Segmentation) -> None:
    """Segments 1..k, the first with the highest mean value."""
    numbers = np.unique(found.segment)
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    assert features.value is not None
    means = [features.value[found.segment == s].mean() for s in numbers]
    assert means == sorted(means, reverse=True)


def test_groups_that_drive_response_are_natural_and_useful(found: Segmentation) -> None:
    """Scenario A of notes/segmentation.md 15.2."""
    assert (found.verdict.structure, found.verdict.useful) == ("natural", True)


def test_choosing_figures_are_never_called_report(found: Segmentation) -> None:
    """One row a candidate; only the chosen one carries report figures and a p."""
    assert len(found.comparison) == 6
    chosen = [c for c in found.comparison if c.chosen]
    assert [(c.judged_on, c.algorithm) for c in chosen] == [("report", found.algorithm)]
    assert chosen[0].usefulness == found.verdict.evidence["value"]
    assert all(c.judged_on == "choose" and np.isnan(c.usefulness_p) for c in found.comparison if not c.chosen)


def test_map_and_anomaly_are_given_to_everybody(features: Features, found: Segmentation) -> None:
    """One place, one score and one text each; a text only for the most unusual."""
    n = len(features.customer_ids)
    assert found.x.shape == found.y.shape == found.anomaly_score.shape == found.anomaly_reason.shape == (n,)
    assert np.isfinite(found.x).all()
    assert all(bool(r) == (s >= 0.95) for r, s in zip(found.anomaly_reason, found.anomaly_score, strict=True))


def test_the_outcome_as_an_input_is_said_aloud(features: Features) -> None:
    """A derived input that knows the answers, by flag."""
    tainted = dataclasses.replace(
        features, features=(dataclasses.replace(features.features[0], uses_response=True), *features.features[1:])
    )
    with_warning = segment(settings(k=[4, 4], algorithms=["kmeans"]), _first(tainted, 400))
    assert "The outcome that judges the segments (test campaign) is also an input (f0)" in with_warning.warnings[0]
    assert "too good" in with_warning.verdict.reason


def test_a_cloud_without_money_gets_no_segments() -> None:
    """Everybody in segment 0, no row chosen, map and score still there, and the reason says why."""
    found = segment(settings(k=[2, 3]), customers(structureless("gauss", 101, n=400)))
    assert (found.verdict.structure, found.verdict.useful, found.algorithm) == ("none", False, "")
    assert (found.segment == 0).all()
    assert not any(c.chosen for c in found.comparison)
    assert "no outcome data" in found.verdict.reason
    assert np.isfinite(found.x).all()


def test_groups_without_money_are_shown_as_not_useful() -> None:
    """No outcome: the number that stands out from the copies, ordered by size."""
    found = segment(settings(k=[2, 6], algorithms=["kmeans", "ward"]), customers(structured("4mod", 101, n=600)))
    assert found.verdict.structure in ("natural", "overlapping")
    assert not found.verdict.useful
    sizes = np.bincount(found.segment)[1:]
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_fixed_cuts_do_not_win_on_stability() -> None:
    """No outcome, and tertiles more stable than k-means: the algorithm that looks for groups is chosen, and why is said."""
    thirds = np.random.default_rng(3).integers(0, 3, (600, 3))
    drawn = customers(np.column_stack([thirds, structured("6sep", 101, n=600)[:, :8]]))
    names = ("recency", "frequency", "monetary", *drawn.inputs[3:])
    renamed = tuple(dataclasses.replace(f, name=name) for f, name in zip(drawn.features, names, strict=True))
    found = segment(settings(k=[8, 8], algorithms=["rfm_tertiles", "kmeans"]), dataclasses.replace(drawn, features=renamed, inputs=names))
    tertiles, kmeans = found.comparison
    assert tertiles.stability > kmeans.stability
    assert found.algorithm == "kmeans"
    assert "The most stable was rfm tertiles with 8 segments" in found.verdict.reason


def test_same_seed_same_result(features: Features) -> None:
    """Labels, places, scores and verdict repeat."""
    once, again = (segment(settings(k=[3, 3], algorithms=["ward"]), _first(features, 200)) for _ in range(2))
    np.testing.assert_array_equal(once.segment, again.segment)
    np.testing.assert_array_equal(once.anomaly_score, again.anomaly_score)
    assert once.verdict == again.verdict


def test_too_few_customers_are_refused_with_the_number_missing() -> None:
    """49 of 50, one of 50, and 60 for seven segments."""
    for n, k, message in ((49, 2, "49 found.* add 1 more"), (1, 2, "1 found.* add 49 more"), (60, 7, "60 found.* add 10 more")):
        with pytest.raises(NotEnoughData, match=message):
            segment(settings(k=[k, 8]), customers(structureless("gauss", 1, n=60)[:n]))


def test_fifty_customers_are_enough_for_an_answer() -> None:
    """The smallest base passes every step; fewer numbers of segments are tried, and that is said."""
    found = segment(settings(), customers(structureless("gauss", 1, n=50)))
    assert {c.k for c in found.comparison} == {2, 3, 4, 5}
    assert any("More than 5 segments were not tried" in w for w in found.warnings)


def test_fixed_rfm_without_its_features_is_refused() -> None:
    """What the settings ask for cannot be had, so the message says what is missing."""
    with pytest.raises(NotEnoughData, match="need the feature recency"):
        segment(settings(k=[4, 4], algorithms=["rfm_tertiles"]), customers(structureless("gauss", 1, n=100)))


def test_only_who_named_an_algorithm_is_told_that_it_was_impossible() -> None:
    """RFM tertiles without recency: a warning where the settings name them, none where everything is tried."""
    given = customers(structureless("gauss", 1, n=100))
    named = segment(settings(k=[2, 2], algorithms=["kmeans", "rfm_tertiles"]), given)
    assert any("rfm_tertiles was not compared" in w for w in named.warnings)
    assert not any("was not compared" in w for w in segment(settings(k=[2, 2]), given).warnings)


def test_the_response_tree_is_judged_on_money_it_has_not_seen(features: Features) -> None:
    """It may win where groups drive response; then its segments' figures are said to be a little too good."""
    found = segment(settings(k=[4, 4], algorithms=["response_tree"]), features)
    assert found.comparison[0].judged_on == "report"
    assert any("cut by the answers of some of these customers" in w for w in found.warnings)
    noise = segment(settings(k=[4, 4], algorithms=["response_tree"]), scenario("D0", 3, n=1500))
    assert not noise.verdict.useful


def test_unknown_algorithm_is_refused() -> None:
    """Before any work is done."""
    with pytest.raises(SettingsError, match="dbscan"):
        segment(settings(algorithms=["dbscan"]), customers(structureless("gauss", 1, n=100)))


def _first(features: Features, n: int) -> Features:
    outcome = features.outcome
    assert outcome is not None
    return dataclasses.replace(
        features,
        customer_ids=features.customer_ids[:n],
        values=features.values[:n],
        value=None,
        outcome=dataclasses.replace(outcome, contacts=outcome.contacts[:n], responses=outcome.responses[:n]),
    )


def test_a_tiny_segment_is_told() -> None:
    """Five far customers of 600 are unusual and no group to act on."""
    values = np.random.default_rng(3).normal(size=(600, 3))
    values[:5] += 40
    found = segment(settings(algorithms=["kmeans"], k=[2, 2], scale="standard"), customers(values))
    assert any(w.startswith("One segment holds fewer than 2% of the customers (the smallest 5)") for w in found.warnings)
