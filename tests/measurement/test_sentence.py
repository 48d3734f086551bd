"""The sentence follows the figures, whatever they are."""

import numpy as np
import pytest

from netlift.measurement.estimators import ESTIMATORS
from netlift.measurement.past import Campaign
from netlift.measurement.sentence import BELIEVED, believed, sentence
from netlift.measurement.summaries import Summaries
from netlift.records import Estimate
from tests.measurement import by_hand


def estimate(name: str, lift: float | None, half: float = 0.02, *, scope: str = "any", few: bool = False) -> Estimate:
    low, high = (None, None) if lift is None else (lift - half, lift + half)
    evidence = "naive" if name.startswith("naive") else "adjusted"
    warnings = ("cannot tell, because 13 customers are too few",) if few else ()
    return Estimate(scope, name, evidence, lift, low, high, None, None, 13, f"({name})", warnings)  # type: ignore[arg-type]


def shop(*, selected: bool) -> Summaries:
    """200 customers; the campaign's list holds the heaviest buyers, or any."""
    random = np.random.default_rng(2)
    size = np.sort(random.gamma(1, 5, 200))
    sales = size[:, None] * random.gamma(2, 1, (200, 120))
    listed = np.arange(200) >= 100 if selected else np.arange(200) % 2 == 0
    return by_hand.summaries(by_hand.past(120, Campaign("1", None, 60, 79)), sales, listed[None, :])


B, C, A = "did_no_campaign_before_or_after", "did_never_targeted", "did_not_in_campaign"


@pytest.mark.parametrize(
    ("lifts", "says"),
    [
        ((0.10, 0.08, 0.09), "All adjusted comparisons point to a lift, but the lists were not drawn at random"),
        ((0.10, -0.01, 0.09), "The comparisons do not agree and the lists were not drawn at random"),
        ((0.01, 0.00, 0.02), "The interval includes zero and the lists were not drawn at random, so there is no evidence of a lift"),
        ((-0.10, -0.12, -0.09), "this is no proof of harm either, but there is no evidence of a lift"),
    ],
)
def test_the_verdict_follows_the_intervals(lifts: tuple[float, float, float], says: str) -> None:
    """Clearly up, up by one comparison only, undetermined and clearly down are told apart, and none is called proof."""
    estimates = [estimate("naive_pooled", 0.3), *(estimate(name, lift) for name, lift in zip((B, C, A), lifts, strict=True))]
    assert says in sentence(shop(selected=True), estimates, holdout=0.1)


def test_selection_is_named_only_where_it_is_seen() -> None:
    """Lists of heavy buyers are called so, with the ratio; lists of anybody are not."""
    estimates = [estimate("naive_pooled", 0.3), estimate("naive_within", 0.29), estimate(B, 0.1)]
    told = sentence(shop(selected=True), estimates, holdout=0.1)
    assert "that is selection: heavy buyers are in more campaigns (before them they already bought" in told
    assert "own days differ" not in told
    assert "heavy buyers" not in sentence(shop(selected=False), estimates, holdout=0.1)
    assert "own days differ by only −1.0 %" in sentence(
        shop(selected=False), [*estimates[:1], estimate("naive_within", -0.01)], holdout=0.1
    )


def test_less_is_called_less() -> None:
    """A naive figure below zero reads as less, without a double sign."""
    assert "bought 12.0 % less on days" in sentence(shop(selected=False), [estimate("naive_pooled", -0.12)], holdout=0.1)


def test_few_customers_cannot_tell() -> None:
    """A large lift of 13 customers is not called a lift."""
    told = sentence(shop(selected=False), [estimate("naive_pooled", 0.1), estimate(B, 0.5, few=True)], holdout=0.1)
    assert "With 13 customers this cannot tell whether the campaigns raised sales." in told


def test_readers_meet_the_most_credible_estimate_first() -> None:
    """Adjusted estimates come in the order in which they are believed, as reports take the first."""
    assert tuple(name for name in ESTIMATORS if name in BELIEVED) == BELIEVED


def test_the_cleanest_controls_are_believed_first() -> None:
    """Controls without any campaign come before those never targeted, these before all others; naive figures are never believed."""
    naive = estimate("naive_pooled", 0.4)
    assert believed([naive, estimate(A, 0.1), estimate(C, 0.2), estimate(B, 0.3)]) == estimate(B, 0.3)
    assert believed([naive, estimate(A, 0.1), estimate(C, 0.2), estimate(B, None)]) == estimate(C, 0.2)
    assert believed([naive, estimate(B, 0.3, scope="Type A")]) is None


@pytest.mark.parametrize("holdout", [0.0, 0.1, 0.2])
def test_the_way_out_is_a_holdout_with_its_power(holdout: float) -> None:
    """The sentence ends with what a random holdout of the planned size, and of half, would have found."""
    told = sentence(shop(selected=True), [], holdout=holdout)
    assert f"in the largest campaign (100 customers) one of {100 * (holdout or 0.1):.0f} % would have found a lift of" in told
    assert told.startswith("The usual comparison of days with and without a campaign cannot be made.")
