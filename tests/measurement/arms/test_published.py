"""Published figures of gbstats, to the last digits."""

from __future__ import annotations

from typing import Any

import pytest

from netlift.measurement.arms import Difference, Metric, difference, pair, welch
from tests.measurement.arms.published import TOLERANCE, arm, of_case

METRICS = {
    "prop": Metric("share", "proportion"),
    "mean": Metric("spend"),
    "cuped": Metric("spend", covariate=True),
    "ratio": Metric("basket", "ratio"),
}


def found(case: dict[str, Any]) -> Difference:
    arms = pair(METRICS[case["metric"]], of_case(case["control"]), of_case(case["treatment"]))
    return difference(arms, relative=case["difference"] == "relative")


# gbstats, commit 8f1db44 (shared/oracles): effect, standard error, interval, p of Welch's test; one of four data sets of each kind
WELCH: tuple[dict[str, Any], ...] = (
    {
        "metric": "prop",
        "difference": "relative",
        "control": {"n": 400, "sum": 33.0},
        "treatment": {"n": 450, "sum": 37.0},
        "expect": [-0.0033670033670033885, 0.22859171024299155, -0.4520480651333246, 0.44531405839931776, 0.9882516317982106],
    },
    {
        "metric": "prop",
        "difference": "absolute",
        "control": {"n": 400, "sum": 33.0},
        "treatment": {"n": 450, "sum": 37.0},
        "expect": [-0.00027777777777777957, 0.01889251451678161, -0.03736010882037996, 0.0368045532648244, 0.9882725857521448],
    },
    {
        "metric": "mean",
        "difference": "relative",
        "control": {"n": 400, "sum": 6617.378376292298, "sum_squares": 1675739.9681865096},
        "treatment": {"n": 450, "sum": 7138.512271893695, "sum_squares": 1707744.4723242046},
        "expect": [-0.04110904940597244, 0.24860542953065176, -0.5290828266826862, 0.4468647278707414, 0.868702247245003],
    },
    {
        "metric": "mean",
        "difference": "absolute",
        "control": {"n": 400, "sum": 6617.378376292298, "sum_squares": 1675739.9681865096},
        "treatment": {"n": 450, "sum": 7138.512271893695, "sum_squares": 1707744.4723242046},
        "expect": [-0.6800853365225343, 4.207769506572195, -8.939282184750056, 7.579111511704987, 0.8716398936478522],
    },
    {
        "metric": "cuped",
        "difference": "relative",
        "control": {
            "post": {"n": 400, "sum": 5018.051406719074, "sum_squares": 691535.6658257546},
            "pre": {"n": 400, "sum": 4406.632964396176, "sum_squares": 561510.202571572},
            "cross": 131497.52177777683,
        },
        "treatment": {
            "post": {"n": 450, "sum": 5077.592932573681, "sum_squares": 522728.6838535755},
            "pre": {"n": 450, "sum": 6166.907032529494, "sum_squares": 1008956.9435548099},
            "cross": 80207.99688264518,
        },
        "expect": [-0.11338633939474337, 0.18625971606588013, -0.479021975129641, 0.2522492963401543, 0.5428666328828828],
    },
    {
        "metric": "cuped",
        "difference": "absolute",
        "control": {
            "post": {"n": 400, "sum": 5018.051406719074, "sum_squares": 691535.6658257546},
            "pre": {"n": 400, "sum": 4406.632964396176, "sum_squares": 561510.202571572},
            "cross": 131497.52177777683,
        },
        "treatment": {
            "post": {"n": 450, "sum": 5077.592932573681, "sum_squares": 522728.6838535755},
            "pre": {"n": 450, "sum": 6166.907032529494, "sum_squares": 1008956.9435548099},
            "cross": 80207.99688264518,
        },
        "expect": [-1.4224461997562958, 2.4912859192684897, -6.3129449620702385, 3.468052562557647, 0.5681870641112234],
    },
    {
        "metric": "ratio",
        "difference": "relative",
        "control": {
            "m": {"n": 400, "sum": 4844.910903364554, "sum_squares": 562074.527724111},
            "d": {"n": 400, "sum": 1205.0, "sum_squares": 4505.0},
            "cross": 15440.19254160328,
        },
        "treatment": {
            "m": {"n": 450, "sum": 6076.19123562698, "sum_squares": 1473979.2912027831},
            "d": {"n": 450, "sum": 1354.0, "sum_squares": 5028.0},
            "cross": 17491.725896229178,
        },
        "expect": [0.11612804701980653, 0.27410544737963216, -0.4219536005598883, 0.6542096945995013, 0.6719305562596793],
    },
    {
        "metric": "ratio",
        "difference": "absolute",
        "control": {
            "m": {"n": 400, "sum": 4844.910903364554, "sum_squares": 562074.527724111},
            "d": {"n": 400, "sum": 1205.0, "sum_squares": 4505.0},
            "cross": 15440.19254160328,
        },
        "treatment": {
            "m": {"n": 450, "sum": 6076.19123562698, "sum_squares": 1473979.2912027831},
            "d": {"n": 450, "sum": 1354.0, "sum_squares": 5028.0},
            "cross": 17491.725896229178,
        },
        "expect": [0.46691289725534624, 1.06204699356835, -1.6179343816637197, 2.551760176174412, 0.6603247985290697],
    },
)


def test_intervals_of_every_metric() -> None:
    """Absolute and relative, of shares, means, CUPED and ratios; all 160 cases are in test_shared_gbstats.py."""
    for case in WELCH:
        one = found(case)
        of = welch(one)
        assert [one.effect, one.variance**0.5, of.low, of.high, of.p] == pytest.approx(case["expect"], abs=TOLERANCE), case


def test_the_example_typed_by_hand() -> None:
    """Published in gbstats' tests: relative not significant, absolute significant, each with its own p and interval."""
    arms = pair(Metric("spend"), arm(3407, 1396.87, 52377.9767), arm(3461, 2422.70, 134698.29))
    share, money = difference(arms, relative=True), difference(arms)
    relative, absolute = welch(share), welch(money)
    assert (share.effect, relative.low, relative.high, relative.p) == pytest.approx((0.70732, -0.03526, 1.44989, 0.06191), abs=5e-6)
    assert (money.effect, absolute.low, absolute.high, absolute.p) == pytest.approx((0.29, 0.04538, 0.53462, 0.02016), abs=5e-6)
