"""Own features count what the settings say, never look ahead, and every slip is one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.errors import ExpressionError, InputError
from netlift.records import Features

from .test_build import settings, tables

SALES = """
SELECT c AS customer_id, t AS timestamp, t AS local_timestamp, CAST(a AS DOUBLE) AS amount, ch AS channel
FROM (VALUES ('1', TIMESTAMP '2026-01-01 10:00:00', 5, 'app'), ('1', TIMESTAMP '2026-01-02 10:00:00', 7, 'shop'),
             ('2', TIMESTAMP '2026-01-02 11:00:00', 9, NULL), ('2', TIMESTAMP '2026-02-01 10:00:00', 100, 'app')) AS v(c, t, a, ch)
"""
APP = {
    "sql": "avg(CASE WHEN channel = 'app' THEN 1e0 ELSE 0e0 END)",
    "of": "transactions",
    "unit": "share",
    "meaning": "purchases in the app",
}


def built(own: dict[str, Any], **sections: Any) -> Features:
    with Engine() as engine:
        known = tables(engine, transactions=SALES)
        made = settings(**{**sections, "features": {"as_of": "2026-01-15", "own": own}})
        return features.build(made, engine, known)


def test_a_feature_over_a_table_knows_nothing_later() -> None:
    """Shares of the rows before as_of: the purchase of February, in the app, does not count."""
    found = built({"app_share": APP, "dearest": {"sql": "max(amount)", "of": "transactions", "meaning": "dearest line"}})
    assert found.column("app_share").tolist() == [0.5, 0]
    assert found.column("dearest").tolist() == [7, 9]
    feature = next(f for f in found.features if f.name == "app_share")
    assert (feature.unit, feature.meaning, feature.group, feature.sensitivity) == ("share", "purchases in the app", "own", "none")
    assert "app_share" in found.inputs


def test_a_feature_over_features_and_over_another_own_one() -> None:
    """In the order of the settings, each may use those before it."""
    own = {
        "app_share": APP,
        "per_day": {"sql": "monetary / nullif(tenure, 0e0)", "meaning": "money a day"},
        "double": {"sql": "per_day * 2e0 + app_share", "meaning": "for the test"},
    }
    found = built(own)
    per_day = found.column("monetary") / found.column("tenure")
    np.testing.assert_allclose(found.column("per_day"), per_day)
    np.testing.assert_allclose(found.column("double"), 2 * per_day + found.column("app_share"))


def test_sensitive_words_mark_a_feature() -> None:
    """A word of the review policy in a text of the expression counts, unless the user states the class."""
    own = {"sql": "count_if(channel = 'pregnancy')", "of": "transactions", "meaning": "purchases"}
    (one,) = [f for f in built({"special": own}).features if f.name == "special"]
    assert one.sensitivity in {"A", "B"}
    (two,) = [f for f in built({"special": {**own, "sensitivity": "none"}}).features if f.name == "special"]
    assert two.sensitivity == "none"


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (
            {"x": {**APP, "sql": "avg(amuont)"}},
            r"features\.own\.x\.sql, 'avg\(amuont\)': there is no column 'amuont' \(did you mean 'amount'\?\)",
        ),
        ({"x": {**APP, "sql": "amount"}}, "'amount' is not inside a function over many rows"),
        ({"x": {**APP, "sql": "1e0"}}, "the expression is not inside a function over many rows"),
        ({"x": {**APP, "sql": "sum(amount) * 1.5"}}, r"1\.5 would be a rounded decimal.*write 1\.5e0"),
        ({"x": {**APP, "sql": "sum(amount) / count(channel)"}}, "could be zero; write nullif"),
        ({"x": {**APP, "sql": "max(channel)"}}, "gives a string, and a feature is a number"),
        ({"x": {**APP, "sql": "sum(channel)"}}, "it cannot be computed"),
        ({"x": {**APP, "sql": "count(*) + (select 1)"}}, "a query inside the expression"),
        ({"x": {**APP, "sql": "sum(amount) OVER (ORDER BY amount NULLS LAST)"}}, "OVER gives a number per row"),
        ({"x": {**APP, "sql": "read_csv('x')"}}, "'read_csv' is not allowed"),
        ({"Recency": APP}, "there is a 'recency' already; give yours another name"),
        ({"customer_id": {"sql": "monetary", "meaning": "x"}}, "there is a 'customer_id' already"),
        ({"lifecycle": APP}, "there is a 'lifecycle' already"),
        ({"expected_spend": APP}, "there is a 'expected_spend' already"),
        ({"zz": APP, "ZZ": APP}, "features.own.ZZ: there is a 'zz' already"),
        ({"app share": APP}, "one word of letters, digits"),
        ({"x": {**APP, "of": "events"}}, r"there is no \[tables\.events\]"),
        ({"x": {"sql": "monetray * 2e0", "meaning": "m"}}, "did you mean 'monetary'"),
        ({"x": {"sql": "sum(monetary)", "meaning": "m"}}, "'sum' works over many rows"),
        ({"x": {"sql": "y", "meaning": "m"}, "y": {"sql": "monetary", "meaning": "m"}}, "no column 'y'"),
        ({"x": {**APP, "meaning": ""}}, "meaning"),
    ],
)
def test_every_slip_is_one_sentence(own: dict[str, Any], sentence: str) -> None:
    """What was found, and what to write instead."""
    with pytest.raises(InputError, match=sentence) as caught:
        built(own)
    assert "\n" not in str(caught.value)


def test_a_table_without_moments_is_refused() -> None:
    """What happened later could not be left out."""
    answers = "SELECT '1' AS campaign_id, '1' AS customer_id"
    own = {"answers": {"sql": "count(campaign_id)", "of": "responses", "meaning": "answers"}}
    with Engine() as engine, pytest.raises(InputError, match=r"has no column responded_at: what happened after features\.as_of could not"):
        known = tables(engine, transactions=SALES, responses=answers)
        features.build(settings(features={"as_of": "2026-01-15", "own": own}), engine, known)


FAILING = {
    "ln": {"sql": "sum(ln(amount - 5))", "of": "transactions"},
    "cast": {"sql": "sum(CAST(channel AS DOUBLE))", "of": "transactions"},
    "moment": {"sql": "max(CASE WHEN CAST(channel AS TIMESTAMP) > timestamp THEN 1 END)", "of": "transactions"},
    "big": {"sql": "sum(CAST(floor(power(amount, 30e0)) AS BIGINT))", "of": "transactions"},
    "over": {"sql": "ln(monetary - 12e0)"},
}


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_on_the_rows_is_one_sentence_without_a_value(name: str) -> None:
    """The feature and its expression are named, beside one that can be computed; nobody's value is shown."""
    own = {"fine": {"sql": "max(amount)", "of": "transactions", "meaning": "x"}, name: {**FAILING[name], "meaning": "for the test"}}
    with pytest.raises(ExpressionError) as caught:
        built(own)
    said = str(caught.value)
    assert said.startswith(f"features.own.{name}.sql, '{FAILING[name]['sql']}': it cannot be computed: ")
    assert "app" not in said.replace(FAILING[name]["sql"], "").replace("not be applied", "")


def test_spark_tells_what_fails_on_the_rows_too() -> None:
    """The same sentence, with Spark's name for the error."""
    own = {"cast": {**FAILING["cast"], "meaning": "for the test"}}
    with pytest.raises(ExpressionError, match=r"features.own.cast.sql, .*: it cannot be computed: Spark says CAST_INVALID_INPUT"):
        built(own, engine={"name": "spark", "master": "local[2]"})


def test_a_text_in_braces_stays_what_it_is() -> None:
    """Names in braces are filled into the catalogue's SQL, never into the user's."""
    own = {
        "day": {"sql": "count_if(channel = '{as_of}')", "of": "transactions", "meaning": "x"},
        "money": {"sql": "count_if(channel <> '{currency}')", "of": "transactions", "meaning": "x"},
    }
    found = built(own)
    assert [found.column(name)[0] for name in ("day", "money")] == [0, 2]
