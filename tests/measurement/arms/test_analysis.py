"""A whole experiment: arms, segments, what forbids the reading."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.errors import InputError
from netlift.measurement.arms import Analysis, Cell, Design, Metric, Moments, Plan, Values, analyse, benjamini_hochberg, holm

SPEND = Metric("spend")


def cells(*, sizes: dict[str, int], lift: dict[str, float], segments: dict[str, float] | None = None) -> list[Cell]:
    """Each arm's customers spread over segments, whose members spend so much more."""
    rng = np.random.default_rng(1)
    parts = segments or {"": 0.0}
    made = []
    for arm, n in sizes.items():
        for segment, more in parts.items():
            y = rng.gamma(2, 10, n // len(parts)) + lift[arm] + more * (arm != "none")
            made.append(Cell("e", arm, segment, 0, {"spend": Moments.of(y)}))
    return made


def no_values(metric: Metric, arm: str, segment: str | None) -> Values:
    raise AssertionError("Welch holds here")


def made(some: list[Cell], design: Design | None = None) -> Analysis:
    shares = dict.fromkeys({cell.arm for cell in some}, 1.0)
    return analyse(some, [SPEND], design or Design("none", shares, Plan()), fetch=no_values)


def test_every_arm_meets_the_control_and_p_values_are_adjusted() -> None:
    """Two treated arms give two results, raw p beside Holm's."""
    found = made(cells(sizes={"none": 900, "a": 900, "b": 900}, lift={"none": 0, "a": 2, "b": 0.1}))
    assert [(one.arm, one.control, one.n, one.n_control) for one in found.results] == [("a", "none", 900, 900), ("b", "none", 900, 900)]
    assert [one.p_adjusted for one in found.results] == pytest.approx(holm([one.p_value or 0 for one in found.results]))
    assert (found.segments, found.post_stratified) == ((), {})


def test_one_comparison_needs_no_adjustment() -> None:
    """With one arm and one metric there is nothing to adjust for."""
    assert made(cells(sizes={"none": 900, "a": 900}, lift={"none": 0, "a": 2})).results[0].p_adjusted is None


def test_segments_are_shown_raw_and_shrunk() -> None:
    """Each segment's own effect, drawn towards the mean, BH over all; post-stratified close to the whole."""
    found = made(cells(sizes={"none": 1200, "a": 1200}, lift={"none": 0, "a": 0}, segments={"x": 0.0, "y": 1.0, "z": 3.0}))
    raw = [s.comparison.difference or 0.0 for s in found.segments]
    drawn = [s.shrunk or 0.0 for s in found.segments]
    assert [s.segment for s in found.segments] == ["x", "y", "z"]
    assert max(drawn) - min(drawn) < max(raw) - min(raw)
    assert [s.comparison.p_adjusted for s in found.segments] == pytest.approx(
        benjamini_hochberg([s.comparison.p_value or 0 for s in found.segments])
    )
    assert found.post_stratified["spend", "a"]["difference"] == pytest.approx(np.mean(raw), rel=1e-6)


def test_a_sample_ratio_mismatch_blocks_everything() -> None:
    """5,000 against 5,500 where halves were planned: no effect, in results or segments, and where to look."""
    found = made(cells(sizes={"none": 5000, "a": 5500}, lift={"none": 0, "a": 5}, segments={"x": 0, "y": 0}))
    assert not found.sample_ratio.ok
    assert all(one.difference is None for one in (*found.results, *(s.comparison for s in found.segments)))
    assert "the arms do not have the sizes planned (a 5,500, none 5,000" in (found.results[0].reason or "")
    planned = Design("none", {"none": 5000, "a": 5500}, Plan())
    assert made(cells(sizes={"none": 5000, "a": 5500}, lift={"none": 0, "a": 5}), planned).results[0].significant


def test_what_is_forbidden_is_not_shown() -> None:
    """A reason from outside, such as customers in two arms, stands in place of every effect."""
    some = cells(sizes={"none": 500, "a": 500}, lift={"none": 0, "a": 5})
    found = made(some, Design("none", {"none": 1, "a": 1}, Plan(), "customers are in two arms"))
    assert found.results[0].reason == "cannot be estimated, because customers are in two arms"


def test_a_segment_without_one_arm_says_so() -> None:
    """Nobody of a segment in the control arm: its effect cannot be estimated, the others can."""
    some = cells(sizes={"none": 900, "a": 900}, lift={"none": 0, "a": 2}, segments={"x": 0, "y": 0, "z": 0})
    found = made([cell for cell in some if (cell.arm, cell.segment) != ("none", "x")], Design("none", {"none": 600, "a": 900}, Plan()))
    x = found.segments[0]
    assert "segment 'x' has 300 customers of this arm and 0 of the control arm" in (x.comparison.reason or "")
    assert x.shrunk is None
    assert found.post_stratified == {}


def test_arms_that_are_not_there() -> None:
    """A control that is no arm, and a single arm, are told with the arms there are."""
    some = cells(sizes={"none": 50, "a": 50}, lift={"none": 0, "a": 2})
    with pytest.raises(InputError, match="The control 'nobody' is not among the arms 'a', 'none'"):
        made(some, Design("nobody", {"none": 1, "a": 1}, Plan()))
    with pytest.raises(InputError, match="All customers are in the arm 'none'"):
        made(some[:1], Design("none", {"none": 1}, Plan()))
