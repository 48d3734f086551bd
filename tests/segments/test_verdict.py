"""Structure x usefulness, in words."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.records import Accounting, Verdict
from netlift.segments import verdict
from netlift.segments.screening import Screened
from netlift.segments.structure import Structure
from netlift.segments.usefulness import Evidence, Money, Value

ROWS = np.arange(100)
MONEY = Money(np.zeros(300), ROWS, ROWS, ROWS, ROWS[:0], Accounting("spring mailing", 1.0, 5.0, "EUR"))


def decide(*, p: float, valley: float, gain: float | None, asked_for: bool = False, circular: bool = False) -> Verdict:
    structure = examined(cloud=p, curve=p, valley=valley)
    evidence = None if gain is None else Evidence(Value(gain, 0.1), 0.01)
    return verdict.decide(structure, money=None if gain is None else MONEY, evidence=evidence, asked_for=asked_for, circular=circular)


def examined(*, cloud: float, curve: float, valley: float) -> Structure:
    return Structure({"cloud": cloud, "curve": curve}, z_by_k={2: 1.0, 4: 5.0}, copies=99, customers=1000, valley_share=valley)


@pytest.mark.parametrize(
    ("p", "valley", "gain", "structure", "useful"),
    [
        (0.01, 0.9, 1.0, "natural", True),
        (0.01, 0.9, 0.0, "natural", False),
        (0.04, 0.1, 1.0, "overlapping", True),
        (0.40, 0.9, 1.0, "constructed", True),
        (0.40, 0.1, 0.1, "none", False),
        (0.40, 0.1, None, "none", False),
    ],
)
def test_the_table_of_verdicts(p: float, valley: float, gain: float | None, structure: str, useful: bool) -> None:  # noqa: FBT001
    """Every row of notes/segmentation.md 6."""
    decided = decide(p=p, valley=valley, gain=gain)
    assert (decided.structure, decided.useful) == (structure, useful)


def test_segments_asked_for_are_given_and_called_constructed() -> None:
    """A continuum is cut on request, and that is said."""
    decided = decide(p=0.4, valley=0.1, gain=0.0, asked_for=True)
    assert (decided.structure, decided.useful) == ("constructed", False)
    assert "asked for by the settings" in decided.reason
    assert "not yet shown to be useful" in decided.reason


def test_gaps_that_copies_have_too_are_no_continuum() -> None:
    """Where single features have gaps, as copies of the data do, the sentence claims neither groups nor a continuum."""
    assert "the customers form a continuum, and no groups are proven" in decide(p=0.4, valley=0.1, gain=None).reason
    said = decide(p=0.4, valley=0.9, gain=None).reason
    assert "gaps between groups are seen, but copies without groups have them as well, and no groups are proven" in said
    assert "form a continuum" not in said


def test_the_reason_says_the_money_the_accounting_and_the_doubt() -> None:
    """Gain with bounds and accounting; harmful, circular and borderline are said."""
    assert "gained 1.00 EUR a customer (95 % bounds 0.84 to 1.16; spring mailing)" in decide(p=0.01, valley=1, gain=1.0).reason
    assert "harmful" in decide(p=0.01, valley=1, gain=-1.0).reason
    assert "too good" in decide(p=0.01, valley=1, gain=1.0, circular=True).reason
    assert "p = 0.08, borderline)" in decide(p=0.08, valley=1, gain=1.0).reason
    assert "no outcome data" in decide(p=0.05, valley=1, gain=None).reason


def test_a_bend_that_explains_the_agreement_is_said() -> None:
    """More than correlation, but no more than one curve: a continuum, and why its halves agree."""
    decided = verdict.decide(examined(cloud=0.01, curve=0.3, valley=0.0), money=None, evidence=None, asked_for=False, circular=False)
    assert decided.structure == "none"
    assert "p = 0.3; not told apart from a continuum that is bent)" in decided.reason
    assert "bend" not in decide(p=0.4, valley=0.1, gain=None).reason


def test_the_evidence_is_kept_in_numbers() -> None:
    """What stands in the sentence stands in the figures."""
    evidence = decide(p=0.01, valley=0.9, gain=1.0).evidence
    assert evidence["value"] == 1.0
    assert evidence["structure_p"] == 0.01
    assert evidence["customers_report"] == 100


def test_why_a_less_stable_candidate_was_chosen() -> None:
    """Both candidates with their stability, and what counted more: the money, else the distance from structureless copies."""
    chosen, steadiest = Screened("kmeans", 6, 0.7, 0.2, 1.0), Screened("rfm_tertiles", 8, 0.9, 0.1, 1.0)
    paid = verdict.preference(chosen, steadiest, earned=True)
    assert paid == (
        "The most stable was rfm tertiles with 8 segments (0.90 against 0.70; 1 = always the same segments), "
        "but kmeans with 6 segments gained most money on the customers kept for choosing."
    )
    assert "few or fixed cuts are stable in any data" in verdict.preference(chosen, steadiest, earned=False)
