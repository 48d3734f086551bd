"""The charts: specifications and pictures."""

import numpy as np
import pytest

from netlift.reports import charts

from .example import content, measurement

NAMES = {0: "Everybody", 1: "Big <b>baskets</b>", 2: "Rare visitors"}


def _map(n: int, seed: int = 7) -> charts.Spec:
    rng = np.random.default_rng(3)
    return charts.segment_map(rng.normal(size=n), rng.normal(size=n), rng.integers(1, 3, n), names=NAMES, seed=seed)


def test_a_map_of_many_shows_5000_and_counts_all() -> None:
    """The dots are a sample, the legend is of everybody."""
    spec = _map(20_000)
    assert len(spec["layer"][0]["data"]["values"]) == 5000
    labels = spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert sum(int(label.rsplit("(")[-1].strip(")").replace(",", "")) for label in labels) == 20_000


def test_the_same_seed_draws_the_same_sample() -> None:
    """A sample is repeatable, and another seed gives another."""
    assert _map(6000) == _map(6000)
    assert _map(6000) != _map(6000, seed=8)


def test_ten_segments_have_ten_colours() -> None:
    """No two of the ten largest possible segmentations' colours are alike."""
    assert len({charts.colour(s) for s in range(1, 11)}) == 10


def test_pictures_escape_names() -> None:
    """A name with markup in it stays text in the picture."""
    picture = charts.svg(_map(50))
    assert picture.startswith("<svg")
    assert "<b>" not in picture
    assert "&lt;b&gt;" in picture


def test_everybody_in_one_group_has_no_number_on_the_map() -> None:
    """Without segments there is one grey cloud."""
    spec = charts.segment_map(np.zeros(5), np.arange(5.0), np.zeros(5, dtype=np.int64), names=NAMES, seed=1)
    assert len(spec["layer"]) == 1
    assert charts.svg(spec).startswith("<svg")


def test_profit_chart_has_a_bar_and_an_interval_per_segment() -> None:
    """The bars carry the segments' figures."""
    segments = content(400).insight.segments
    spec = charts.profit_by_segment(segments, currency="USD")
    assert spec is not None
    assert [bar["profit"] for bar in spec["data"]["values"]] == [s.profit.per_contact for s in segments if s.profit]
    assert charts.profit_by_segment((), currency="USD") is None


def test_lift_chart_marks_naive_figures() -> None:
    """Naive estimates are named so, and what cannot be estimated is not drawn."""
    spec = charts.lift(measurement().estimates)
    assert spec is not None
    rows = {row["estimate"]: row for row in spec["data"]["values"]}
    assert rows["naive pooled"]["kind"] == "naive: do not use"
    assert rows["naive pooled"]["lift"] == pytest.approx(41.4)
    assert "did all others" not in rows
    assert charts.lift([]) is None
