"""Arms are repeatable, grow without moving anybody, and say what they can show."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import InputError
from netlift.experiments import assign, sample_ratio_p
from netlift.records import Accounting, Assignment, Choice, Features, Outcome, Recommendation
from netlift.settings import ExperimentSettings, Project, Settings, TableSettings
from tests.experiments.test_draw import by_hand as shares


def settings(holdout: float = 0.1) -> Settings:
    return Settings(
        project=Project(name="Shop", currency="USD"),
        tables={"customers": TableSettings(path="customers.csv")},
        experiment=ExperimentSettings(holdout=holdout),
    )


def features(ids: list[str], rate: float | None = None) -> Features:
    """Customers with these ids; with a rate, each was contacted ten times and answered at that rate."""
    n = len(ids)
    ten = np.full((n, 1), 10)
    outcome = rate if rate is None else Outcome(Accounting("past", 1, 8, "USD"), ("A",), ten, np.full((n, 1), round(10 * rate)))
    return Features(datetime(2017, 10, 1), (), np.array(ids, dtype=object), np.empty((n, 0)), (), None, "", outcome)  # noqa: DTZ001 - records hold naive UTC


def choice(n: int, excluded: tuple[int, ...] = (), recommendations: tuple[Recommendation, ...] = ()) -> Choice:
    reason = np.array(["no consent" if i in excluded else None for i in range(n)], dtype=object)
    none = np.full(n, None, dtype=object)
    zeros = np.zeros(n, dtype=np.int64)
    return Choice(recommendations, none, none, np.zeros(n), reason, none, zeros, zeros)


def arms(ids: list[str], holdout: float = 0.1, experiment: str = "spring") -> dict[str, str]:
    result = assign(settings(holdout), features(ids), choice(len(ids)), experiment=experiment, u=shares(ids, f"s1:{experiment}:"))
    return dict(zip(ids, result.arm.tolist(), strict=True))


IDS = [f"H{i}" for i in range(20_000)]
customers = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, max_size=30)


@given(customers, st.randoms(use_true_random=False))
def test_order_and_company_do_not_matter(ids: list[str], random: object) -> None:
    """A customer gets the same arm in any order and in any subset."""
    whole = arms(ids, 0.5)
    some = ids[::-2]
    assert arms(some, 0.5) == {i: whole[i] for i in some}


@given(customers, st.floats(0, 0.99), st.floats(0, 0.99))
def test_a_larger_holdout_keeps_its_members(ids: list[str], one: float, other: float) -> None:
    """Who is held out at the smaller share is held out at the larger."""
    small, large = arms(ids, min(one, other)), arms(ids, max(one, other))
    assert {i for i in ids if small[i] == "holdout"} <= {i for i in ids if large[i] == "holdout"}


def test_the_holdout_begins_at_zero() -> None:
    """Of the published draws .333, .382, .494 and .514 a holdout of 40 % takes the two lowest."""
    ids = ["7", "1", "007", "123456"]
    result = assign(settings(0.4), features(ids), choice(4), experiment="exp42", u=shares(ids, "s1:exp42:"))
    assert result.arm.tolist() == ["holdout", "holdout", "treated", "treated"]


@pytest.mark.parametrize("holdout", [0.05, 0.1, 0.5])
def test_the_shares_are_the_ones_asked_for(holdout: float) -> None:
    """20,000 customers fill the arms as planned (chi-square p above .001)."""
    counts = assign(settings(holdout), features(IDS), choice(len(IDS)), experiment="spring", u=shares(IDS, "s1:spring:")).counts
    assert sample_ratio_p(counts, {"holdout": holdout, "treated": 1 - holdout}) > 0.001


def test_two_experiments_are_independent() -> None:
    """Being held out of one experiment says nothing about the next (chi-square of the cross table)."""
    first, second = arms(IDS, 0.5, "spring"), arms(IDS, 0.5, "summer")
    cells = {(a, b): 0 for a in ("holdout", "treated") for b in ("holdout", "treated")}
    for i in IDS:
        cells[first[i], second[i]] += 1
    assert sample_ratio_p({str(k): v for k, v in cells.items()}, {str(k): 0.25 for k in cells}) > 0.001


def test_the_excluded_have_no_arm() -> None:
    """Excluded customers are in no arm and in no count."""
    result = assign(settings(0.5), features(IDS[:10]), choice(10, excluded=(2, 5)), experiment="e", u=shares(IDS[:10]))
    assert result.arm[2] is None
    assert result.arm[5] is None
    assert sum(result.counts.values()) == 8


def test_an_ab_test_splits_its_segment_and_nobody_else() -> None:
    """The treated of segment 2 are shared between the two offers; holdout and other segments keep the chosen offer."""
    segment = np.array([1, 2] * 10_000)
    plan = (recommendation(1, "keep", "X"), recommendation(2, "ab_test", "X", "Y"))
    result = assign(settings(0.2), features(IDS), choice(20_000, (), plan), experiment="e", u=shares(IDS), segment=segment)
    assert result.offer is not None
    drawn = result.offer[(segment == 2) & (result.arm == "treated")]
    assert sample_ratio_p({o: int((drawn == o).sum()) for o in "XY"}, {"X": 0.5, "Y": 0.5}) > 0.001
    assert set(result.offer[(segment == 1) | (result.arm == "holdout")]) == {None}


def test_an_ab_test_without_segments_is_not_silent() -> None:
    """Where nobody says who is in which segment, nothing is split, and the note says so."""
    result = assign(
        settings(), features(IDS[:9]), choice(9, (), (recommendation(2, "ab_test", "X", "Y"),)), experiment="e", u=shares(IDS[:9])
    )
    assert result.offer is None
    assert "A/B tests are not split" in result.note


def recommendation(segment: int, action: str, *offers: str) -> Recommendation:
    return Recommendation(segment, action, offers, None, None, None, "test")  # type: ignore[arg-type]


def note(n: int, holdout: float, rate: float | None) -> Assignment:
    return assign(settings(holdout), features(IDS[:n], rate), choice(n), experiment="e", u=shares(IDS[:n]))


def test_the_note_says_what_can_be_found() -> None:
    """2,000 customers, 10 % base response: the detectable difference stands in points."""
    result = note(2000, 0.1, 0.1)
    assert result.detectable == pytest.approx(0.0735, abs=0.005)
    assert result.note == (
        f"With {result.counts['holdout']:,} held out and {result.counts['treated']:,} contacted, a response-rate difference of "
        f"{100 * (result.detectable or 0):.1f} points or more would be found with 80 % probability."
    )


@pytest.mark.parametrize(
    ("n", "holdout", "rate", "says"),
    [
        (200, 0.1, 0.1, "too small for a plausible effect; holding out half would lower it to"),
        (200, 0.0, 0.1, "a holdout is needed"),
        (200, 0.1, None, "no past contacts"),
        (0, 0.1, 0.1, "Nobody may be contacted"),
    ],
)
def test_the_note_warns(n: int, holdout: float, rate: float | None, says: str) -> None:
    """A holdout that can show nothing says so and what would."""
    assert says in note(n, holdout, rate).note


def test_bad_input_is_named() -> None:
    """A customer twice, and choices or draws of other customers are refused."""
    with pytest.raises(InputError, match="twice"):
        assign(settings(), features(["1", "1"]), choice(2), experiment="a", u=shares(["1", "1"]))
    with pytest.raises(InputError, match="2 customers, 1 choices and 2 draws"):
        assign(settings(), features(["1", "2"]), choice(1), experiment="a", u=shares(["1", "2"]))
    with pytest.raises(InputError, match="2 customers, 2 choices and 1 draws"):
        assign(settings(), features(["1", "2"]), choice(2), experiment="a", u=shares(["1"]))
