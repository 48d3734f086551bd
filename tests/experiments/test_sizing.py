"""Sizes and powers are statsmodels' own, and any two of effect, customers and power give the third."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import InputError, NotEnoughData
from netlift.experiments import Design, Metric, size
from netlift.experiments.sizing import arcsine_size, customers_for, effect_for, power_at

# statsmodels 0.15.0 (shared/oracles/power_multitest_statsmodels.json), alpha 0.05
T_TEST = [  # effect over sd, power, n2/n1, n1
    (0.05, 0.8, 1, 6280.048916291407),
    (0.05, 0.8, 4, 3924.814437442897),
    (0.05, 0.9, 1, 8406.896008340045),
    (0.05, 0.9, 4, 5254.093880392234),
    (0.1, 0.8, 1, 1570.7330430520037),
    (0.1, 0.8, 4, 981.4918549360962),
    (0.1, 0.9, 1, 2102.4447100825073),
    (0.1, 0.9, 4, 1313.8116907598803),
    (0.2, 0.8, 1, 393.4056930002526),
    (0.2, 0.8, 4, 245.66162695533748),
    (0.2, 0.9, 1, 526.3331885760532),
    (0.2, 0.9, 4, 328.74147695591626),
    (0.5, 0.8, 1, 63.76561058891169),
    (0.5, 0.8, 4, 39.632129731850135),
    (0.5, 0.9, 1, 85.0312841157341),
    (0.5, 0.9, 4, 52.92420562284751),
    (0.8, 0.8, 1, 25.524571854446116),
    (0.8, 0.8, 4, 15.72333908804271),
    (0.8, 0.9, 1, 33.825542344160304),
    (0.8, 0.9, 4, 20.914017053798467),
]
ARCSINE = [  # rates, customers an arm for 80 %
    (0.01, 0.0105, 636915.4876222254),
    (0.01, 0.011000000000000001, 163003.5304385939),
    (0.01, 0.012, 42606.12642025786),
    (0.05, 0.052500000000000005, 122106.78101940133),
    (0.05, 0.05500000000000001, 31217.423430777748),
    (0.05, 0.06, 8142.595394436454),
    (0.15, 0.1575, 36305.211818186515),
    (0.15, 0.165, 9252.950598800227),
    (0.15, 0.18, 2398.5447186992797),
]
TWO_PROPORTIONS = [  # rate, rise, power with 20,000 an arm
    (0.01, 0.0005, 0.07867515547166973),
    (0.01, 0.001, 0.16544728901443714),
    (0.01, 0.002, 0.483116606767615),
    (0.05, 0.0025000000000000005, 0.2053256795467296),
    (0.05, 0.005000000000000001, 0.6109930643284963),
    (0.05, 0.010000000000000002, 0.9923871252891384),
    (0.15, 0.0075, 0.5475005075127222),
    (0.15, 0.015, 0.9845477775073479),
    (0.15, 0.03, 0.9999999995532581),
]
MEAN, RATE = Metric("mean", 10, 1), Metric("proportion", 0.05, 1)


@pytest.mark.parametrize(("effect", "power", "ratio", "n1"), T_TEST)
def test_t_test_sizes_are_the_published_ones(effect: float, power: float, ratio: float, n1: float) -> None:
    """Twenty sizes by the noncentral t come out to 1e-6 relative, equal and unequal arms."""
    design = Design(MEAN, control_share=1 / (1 + ratio))
    assert customers_for(design, effect, power) / (1 + ratio) == pytest.approx(n1, rel=1e-6)


@pytest.mark.parametrize(("base", "rate", "n"), ARCSINE)
def test_arcsine_sizes_are_the_published_ones(base: float, rate: float, n: float) -> None:
    """Nine sizes of two proportions by Cohen's h come out to 1e-6 relative."""
    assert arcsine_size(base, rate, power=0.8, alpha=0.05) == pytest.approx(n, rel=1e-6)


