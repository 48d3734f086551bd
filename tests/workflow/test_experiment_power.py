"""Sizes from figures and from files, told in sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlift.errors import InputError
from netlift.experiments import Design, Metric, Prospect
from netlift.workflow.experiment_power import experiment_holdout, experiment_power, experiment_power_from, facts, metric, sentences

RATE = Metric("proportion", 0.05, 0.2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    spend = np.where(rng.random(4000) < 0.1, rng.lognormal(3, 1, 4000), 0.0)
    orders = rng.integers(1, 5, 4000)
    path = tmp_path / "past.csv"
    rows = (f"{i},{s:.2f},{o},{int(s > 0)}" for i, (s, o) in enumerate(zip(spend, orders, strict=True)))
    path.write_text("id,spend,orders,bought\n" + "\n".join(rows) + "\n")
    return path


def test_a_share_of_the_baseline_is_an_effect() -> None:
    """20 % of 5 % is one point, and both are told with weeks."""
    told = experiment_power(Design(RATE), effect="20%", weekly=3000)
    assert told.sizing.effect == pytest.approx(0.01)
    size, weeks = sentences(told)[:2]
    assert size == (
        "8,158 customers and 8,158 in the control, 16,316 together, find an effect of +0.01 (+20.0 % of 0.05) with 80.0 % probability; "
        "effects smaller than 0.01 are likely to be missed."
    )
    assert weeks == "With 3,000 customers a week that takes 6 weeks."


def test_what_changes_the_size_is_told() -> None:
    """Clusters, the time before, reading at any time, several arms and a bad share have a sentence each."""
    design = Design(
        Metric("mean", 10, 10), arms=4, control_share=0.1, cluster_size=20, icc=0.02, covariate_correlation=0.5, always_valid=True
    )
    text = " ".join(sentences(experiment_power(design, effect=1)))
    for said in (
        "1.38 times",
        "explains 25 %",
        "at any time",
        "Each arm is compared with the control, so that all together are at",
        "with 37 % in the control",
    ):
        assert said in text


def test_files_give_baseline_and_spread(file: Path) -> None:
    """A proportion, a mean and a ratio of the file's columns; revenue has its capped twin."""
    bought = experiment_power_from(file, Design(Metric("proportion", 0, 1)), column="bought", effect="10%")
    assert bought.design.metric.baseline == pytest.approx(0.1, abs=0.02)
    each = experiment_power_from(file, Design(Metric("ratio", 0, 1)), column="spend", per="orders", effect="10%")
    spend = experiment_power_from(file, Design(Metric("mean", 0, 1)), column="spend", effect="10%")
    assert each.design.metric.baseline < spend.design.metric.baseline
    revenue = experiment_power_from(file, Design(Metric("revenue", 0, 1), control_share=0.1), column="spend", effect="40%")
    assert revenue.capped is not None
    assert revenue.capped.total < revenue.sizing.total
    assert "With values capped at" in sentences(revenue)[-1]
    assert {"n_per_arm", "total", "power", "mde", "weeks", "capped", "sentences"} <= set(facts(revenue))


def test_revenue_without_a_file_is_told_to_be_unsure() -> None:
    """Where the permutation test is needed and only mean and spread are known, that is said; nothing is capped."""
    planned = experiment_power(Design(Metric("revenue", 2.3, 31, 70), control_share=0.1), effect="50%")
    assert any("badly; give past values" in text for text in sentences(planned))
    assert facts(planned)["capped"] is None


def test_a_capped_test_of_given_customers_finds_less(file: Path) -> None:
    """With customers given, the capped twin tells the smaller effect."""
    told = experiment_power_from(file, Design(Metric("revenue", 0, 1)), column="spend", customers=4000)
    assert told.capped is not None
    assert told.capped.effect < told.sizing.effect
    assert "because the spread is smaller" in sentences(told)[-1]


@pytest.mark.parametrize(
    ("kind", "sd", "says"),
    [("average", 1.0, "'average'; it must be one of mean, proportion"), ("mean", None, "standard deviation of the mean is missing")],
)
def test_metrics_that_cannot_be_are_named(kind: str, sd: float | None, says: str) -> None:
    """An unknown kind, and a mean without its spread."""
    with pytest.raises(InputError, match=says):
        metric(kind, baseline=1, sd=sd)


def test_slips_are_named(file: Path) -> None:
    """A text as effect, a ratio without what is below, and a mean with it."""
    with pytest.raises(InputError, match="The effect is 'much'"):
        experiment_power(Design(RATE), effect="much")
    with pytest.raises(InputError, match="The baseline is 7"):
        experiment_power(Design(metric("proportion", baseline=7, sd=None)), effect=0.1)
    with pytest.raises(InputError, match="a ratio needs --per"):
        experiment_power_from(file, Design(Metric("ratio", 0, 1)), column="spend", effect=1)
    with pytest.raises(InputError, match="The metric is a mean"):
        experiment_power_from(file, Design(Metric("mean", 0, 1)), column="spend", per="orders", effect=1)


def test_the_holdout_verb_is_the_best_share() -> None:
    """The verb gives the optimum and the curve."""
    best, curve = experiment_holdout(Prospect(100_000, 500_000, 0.2, 0.3, 15))
    assert best.share == pytest.approx(0.145, abs=0.005)
    assert len(curve) > 50
