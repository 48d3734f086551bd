"""The facts of the first page."""

from dataclasses import replace

import pytest

from netlift.records import Verdict
from netlift.reports import summary

from .example import measurement

BEST = measurement().best


@pytest.mark.parametrize(
    ("low", "high", "evidence", "expected"),
    [
        (-0.09, -0.02, "adjusted", "There is no evidence that campaigns raised sales."),
        (-0.01, 0.2, "randomised", "There is no evidence that campaigns raised sales."),
        (0.01, 0.2, "randomised", "Campaigns raised sales."),
        (0.01, 0.2, "adjusted", "Sales were higher with campaigns, but that is no proof: the lists were not drawn by lot."),
        (None, None, "randomised", "It cannot be told whether campaigns raised sales."),
    ],
)
def test_the_headline_claims_no_more_than_the_evidence(low: float | None, high: float | None, evidence: str, expected: str) -> None:
    """Only an interval above zero is a rise, and only a random holdout is proof."""
    assert BEST is not None
    assert summary.headline(replace(BEST, lift=0.1, low=low, high=high, evidence=evidence)) == expected  # type: ignore[arg-type]


def test_without_a_best_estimate_nothing_is_claimed() -> None:
    """No estimate, no claim."""
    assert summary.headline(None) == "It cannot be told whether campaigns raised sales."


def test_the_naive_twin_is_of_the_same_campaigns() -> None:
    """A run's own figure stands beside the naive one of that run, not of all campaigns."""
    assert BEST is not None
    own = replace(BEST, scope="run 3", evidence="randomised")
    naive = replace(BEST, scope="run 3", evidence="naive", estimator="naive_pooled")
    both = replace(measurement(), estimates=(own, *measurement().estimates, naive), best=own)
    assert summary.naive_twin(both) == naive
    assert summary.naive_twin(None) is None


def test_each_campaign_has_its_most_credible_estimate() -> None:
    """Known before unknown, adjusted before naive, else the first; the headline's own campaigns are left away."""
    assert BEST is not None
    unknown, first, second = (replace(BEST, scope="7", estimator=name, lift=lift) for name, lift in (("a", None), ("b", 0.1), ("c", 0.2)))
    naive = replace(BEST, scope="7", evidence="naive")
    told = replace(measurement(), estimates=(BEST, naive, unknown, first, second, replace(naive, scope="8")))
    assert summary.other_estimates(told) == [first, replace(naive, scope="8")]
    assert summary.other_estimates(None) == []


@pytest.mark.parametrize(("offers", "label"), [(("A", "B"), "Test two offers (A/B)"), (("A",), "Test the offer"), ((), "Test the offer")])
def test_only_two_offers_are_tested_against_each_other(offers: tuple[str, ...], label: str) -> None:
    """A single offer is tested against no contact."""
    assert summary.action("ab_test", offers) == label
    assert summary.action("keep", offers) == "Keep going"


def test_people_without_a_message_are_no_messages() -> None:
    """The ledger's excluded rows are people, not messages."""
    assert summary.messages({"accepted": 5, "excluded": 7, "unknown": 1}) == {
        "Accepted by the channel": 5,
        "Unknown: no answer came; held, never sent twice by itself": 1,
    }


@pytest.mark.parametrize(
    ("structure", "useful", "part"),
    [
        ("none", False, "everybody is treated alike"),
        ("natural", True, "groups with gaps between them, and treating them differently is shown to earn money"),
        ("overlapping", False, "but the segments overlap, and no gain from using them is shown"),
    ],
)
def test_the_verdict_is_one_sentence(structure: str, useful: bool, part: str) -> None:  # noqa: FBT001
    """Whether groups exist and whether they pay are told apart."""
    assert part in summary.verdict_sentence(Verdict(structure, useful, ""))  # type: ignore[arg-type]


def test_the_first_sentence_keeps_decimals_and_abbreviated_numbers() -> None:
    """A point inside a number ends no sentence."""
    assert summary.first_sentence("It brings 0.78 USD per contact. Also tried: others.") == "It brings 0.78 USD per contact."
