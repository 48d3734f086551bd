"""Browsing: from events to visits, carts and interests."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.errors import SettingsError
from netlift.records import Features
from tests.features.test_build import of, settings, tables

EVENTS = """
SELECT c AS customer_id, s AS session_id, CAST(t AS TIMESTAMP) AS timestamp, CAST(t AS TIMESTAMP) AS local_timestamp, e AS event,
       k AS category
FROM (VALUES
  ('a', '1', '2017-01-05 10:00:00', 'view', 'wine'),
  ('a', '1', '2017-01-05 10:06:00', 'Add-to Cart', NULL),
  ('a', '2', '2017-02-20 10:00:00', 'VIEW', 'wine'),
  ('a', '2', '2017-02-20 10:10:00', 'view', 'shoes'),
  ('a', '2', '2017-02-20 10:20:00', 'cart', NULL),
  ('a', '2', '2017-02-20 10:30:00', 'order', NULL),
  ('a', '3', '2017-02-27 00:00:00', 'home', NULL),
  ('b', '4', '2017-01-01 00:00:00', 'home', NULL),
  ('b', '5', '2017-03-01 00:00:00', 'view', 'wine')) AS v(c, s, t, e, k)
"""
EVERYBODY = "SELECT unnest(['a', 'b', 'never']) AS customer_id"


@pytest.fixture
def engine() -> Any:
    with Engine() as opened:
        yield opened


def build(engine: Engine, *, events: str = EVENTS, names: Any = None) -> Features:
    given = tables(engine, customers=EVERYBODY, events=events)
    utc = {"name": "shop", "currency": "USD", "time_zone": "UTC"}
    wanted = {"as_of": date(2017, 3, 1), "events": names or {}}
    return features.build(settings(project=utc, tables={"customers": {}}, features=wanted), engine, given)


def test_figures_of_one_customer_by_hand(engine: Engine) -> None:
    """Visits, views, carts, abandoned carts and their windows are the ones counted by hand, however the events are written."""
    built = build(engine)
    expected = {
        "visits": 3,
        "visits_30d": 2,
        "views": 3,
        "views_30d": 2,
        "cart_visits": 2,
        "cart_visits_30d": 1,
        "abandoned_carts": 1,
        "abandoned_carts_30d": 0,
        "buying_visit_share": 1 / 3,
        "cart_share": 2 / 3,
        "visit_events": 7 / 3,
        "visit_minutes": 12,
        "browsing_recency": 2,
        "interest_wine": 2 / 3,
        "interest_shoes": 1 / 3,
    }
    assert {name: of(built, "a", name) for name in expected} == pytest.approx(expected)


def test_nothing_at_or_after_as_of_is_known(engine: Engine) -> None:
    """The view at the moment of as_of does not count."""
    built = build(engine)
    assert (of(built, "b", "views"), of(built, "b", "visits"), of(built, "b", "browsing_recency")) == (0, 1, 59)
    assert np.isnan(of(built, "b", "interest_wine"))


def test_who_was_not_seen_follows_the_stated_rules(engine: Engine) -> None:
    """Counts are 0, shares and means are missing, recency is the time since the first event there is."""
    built = build(engine)
    group = [f for f in built.features if f.group == "browsing"]
    zero = [f.name for f in group if of(built, "never", f.name) == 0]
    assert zero == [f.name for f in group if f.missing.startswith("0 for")]
    assert all(np.isnan(of(built, "never", f.name)) for f in group if f.missing.startswith("missing"))
    assert of(built, "never", "browsing_recency") == 59
    assert all(f.words and f.unit and f.meaning for f in group)


def test_the_shops_own_words(engine: Engine) -> None:
    """A kind of event that is not found makes no feature but a note; the shop's own word brings it back."""
    own = EVENTS.replace("'order'", "'gekauft'")
    built = build(engine, events=own)
    assert not {"buying_visit_share", "abandoned_carts"} & set(built.inputs)
    assert built.notes == ("no event is known as a purchase; write the shop's own word under features.events.purchase",)
    with Engine() as other:
        assert of(build(other, events=own, names={"purchase": ["Gekauft"]}), "a", "abandoned_carts") == 1


def test_one_event_with_two_meanings_is_refused() -> None:
    """An event named as cart and as purchase is told."""
    with pytest.raises(SettingsError, match="the event 'order' is named twice"):
        settings(features={"events": {"cart": ["Order"]}})


def test_categories_of_products_tell_the_interest(engine: Engine) -> None:
    """Where events name products, the products' categories are the interest, quotes and all, with their sensitivity."""
    events = EVENTS.replace("k AS category", "k AS product_id")
    products = "SELECT * FROM (VALUES ('wine', 'Jo''s Wine'), ('shoes', 'Shoes')) AS v(product_id, category)"
    given = tables(engine, customers=EVERYBODY, events=events, products=products)
    built = features.build(settings(tables={"customers": {}}, features={"as_of": date(2017, 3, 1)}), engine, given)
    assert of(built, "a", "interest_jo_s_wine") == pytest.approx(2 / 3)
    assert [f.sensitivity for f in built.features if f.name == "interest_jo_s_wine"] == ["C"]


def test_without_as_of_the_last_event_is_the_moment(engine: Engine) -> None:
    """A shop without sales data: features are as of just after the last event, not as of today."""
    given = tables(engine, customers=EVERYBODY, events=EVENTS)
    assert str(features.build(settings(tables={"customers": {}}), engine, given).as_of) == "2017-03-01 00:00:00.000001"
