"""Features: from tables to one row per customer."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.errors import InputError, NotEnoughData, SettingsError
from netlift.records import Features, TableInput, Tables
from netlift.settings import Settings, parse

KINDS = {"VARCHAR": "text", "DOUBLE": "number", "TIMESTAMP": "timestamp"}
NEW_YORK_MIDNIGHT = "TIMESTAMP '2017-03-01 05:00:00'"


def settings(**sections: Any) -> Settings:
    project = {"name": "shop", "currency": "USD", "time_zone": "America/New_York"}
    return parse({"project": project, "tables": {"transactions": {}}, **sections}, folder=Path(), sha256="")


def tables(engine: Engine, **queries: str) -> Tables:
    inputs = []
    for name, query in queries.items():
        engine.execute(f"CREATE TABLE {name} AS {query}")
        columns = {n: KINDS[t] for n, t in engine.rows("SELECT column_name, column_type FROM (DESCRIBE " + name + ")")}
        rows = engine.rows(f"SELECT count(*) FROM {name}")[0][0]
        inputs.append(TableInput(name, "test", rows, rows, 0, 0, "", columns))
    return Tables(tuple(inputs))


def sales(*rows: tuple[str, str, float]) -> str:
    """Purchases given as (customer, UTC time, amount), with the local time of New York."""
    values = ", ".join(f"('{c}', TIMESTAMP '{t}', CAST({a} AS DOUBLE))" for c, t, a in rows)
    local = "local_time(t, 'America/New_York') AS local_timestamp"
    return f"SELECT c AS customer_id, t AS timestamp, a AS amount, {local} FROM (VALUES {values}) AS v(c, t, a)"


THREE = sales(
    ("007", "2017-01-01 12:00:00", 10.0),
    ("007", "2017-01-01 12:00:00", 5.0),  # the same moment: one basket
    ("007", "2017-01-11 12:00:00", 20.0),
    ("007", "2017-01-31 12:00:00", 40.0),
    ("7", "2017-02-28 12:00:00", 8.0),
    ("late", "2017-03-05 12:00:00", 99.0),
)


def of(built: Features, customer: str, name: str) -> float:
    return float(built.column(name)[list(built.customer_ids).index(customer)])


@pytest.fixture
def engine() -> Any:
    with Engine() as opened:
        yield opened


def test_figures_of_one_customer_by_hand(engine: Engine) -> None:
    """Recency, frequency, monetary, tenure and gaps are the ones counted by hand, with lines of one moment as one basket."""
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=THREE))
    midnight = 28 + 17 / 24  # days from 31 January noon UTC to 1 March, New York's midnight
    found = {name: of(built, "007", name) for name in ("frequency", "monetary", "gap_mean", "gap_sd", "basket_value")}
    assert found == pytest.approx({"frequency": 3, "monetary": 75, "gap_mean": 15, "gap_sd": 50**0.5, "basket_value": 25})
    assert of(built, "007", "recency") == pytest.approx(midnight)
    assert of(built, "007", "tenure") == pytest.approx(midnight + 30)
    assert of(built, "007", "spend_30d") == pytest.approx(40)
    assert of(built, "007", "spend_90d") == pytest.approx(75)


def test_nothing_later_than_as_of_is_known(engine: Engine) -> None:
    """A customer whose first purchase lies after as_of is left out, and that is said."""
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=THREE))
    assert list(built.customer_ids) == ["007", "7"]
    assert built.notes[0] == "1 customers bought only after the features' date and are left out"
    assert built.as_of == datetime(2017, 3, 1)  # noqa: DTZ001 - naive local time by design


def test_a_later_purchase_changes_no_feature(engine: Engine) -> None:
    """Adding a sale after as_of leaves every value as it was: no leakage of later facts."""
    earlier = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=THREE))
    with Engine() as other:
        more = THREE.replace("(VALUES ", "(VALUES ('007', TIMESTAMP '2017-03-01 05:00:00', CAST(1000 AS DOUBLE)), ")
        later = features.build(settings(features={"as_of": date(2017, 3, 1)}), other, tables(other, transactions=more))
    np.testing.assert_array_equal(earlier.values, later.values)


def test_weekday_and_hour_are_local(engine: Engine) -> None:
    """A purchase at 02:00 UTC on Saturday is a Friday evening purchase in New York."""
    night = sales(("a", "2017-01-07 02:00:00", 1.0), ("b", "2017-01-07 18:00:00", 1.0))
    built = features.build(settings(), engine, tables(engine, transactions=night))
    assert [of(built, c, "weekend_share") for c in "ab"] == [0, 1]
    assert [of(built, c, "evening_share") for c in "ab"] == [1, 0]


def test_customers_without_purchases_follow_the_stated_rules(engine: Engine) -> None:
    """With a customers table, who never bought has frequency 0, the longest recency, and missing shares."""
    given = tables(engine, transactions=THREE, customers="SELECT unnest(['007', 'none']) AS customer_id")
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, given)
    assert of(built, "none", "frequency") == 0
    assert of(built, "none", "recency") == pytest.approx(58 + 17 / 24)
    assert np.isnan(of(built, "none", "weekend_share"))
    assert "1 customers in transactions are not in customers and are left out" in built.notes


def test_category_shares_add_up_and_say_what_is_sensitive(engine: Engine) -> None:
    """Category shares of a customer add up to 1 and a category of class A is marked as such."""
    lines = THREE.replace("SELECT c AS customer_id", "SELECT CASE WHEN a > 9 THEN 'p' ELSE 'q' END AS product_id, c AS customer_id")
    products = "SELECT * FROM (VALUES ('p', 'Food'), ('q', 'Baby & Pharmacy')) AS v(product_id, category)"
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=lines, products=products))
    assert of(built, "007", "share_food") == pytest.approx(70 / 75)
    assert of(built, "007", "share_food") + of(built, "007", "share_baby_pharmacy") == pytest.approx(1)
    assert {f.name: f.sensitivity for f in built.features if f.group == "category"} == {"share_food": "none", "share_baby_pharmacy": "A"}


def test_channel_shares_are_of_the_money_whose_channel_is_known(engine: Engine) -> None:
    """Worked by hand: 60 on the web, 10 in a shop, 5 nobody knows how; who has no known channel has no share."""
    lines = THREE.replace("SELECT c AS", "SELECT CASE WHEN a > 15 THEN 'Web' WHEN a > 9 THEN 'Shop' END AS channel, c AS")
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=lines))
    assert {f.name: f.meaning for f in built.features if f.group == "channel"} == {
        "channel_share_web": "money spent through Web",
        "channel_share_shop": "money spent through Shop",
    }
    assert of(built, "007", "channel_share_web") == pytest.approx(60 / 70)
    assert of(built, "007", "channel_share_shop") == pytest.approx(10 / 70)
    assert np.isnan(of(built, "7", "channel_share_web"))


CAMPAIGNS = (
    "SELECT * FROM (VALUES ('1', TIMESTAMP '2017-02-01', 'A'), ('2', TIMESTAMP '2017-03-02', 'B')) AS v(campaign_id, start_date, type)"
)
CONTACTED = "SELECT * FROM (VALUES ('1', '007'), ('1', '7'), ('2', '007'), ('2', '7')) AS v(campaign_id, customer_id)"
RESPONSES = f"""SELECT * FROM (VALUES ('1', '007', TIMESTAMP '2017-02-03'), ('2', '7', {NEW_YORK_MIDNIGHT} + INTERVAL 2 DAY),
('2', '7', {NEW_YORK_MIDNIGHT} + INTERVAL 3 DAY)) AS v(campaign_id, customer_id, responded_at)"""


def test_outcome_is_taken_from_campaigns_after_the_features(engine: Engine) -> None:
    """Campaigns from as_of on judge; earlier answers are features; two coupons of one campaign are one answer."""
    given = tables(engine, transactions=THREE, campaigns=CAMPAIGNS, contacted=CONTACTED, responses=RESPONSES)
    wanted = settings(features={"as_of": date(2017, 3, 1)}, response={"contact_cost": 1, "revenue": 8})
    built = features.build(wanted, engine, given)
    assert built.outcome is not None
    assert built.outcome.offers == ("B",)
    assert built.outcome.contacts.tolist() == [[1], [1]]
    assert built.outcome.responses.tolist() == [[0], [1]]
    assert built.outcome.profit().tolist() == [-1, 7]
    assert [of(built, c, "campaigns_answered") for c in ("007", "7")] == [1, 0]
    assert not any(f.uses_response for f in built.features)


def test_an_outcome_of_the_same_time_makes_answers_circular(engine: Engine) -> None:
    """Where no campaign is later than the features, features made from answers are marked and are no inputs."""
    given = tables(engine, transactions=THREE, campaigns=CAMPAIGNS, contacted=CONTACTED, responses=RESPONSES)
    built = features.build(settings(response={"contact_cost": 1, "revenue": 8}), engine, given)
    circular = {f.name for f in built.features if f.uses_response}
    assert circular == {"campaigns_answered", "answer_rate"}
    assert not circular & set(built.inputs)


WIDE = "SELECT * FROM (VALUES ('b', 10e0, 0e0, 3e0), ('a', 20e0, 1e0, NULL)) AS v(customer_id, Income, Response, Acc)"


def wide(**sections: Any) -> Settings:
    customers = {"derive": {"Acc": "Income + Response", "Twice": "Acc * 2"}}
    return settings(tables={"customers": customers}, response={"column": "Response", "contact_cost": 3, "revenue": 11}, **sections)


def test_numeric_columns_of_customers_are_features(engine: Engine) -> None:
    """A wide table needs no transactions; what was derived from the outcome is marked and left out by default."""
    built = features.build(wide(), engine, tables(engine, customers=WIDE))
    assert list(built.customer_ids) == ["a", "b"]
    assert built.inputs == ("Income",)
    assert [f.name for f in built.features if f.uses_response] == ["Response", "Acc"]
    assert [f.sensitivity for f in built.features if f.name == "Income"] == ["C"]
    assert built.outcome is not None
    assert built.outcome.responses.tolist() == [[1], [0]]
    assert np.isnan(of(built, "a", "Acc"))


def test_unknown_feature_name_is_explained(engine: Engine) -> None:
    """A misspelt feature gets one sentence with the close match."""
    with pytest.raises(SettingsError, match=r"features.include names 'Incom', .* did you mean 'Income'\?"):
        features.build(wide(features={"include": ["Incom"]}), engine, tables(engine, customers=WIDE))


def test_outcome_column_must_be_zero_or_one(engine: Engine) -> None:
    """An outcome of 2 is named, not guessed at."""
    with pytest.raises(InputError, match="'Response' holds 2, and 0 or 1 is expected"):
        features.build(wide(), engine, tables(engine, customers=WIDE.replace("1e0", "2e0")))


def test_as_of_before_all_data_is_refused(engine: Engine) -> None:
    """An as_of before the first sale leaves nothing to know, and the sentence says from when on there is something."""
    with pytest.raises(NotEnoughData, match="the first transaction is of 2017-01-01"):
        features.build(settings(features={"as_of": date(2016, 1, 1)}), engine, tables(engine, transactions=THREE))


def test_a_table_that_the_outcome_needs_is_named(engine: Engine) -> None:
    """[response] without a column and without the campaign tables names the first missing one."""
    with pytest.raises(SettingsError, match="campaigns is not given"):
        features.build(settings(response={"contact_cost": 1, "revenue": 8}), engine, tables(engine, transactions=THREE))


def test_more_returned_than_bought_is_no_negative_share(engine: Engine) -> None:
    """Money of a kind counts net, and at least 0: 20 on the web, and 5 more than he bought brought back to the shop."""
    rows = "('a', 20e0, 'Web'), ('a', 10e0, 'Shop'), ('a', -15e0, 'Shop'), ('b', 30e0, 'Shop')"
    lines = f"""SELECT c AS customer_id, TIMESTAMP '2017-01-01 12:00:00' AS timestamp, TIMESTAMP '2017-01-01 12:00:00' AS local_timestamp,
        a AS amount, k AS channel FROM (VALUES {rows}) AS v(c, a, k)"""
    built = features.build(settings(features={"as_of": date(2017, 3, 1)}), engine, tables(engine, transactions=lines))
    assert [of(built, "a", name) for name in ("channel_share_web", "channel_share_shop")] == [1, 0]