@pytest.mark.parametrize(("base", "rise", "power"), TWO_PROPORTIONS)
def test_powers_of_two_proportions_are_the_published_ones(base: float, rise: float, power: float) -> None:
    """Nine powers with the pooled null variance come out to 1e-9."""
    assert power_at(Design(replace(RATE, baseline=base)), rise, 40_000) == pytest.approx(power, abs=1e-9)


designs = st.builds(
    Design,
    metric=st.sampled_from([MEAN, RATE, Metric("ratio", 2, 3), Metric("revenue", 2, 30, 20)]),
    arms=st.integers(2, 5),
    control_share=st.one_of(st.none(), st.floats(0.05, 0.9)),
    correction=st.sampled_from(["dunnett", "bonferroni"]),
    cluster_size=st.floats(1, 30),
    icc=st.floats(0, 0.2),
    covariate_correlation=st.floats(-0.9, 0.9),
    always_valid=st.booleans(),
)


@given(designs, st.floats(0.02, 0.3), st.floats(0.5, 0.95))
def test_any_two_give_the_third(design: Design, relative: float, power: float) -> None:
    """Customers for an effect find that effect with the power asked for, and it is their smallest effect."""
    effect = relative * design.metric.baseline
    n = customers_for(design, effect, power)
    if power_at(design, effect, n) > power + 1e-6:  # found by two customers an arm
        assert effect_for(design, n, power) < effect
        return
    assert power_at(design, effect, n) == pytest.approx(power, abs=1e-6)
    assert effect_for(design, n, power) == pytest.approx(effect, rel=1e-4)


@given(designs, st.floats(0.02, 0.3))
def test_whole_customers_find_at_least_what_was_planned(design: Design, relative: float) -> None:
    """Rounded up, arms add up to the total and keep power and smallest effect."""
    sized = size(design, effect=relative * design.metric.baseline)
    assert sized.total == sized.n_control + design.comparisons * sized.n_per_arm
    assert sized.power >= 0.8 - 1e-4  # rounding of arms changes the control's share a little
    assert sized.mde <= relative * design.metric.baseline * 1.01


def test_what_makes_a_test_larger_and_smaller() -> None:
    """The design effect multiplies, CUPED takes its part of the variance away, always-valid takes 1.91 times as many for 80 %."""
    plain = customers_for(Design(MEAN), 0.05, 0.8)
    clusters = customers_for(Design(MEAN, cluster_size=20, cluster_cv=0.5, icc=0.1), 0.05, 0.8)
    assert clusters / plain == pytest.approx(1 + (1.25 * 20 - 1) * 0.1, rel=0.01)
    assert customers_for(Design(MEAN, covariate_correlation=0.6), 0.05, 0.8) / plain == pytest.approx(0.64, rel=0.001)
    reading = size(Design(MEAN, always_valid=True), effect=0.05)
    assert reading.sequential_factor == pytest.approx(1.915, abs=0.001)
    assert reading.total / plain == pytest.approx(1.915, rel=0.002)


def test_the_best_share_is_the_best() -> None:
    """With k arms a control √k times as large needs fewer customers than equal arms, and than shares beside it."""
    needed = {
        share: customers_for(Design(MEAN, arms=5, control_share=share, correction="bonferroni"), 0.1, 0.8)
        for share in (0.2, 0.3, 1 / 3, 0.37)
    }
    assert Design(MEAN, arms=5).best_share == pytest.approx(1 / 3)
    assert min(needed, key=lambda share: needed[share]) == 1 / 3


def test_heavy_tails_change_the_test() -> None:
    """Unequal arms of skewed revenue need the permutation test up to a size that is told; equal arms never do."""
    skewed = Metric("revenue", 2.3, 31, 70)
    few = size(Design(skewed, control_share=0.1), customers=10_000)
    assert few.test == "permutation"
    assert few.skewness == pytest.approx(1.87, abs=0.01)
    assert few.total_for_welch is not None
    assert size(Design(skewed, control_share=0.1), customers=few.total_for_welch + 10).test == "t"
    assert size(Design(skewed), customers=10_000).test == "t"


