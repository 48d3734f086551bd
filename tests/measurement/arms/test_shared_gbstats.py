"""All 160 comparisons and 6 sample-ratio tests of gbstats, to the last digits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netlift.measurement.arms import Difference, confidence_sequence, greater, normal, sample_ratio, welch
from netlift.measurement.arms.bayes import Posterior
from netlift.measurement.arms.intervals import Interval
from tests.measurement.arms.published import TOLERANCE, cases, oracles
from tests.measurement.arms.test_published import found


@pytest.mark.parametrize(
    ("test", "number", "infer"),
    [("welch_two_sided", 32, welch), ("one_sided_greater", 32, greater), ("always_valid", 32, confidence_sequence)],
)
def test_intervals_and_p_values(test: str, number: int, infer: Callable[[Difference], Interval]) -> None:
    """Effect, standard error, interval and p of 4 metrics, absolute and relative, in 4 data sets each."""
    assert len(cases(test)) == number
    for case in cases(test):
        expected, one = case["expect"], found(case)
        of = infer(one)
        told = [one.effect, one.variance**0.5, of.low, of.p]
        assert told == pytest.approx([expected["expected"], expected["se"], expected["ci"][0], expected["p"]], abs=TOLERANCE), case
        assert of.high == (float("inf") if expected["ci"][1] is None else pytest.approx(expected["ci"][1], abs=TOLERANCE))


@pytest.mark.parametrize(("test", "prior"), [("bayes_flat", None), ("bayes_N", 0.3)])
def test_posteriors(test: str, prior: float | None) -> None:
    """Posterior mean, interval, chance to win and both risks, with a flat prior and with N(0, .3²) on the relative effect."""
    assert len(cases(test)) == 32
    for case in cases(test):
        expected = case["expect"]
        of: Posterior = normal(found(case), prior_sd=prior)
        told = [of.mean, of.low, of.high, of.chance_to_win]
        assert told == pytest.approx([expected["expected"], *expected["ci"], expected["chance_to_win"]], abs=TOLERANCE), case
        assert [of.loss_of_control, of.loss_of_treated] == pytest.approx(expected["risk"], abs=TOLERANCE), case


def test_sample_ratios() -> None:
    """The p values of six splits against their weights."""
    assert len(oracles()["srm"]) == 6
    for case in oracles()["srm"]:
        names = [str(i) for i in range(len(case["counts"]))]
        made = sample_ratio(dict(zip(names, case["counts"], strict=True)), dict(zip(names, case["weights"], strict=True)))
        assert made.p_value == pytest.approx(case["p"], abs=TOLERANCE)
        assert made.ok == (case["p"] >= 0.001)
