"""What customers are worth and what they buy."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from netlift.offers.worth import Worth, worths
from tests.offers.conftest import Case, made_features, made_outcome

# ruff: noqa: DTZ001 - times are naive, as in the tables


@pytest.mark.parametrize(
    ("worth", "standing"),
    [
        (Worth(150, 130, 170, 100), "above"),
        (Worth(150, 110, 190, 100), "average"),
        (Worth(60, 50, 70, 100), "below"),
        (Worth(75, 65, 85, 100), "average"),
        (Worth(-5, -7, -3, -10), "above"),
        (Worth(-5, -9, -1, -10), "average"),
    ],
)
def test_clearly_better_means_the_whole_interval_is_a_fifth_away(worth: Worth, standing: str) -> None:
    """The interval, not the mean, must lie 20 % above or below the mean customer."""
    assert worth.standing == standing


def test_worth_ignores_missing_values_and_tiny_segments() -> None:
    """Missing values do not count, and one customer has no interval."""
    found = worths(np.array([1.0, 3.0, np.nan, 8.0]), np.array([1, 1, 1, 2]))
    assert list(found) == [1]
    assert (found[1].mean, found[1].base) == (2, 4)
    assert found[1].high - found[1].mean == pytest.approx(1.96)


def test_nothing_known_is_nothing_said() -> None:
    """Without a value there is no standing."""
    assert worths(None, np.array([1])) == {}
    assert worths(np.array([np.nan]), np.array([1])) == {}


def test_purchases_before_the_features_moment_tell_what_is_near(five: Case) -> None:
    """Money spent on the offers' product categories before the moment decides which offer an A/B test tries."""
    five.features = made_features(list("abcde"), value=[1, 1, 1, 1, 1], outcome=made_outcome([40] * 5, [1] * 5))
    five.sections["offers"] = [
        {"name": "Old", "current": True},
        {"name": "Bread", "categories": ["bread"]},
        {"name": "Wine", "categories": ["wine", "beer"]},
    ]
    moments = [datetime(2024, 6, 1), datetime(2024, 6, 1), datetime(2024, 7, 1)]
    five.tables["products"] = pa.table({"product_id": ["p", "q"], "category": ["bread", "wine"]})
    five.tables["transactions"] = pa.table(
        {
            "customer_id": ["a", "b", "c"],
            "product_id": ["p", "q", "p"],
            "amount": [5.0, 7.0, 900.0],
            "local_timestamp": pa.array(moments, pa.timestamp("us")),
        }
    )
    (advice,) = five.choose().recommendations
    assert (advice.action, advice.offers) == ("ab_test", ("Old", "Wine"))
    assert "they spent 1.40 each on its products" in advice.warnings[0]
