"""Windows without a campaign: where they lie, how many are needed, what they do to the interval."""

import numpy as np
import pytest

from netlift.errors import NotEnoughData
from netlift.measurement.placebo import judged, spell_length, windows
from netlift.measurement.regression import ar1
from netlift.measurement.summaries import Flags
from netlift.records import Floats


def active(days: int, *spans: tuple[int, int]) -> Flags:
    found = np.zeros(days, dtype=bool)
    for first, last in spans:
        found[first : last + 1] = True
    return found


def noise(seed: int, days: int, rho: float = 0.5) -> Floats:
    random = np.random.default_rng(seed)
    e = np.zeros(days)
    for t in range(1, days):
        e[t] = rho * e[t - 1] + random.normal(0, 0.06)
    return e


def test_windows_lie_on_free_days_side_by_side() -> None:
    """Each is whole, none touches a campaign's day, none lies over another, and no free stretch has room for one more."""
    busy = active(60, (10, 19), (30, 34))
    found = windows(busy, 7)
    assert (found.sum(axis=0) == 7).all()
    assert found.sum(axis=1).max() == 1
    assert not found[busy].any()
    assert found.shape[1] == 10 // 7 + 10 // 7 + 25 // 7


def test_a_spell_is_a_stretch_of_days() -> None:
    """Campaigns that follow each other without a gap are one; the mean of 10 and 5 days is 8, to even numbers."""
    assert spell_length(active(60, (10, 19), (30, 34))) == 8
    assert spell_length(active(60, (0, 9), (10, 14))) == 15


@pytest.mark.parametrize(
    ("busy", "reason"),
    [
        (active(100, (0, 50)), "49 days are without a campaign and 60 are needed"),
        (active(150, (50, 79)), "only 3 windows of 30 days are free of campaigns to judge chance by, and 8 are needed"),
        (active(200, (186, 199)), "only 4 windows of 14 days are free of campaigns to judge chance by, and 8 are needed"),
    ],
)
def test_too_little_is_said(busy: Flags, reason: str) -> None:
    """Too few free days, or too few windows among them, in the middle and at the end of the data."""
    with pytest.raises(NotEnoughData, match=f"^{reason}$"):
        judged(noise(1, len(busy)), np.ones((len(busy), 1)), busy, ar1)


def test_a_campaign_like_a_regressor_cannot_be_told_from_it() -> None:
    """Days that another column marks as well have no effect of their own."""
    busy = active(400, (100, 109), (200, 209))
    with pytest.raises(NotEnoughData, match="cannot be told from weekday, season and other campaigns"):
        judged(noise(1, 400), np.column_stack([np.ones(400), busy]), busy, ar1)


@pytest.mark.parametrize("where", [[(200, 209)], [(390, 399)]])
def test_the_obvious_is_found_and_rare_among_windows(where: list[tuple[int, int]]) -> None:
    """Half as much again on the campaign's days, in the middle or at the end, is found, and no window shows as much."""
    busy = active(400, *where)
    found = judged(noise(2, 400) + np.log(1.5) * busy, np.ones((400, 1)), busy, ar1)
    assert found.low < np.log(1.5) < found.high
    assert found.low > 0
    assert found.as_large == 0
    assert found.p == (pytest.approx(1 / (1 + found.windows)) if found.windows >= 19 else None)


def test_a_bump_in_every_window_is_no_effect() -> None:
    """Errors that come in waves as long as the campaign make windows as odd as it: the interval is widened for them."""
    busy = active(400, (200, 209))
    waves = np.repeat(np.random.default_rng(3).normal(0, 0.1, 40), 10)
    y = waves + np.random.default_rng(4).normal(0, 0.01, 400)
    y[200:210] = 0.15
    found = judged(y, np.ones((400, 1)), busy, ar1)
    assert found.low < 0 < found.high
    assert found.as_large > 0


FALSE_ALARMS = 300


@pytest.mark.parametrize("where", [[(150, 159), (250, 259)], [(386, 399)]])
def test_nothing_is_found_where_nothing_works(where: list[tuple[int, int]]) -> None:
    """The interval misses 0 in about 5 % of 300 worlds (three standard errors); the full study: benchmarks/lift.py."""
    busy = active(400, *where)
    x = np.column_stack([np.ones(400), np.arange(400) / 400])
    found = [judged(noise(seed, 400), x, busy, ar1) for seed in range(FALSE_ALARMS)]
    assert np.mean([not f.low <= 0 <= f.high for f in found]) == pytest.approx(0.05, abs=0.038)
