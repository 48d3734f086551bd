"""Arms by share: right in size, never moved by a larger holdout, apart in a layer, even in strata."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import InputError, NotEnoughData
from netlift.experiments import UNIVERSAL, Drawn, Shares, balance, check_filled, drawn_arms, planned, sample_ratio_p
from netlift.experiments.arms import ELSEWHERE, OUTSIDE, systematic
from netlift.records import Floats, Texts
from tests.experiments.test_draw import by_hand

IDS = [f"H{i}" for i in range(20_000)]


def u(name: str, ids: list[str] = IDS) -> Floats:
    return by_hand(ids, f"s1:{name}:")


def arms(experiment: str, holdout: float = 0.2, **others: float) -> Texts:
    shares = planned(experiment, others or {"a": 0.5, "b": 0.3}, holdout=holdout)
    return drawn_arms(Drawn(u(experiment)), shares)[0]


def test_the_published_draws_fall_into_their_intervals() -> None:
    """Draws .382 .494 .333 .519 .514 of section 6: holdout to .35, a to .5, b to 1."""
    ids = ["1", "007", "7", "Müller-ü", "123456"]
    found, reason = drawn_arms(Drawn(u("exp42", ids)), planned("exp42", {"a": 0.15, "b": 0.5}, holdout=0.35))
    assert found.tolist() == ["a", "a", "holdout", "b", "b"]
    assert reason.tolist() == [None] * 5


def test_the_shares_are_the_ones_asked_for() -> None:
    """20,000 customers fill three arms as planned, and a share of nobody is outside (chi-square p above .001)."""
    shares = planned("spring", {"a": 0.5, "b": 0.2}, holdout=0.1)
    arm, reason = drawn_arms(Drawn(u("spring")), shares)
    counts = {name: int(np.sum(arm == name)) for name in shares.of} | {"outside": int(np.sum(reason == OUTSIDE))}
    assert sum(counts.values()) == len(IDS)
    assert sample_ratio_p(counts, {**shares.of, "outside": 0.2}) > 0.001


def test_two_experiments_are_independent() -> None:
    """The cross table of the arms of two experiments is as chance makes it (chi-square p above .001)."""
    one, other = arms("spring"), arms("summer")
    shares = {"holdout": 0.2, "a": 0.5, "b": 0.3}
    cells = {f"{x}{y}": int(np.sum((one == x) & (other == y))) for x in shares for y in shares}
    assert sample_ratio_p(cells, {f"{x}{y}": shares[x] * shares[y] for x in shares for y in shares}) > 0.001


def test_drawing_again_changes_nothing() -> None:
    """The same customers in another order and company have the same arms."""
    whole = dict(zip(IDS, arms("spring"), strict=True))
    some = IDS[::-3]
    again, _ = drawn_arms(Drawn(u("spring", some)), planned("spring", {"a": 0.5, "b": 0.3}, holdout=0.2))
    assert [whole[i] for i in some] == again.tolist()


@given(st.floats(0.01, 0.49), st.floats(0.01, 0.49), st.sampled_from([None, 1]))
def test_a_larger_holdout_keeps_its_members(one: float, other: float, last: int | None) -> None:
    """Who is held out at the smaller share is so at the larger, by the hash and in strata."""
    few = IDS[:500]
    stratum = None if last is None else np.array([i[-last:] for i in few], dtype=object)
    held = [
        drawn_arms(Drawn(u("x", few)), planned("x", {"a": 1 - share}, holdout=share), stratum=stratum, start="s1:x")[0] == "holdout"
        for share in sorted((one, other))
    ]
    assert not (held[0] & ~held[1]).any()


def test_the_universal_control_is_in_no_experiment() -> None:
    """Its members have its reason whatever the experiment, and a larger one keeps them."""
    before: set[int] = set()
    for share in (0.02, 0.05, 0.1):
        drawn = Drawn(u("spring"), universal=u(UNIVERSAL))
        arm, reason = drawn_arms(drawn, planned("spring", {"a": 0.5, "b": 0.5}), universal=share)
        inside = set(np.flatnonzero(reason == UNIVERSAL).tolist())
        assert before <= inside == set(np.flatnonzero(u(UNIVERSAL) < share).tolist())
        assert all(arm[i] is None for i in inside)
        assert sample_ratio_p({"in": len(inside), "out": len(IDS) - len(inside)}, {"in": share, "out": 1 - share}) > 0.001
        before = inside


def test_experiments_of_a_layer_never_share_a_customer() -> None:
    """Two experiments on neighbouring intervals are apart and fill them; inside, the arms have their shares."""
    layer = u("layer mail")
    shares = planned("e", {"a": 0.3, "b": 0.1})
    first, why = drawn_arms(Drawn(u("e"), layer=layer), shares, interval=(0.0, 0.4))
    second, _ = drawn_arms(Drawn(u("f"), layer=layer), shares, interval=(0.4, 0.8))
    assert not ((first != None) & (second != None)).any()  # noqa: E711
    assert set(why[first == None].tolist()) == {ELSEWHERE}  # noqa: E711
    for arm in (first, second):
        counts = {name: int(np.sum(arm == name)) for name in "ab"} | {"elsewhere": int(np.sum(arm == None))}  # noqa: E711
        assert sample_ratio_p(counts, {**shares.of, "elsewhere": 0.6}) > 0.001


def test_strata_are_even() -> None:
    """In every stratum each arm has its share to within one customer, and over many experiments everybody has a fair chance."""
    stratum = np.array([str(len(i)) + i[-1] for i in IDS[:3000]], dtype=object)
    shares = Shares({"holdout": 0.1, "a": 0.6, "b": 0.3})
    arm, _ = drawn_arms(Drawn(u("x", IDS[:3000])), shares, stratum=stratum, start="s1:x")
    for name in set(stratum.tolist()):
        n = int(np.sum(stratum == name))
        assert all(abs(np.sum(arm[stratum == name] == a) - share * n) <= 1 for a, share in shares.of.items())
    few, rng = np.array(["p"] * 3 + ["q"] * 4, dtype=object), np.random.default_rng(1)
    held = np.mean([systematic(rng.random(7), few, start=f"s:{t}") < 0.1 for t in range(4000)], axis=0)
    assert held == pytest.approx(np.full(7, 0.1), abs=4 * (0.09 / 4000) ** 0.5)


def test_balance_tells_each_stratum() -> None:
    """A stratum whose arms are not as planned is flagged; p = .0006 is not where three strata share the .001."""
    arm = np.array(["a", "b"] * 500 + ["a"] * 100 + ["b"] * 40 + ["a"] * 47 + ["b"] * 19, dtype=object)
    stratum = np.array(["x"] * 1000 + ["y"] * 140 + ["z"] * 66, dtype=object)
    whole, x, y, z = balance(arm, stratum, {"a": 0.5, "b": 0.5})
    assert (whole.stratum, x.stratum, y.stratum, z.stratum) == ("", "x", "y", "z")
    assert (x.mismatch, y.mismatch, z.mismatch) == (False, True, False)
    assert 0.0005 < z.p < 0.001
    assert (x.p, x.counts) == (1, {"a": 500, "b": 500})
    assert x.found == pytest.approx(4.1321 * (0.25 / 1000) ** 0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "given", "holdout", "says"),
    [
        ("spr:ing", {"a": 0.5}, 0.5, "'spr:ing'; give a name .* without ':'"),
        ("", {"a": 0.5}, 0.5, "at least one character"),
        ("run 7", {"a": 0.5}, 0.5, "begin with 'run' are netlift's own"),
        (UNIVERSAL, {"a": 0.5}, 0.5, "begin with 'universal control'"),
        ("e", {}, 0.5, "No arm is given"),
        ("e", {"a": 0.8, "b": 0.4}, 0.0, "add up to 1.2"),
        ("e", {"a": 0.5, "b": 0.0}, 0.0, "'b' has the share 0"),
        ("e", {"a": 0.5, "b": -0.1}, 0.0, "'b' has the share -0.1"),
        ("e", {"a": float("nan")}, 0.5, "'a' has the share nan"),
        ("e", {"a": 1.0}, 0.0, "'a' is the only arm"),
        ("e", {"holdout": 0.5}, 0.1, "'holdout' is given twice"),
        ("e", {"": 0.5}, 0.1, "has no name"),
        ("e", {"a": 0.5}, 1.5, "'holdout' has the share 1.5"),
    ],
)
def test_plans_that_cannot_be_are_named(name: str, given: dict[str, float], holdout: float, says: str) -> None:
    """Names that could collide, shares that cannot be, and nothing to compare."""
    with pytest.raises(InputError, match=says):
        planned(name, given, holdout=holdout)


def test_ten_tenths_are_one() -> None:
    """Shares that add up to 1 but for rounding leave nobody outside."""
    arm, _ = drawn_arms(Drawn(np.array([0.0, np.nextafter(1, 0)])), planned("e", {str(i): 0.1 for i in range(10)}))
    assert arm.tolist() == ["0", "9"]


def test_an_empty_arm_is_told() -> None:
    """An arm that nobody fell into is named with its share."""
    with pytest.raises(NotEnoughData, match=r"'b' with the share 0.001 got none of the 2 customers"):
        check_filled(np.array(["a", "a"], dtype=object), Shares({"a": 0.9, "b": 0.001}))