@pytest.mark.parametrize("metric", [MEAN, replace(RATE, baseline=0.99), Metric("ratio", 2, 3), Metric("revenue", 2, 3, 2)])
def test_falls_have_their_own_smallest_effect(metric: Metric) -> None:
    """A fall that was planned is the smallest fall found, also from a rate that can hardly rise."""
    sized = size(Design(metric), effect=-0.1 * metric.baseline)
    assert sized.effect == -0.1 * metric.baseline
    assert sized.mde == pytest.approx(0.1 * metric.baseline, rel=0.02)


def test_weeks_are_whole() -> None:
    """16,316 customers at 3,000 a week take six weeks."""
    sized = size(Design(RATE), effect=0.01, weekly=3000)
    assert (sized.n_per_arm, sized.n_control, sized.total, sized.weeks, sized.n_per_arm_arcsine) == (8158, 8158, 16_316, 6, 8143)


@pytest.mark.parametrize(
    ("design", "asked", "says"),
    [
        (Design(MEAN), {}, "Neither an effect nor a number of customers"),
        (Design(MEAN), {"effect": 0}, "effect is 0"),
        (Design(MEAN), {"effect": float("nan")}, "effect is nan"),
        (Design(MEAN), {"effect": 1e-9}, "more than 1e\\+12 customers"),
        (Design(MEAN), {"effect": 1, "power": 1}, "power is 1"),
        (Design(MEAN), {"effect": 1, "power": 0.01}, "power is 0.01"),
        (Design(MEAN), {"effect": 1, "weekly": 0}, "weekly customers are 0"),
        (Design(RATE), {"effect": 0.96}, "from 0.05 to 1.01"),
        (Design(RATE), {"effect": -0.06}, "from 0.05 to -0.01"),
        (Design(Metric("revenue", 2, 3)), {"effect": -2}, "takes 2 to 0; give one that leaves something"),
        (Design(replace(RATE, baseline=1.2)), {"effect": 0.1}, "baseline is 1.2"),
        (Design(replace(MEAN, sd=-3)), {"effect": 1}, "standard deviation is -3"),
        (Design(replace(MEAN, baseline=float("inf"))), {"effect": 1}, "baseline is inf"),
        (Design(replace(MEAN, skewness=float("nan"))), {"effect": 1}, "skewness is nan"),
        (Design(MEAN, arms=1), {"effect": 1}, "1 arms"),
        (Design(MEAN, control_share=1.0), {"effect": 1}, "share is 1"),
        (Design(MEAN, alpha=0), {"effect": 1}, "alpha is 0"),
        (Design(MEAN, icc=1.5), {"effect": 1}, "intraclass correlation is 1.5"),
        (Design(MEAN, cluster_size=0.5), {"effect": 1}, "cluster size is 0.5"),
        (Design(MEAN, cluster_cv=-1), {"effect": 1}, "variation of cluster sizes is -1"),
        (Design(MEAN, covariate_correlation=1), {"effect": 1}, "correlation with the time before is 1"),
    ],
)
def test_what_cannot_be_is_named(design: Design, asked: dict[str, float], says: str) -> None:
    """Each impossible figure is told with its value in one sentence."""
    with pytest.raises(InputError, match=says):
        size(design, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("design", "customers", "says"),
    [(Design(MEAN), 3, "3 customers are too few"), (Design(replace(RATE, baseline=0.9)), 10, "not even a rise to 100 %")],
)
def test_too_few_customers_have_no_number(design: Design, customers: int, says: str) -> None:
    """Where nothing could be found there is a sentence and no figure."""
    with pytest.raises(NotEnoughData, match=says):
        size(design, customers=customers)
