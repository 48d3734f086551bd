"""Two arms: published figures, the skew gate, and what cannot be estimated."""

from dataclasses import replace

import numpy as np
import pytest

from netlift.errors import NotEnoughData
from netlift.measurement.arms import Arm, cuped, difference, welch
from netlift.records import Floats


def summed(y: Floats, x: Floats | None = None) -> Arm:
    """The sums of one arm's customers."""
    x = np.zeros(len(y)) if x is None else x
    powers = [(y * y), (x * y), (x * x), y**3, x * y * y, x * x * y, x**3]
    return Arm(len(y), int((y != 0).sum()), float(y.sum()), float(x.sum()), *(float(p.sum()) for p in powers))


def given(n: int, post: tuple[float, float], pre: tuple[float, float] = (0, 0), cross: float = 0) -> Arm:
    """An arm of published sums, which have no third powers."""
    return Arm(n, n, post[0], pre[0], post[1], cross, pre[1], 0, 0, 0, 0)


def test_the_example_typed_by_hand() -> None:
    """gbstats' published example: +70.732 % [−3.526 %, 148.989 %], 0.29 absolute."""
    lift = difference(given(3407, (1396.87, 52377.9767)), given(3461, (2422.70, 134698.29)), 0)
    assert (lift.relative, lift.low, lift.high) == pytest.approx((0.70732, -0.03526, 1.44989), abs=5e-6)
    assert lift.absolute == pytest.approx(0.29, abs=5e-4)


# relative, two-sided Welch of gbstats at commit 8f1db44: shared/oracles/ab_tests_gbstats.json
MEANS = [
    (
        (5000, 64295.88457098345, 10927922.527802506),
        (9000, 111344.11141361154, 18942999.87678484),
        (-0.15510053181554986, 0.07926224409238519),
    ),
    (
        (400, 6358.6771540431855, 1115043.6724165126),
        (9000, 111585.99186054725, 17896304.201264713),
        (-0.46946263257984666, 0.029339725214086093),
    ),
]


@pytest.mark.parametrize(("control", "treated", "interval"), MEANS)
def test_welch_is_the_published_one(
    control: tuple[int, float, float], treated: tuple[int, float, float], interval: tuple[float, float]
) -> None:
    """Two of gbstats' relative comparisons come out to 1e-9."""
    lift = difference(given(control[0], control[1:]), given(treated[0], treated[1:]), 0)
    assert (lift.low, lift.high) == pytest.approx(interval, abs=1e-9)


def test_cuped_is_the_published_one() -> None:
    """gbstats' relative CUPED with 5,000 and 9,000 customers comes out to 1e-9, θ included."""
    control = given(5000, (58605.865935249174, 9097544.804333463), (62134.59273356045, 11766459.25495066), 1707623.2250891826)
    treated = given(9000, (111151.93536306285, 18024886.248407416), (116962.03304887195, 19712047.589617774), 2162772.817623811)
    lift = cuped(control, treated)  # without third powers no skewness is seen
    assert lift.relative == pytest.approx(0.05084245208735833, abs=1e-9)
    assert (lift.low, lift.high) == pytest.approx((-0.07603505177164985, 0.1777199559463665), abs=1e-9)


def buyers(random: np.random.Generator, n: int) -> Floats:
    """Sales of n customers of whom 3 % buy, amounts lognormal: experiments.md section 8."""
    return np.where(random.random(n) < 0.03, random.lognormal(3.5, 1.3, n), 0.0)


def refused(control: Floats, treated: Floats) -> bool:
    try:
        welch(summed(control), summed(treated))
    except NotEnoughData:
        return True
    return False


def test_a_small_holdout_with_rare_big_baskets_is_refused() -> None:
    """1,000 held out against 9,000 never passes the skew gate; equal arms of 5,000 always do."""
    random = np.random.default_rng(5)
    assert all(refused(buyers(random, 1000), buyers(random, 9000)) for _ in range(20))
    assert not any(refused(buyers(random, 5000), buyers(random, 5000)) for _ in range(20))


def test_what_passes_the_gate_covers_the_truth() -> None:
    """With equal arms and no effect, 95 % intervals of 2,000 campaigns miss 0 in 4 to 6 %, within three standard errors."""
    random = np.random.default_rng(3)
    missed = 0
    for _ in range(2000):
        both = np.where(random.random(1200) < 0.4, random.lognormal(3, 0.8, 1200), 0.0)
        lift = welch(summed(both[:600]), summed(both[600:]))
        missed += not lift.low <= 0 <= lift.high
    assert missed / 2000 == pytest.approx(0.05, abs=0.015)


def test_cuped_covers_a_known_lift_with_a_tighter_interval() -> None:
    """With a true lift of 15 % the intervals of 1,000 campaigns hold it in 93 to 97 %, and are narrower than Welch's."""
    random = np.random.default_rng(4)
    hit, widths = 0, []
    for _ in range(1000):
        x = random.gamma(2, 20, 1200)
        y = (0.7 * x + random.gamma(2, 10, 1200)) * np.where(np.arange(1200) < 600, 1.0, 1.15)
        control, treated = summed(y[:600], x[:600]), summed(y[600:], x[600:])
        sharp, plain = cuped(control, treated), welch(control, treated)
        hit += sharp.low <= 0.15 <= sharp.high
        widths.append((sharp.high - sharp.low) / (plain.high - plain.low))
    assert hit / 1000 == pytest.approx(0.95, abs=0.021)
    assert max(widths) < 1


FINE = summed(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 2.0, 5.0]))


@pytest.mark.parametrize(
    ("control", "says"),
    [
        (summed(np.array([1.0])), "1 customers were held out and two are needed"),
        (summed(np.zeros(4)), "none of the 4 customers held out bought"),
        (summed(np.array([0.0, 0.0, 0.0, 9.0])), "not clearly above 0"),
    ],
)
def test_arms_that_cannot_be_compared_say_why(control: Arm, says: str) -> None:
    """One customer, no buyer, and a mean near zero are refused with their figures."""
    with pytest.raises(NotEnoughData, match=says):
        welch(control, FINE)


def test_no_variance_is_no_certainty() -> None:
    """Everybody buying the same gives no interval of width zero, and sales before that are all equal give no CUPED."""
    same = summed(np.full(5, 3.0), np.full(5, 2.0))
    with pytest.raises(NotEnoughData, match="exactly the same"):
        welch(same, same)
    with pytest.raises(NotEnoughData, match="before sending do not differ"):
        cuped(replace(FINE, x=8, xx=16, xy=20), replace(FINE, x=8, xx=16, xy=20))
