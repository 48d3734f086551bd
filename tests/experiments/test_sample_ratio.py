"""The sample-ratio check gives the published p values."""

import pytest

from netlift.errors import InputError
from netlift.experiments import sample_ratio_p

# gbstats, commit 8f1db44 (shared/oracles/ab_tests_gbstats.json)
PUBLISHED = [
    ([1000, 1000], [0.5, 0.5], 1.0),
    ([1000, 1100], [0.5, 0.5], 0.029096331741252267),
    ([21306, 21307, 21387], [1 / 3, 1 / 3, 1 / 3], 0.9036929575604196),
    ([400, 600, 1010], [0.2, 0.3, 0.5], 0.9754312267756143),
    ([98, 0, 102], [1 / 3, 1 / 3, 1 / 3], 1.8164282009684302e-22),
    ([50300, 49700], [0.5, 0.5], 0.05777957112359715),
]


@pytest.mark.parametrize(("counts", "weights", "p"), PUBLISHED)
def test_p_is_the_published_one(counts: list[int], weights: list[float], p: float) -> None:
    """All six sample-ratio tests of gbstats come out to 1e-9 relative."""
    named = {f"arm{i}": c for i, c in enumerate(counts)}
    assert sample_ratio_p(named, {f"arm{i}": w for i, w in enumerate(weights)}) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "shares", "says"),
    [
        ({"a": 1}, {"b": 1.0}, "must be the same"),
        ({"a": 1, "b": 1}, {"a": 1.0, "b": 0.0}, "above 0"),
        ({"a": 0}, {"a": 1.0}, "0 customers"),
    ],
)
def test_impossible_plans_are_refused(counts: dict[str, int], shares: dict[str, float], says: str) -> None:
    """Other arms than planned, a share of nothing, and nobody at all are named."""
    with pytest.raises(InputError, match=says):
        sample_ratio_p(counts, shares)
