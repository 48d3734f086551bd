"""Surveys and bought-in data as features."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from netlift import features
from netlift.engine import Engine
from netlift.records import Features
from tests.features.test_build import of, settings, tables

UTC = {"name": "shop", "currency": "USD", "time_zone": "UTC"}
EVERYBODY = "SELECT unnest(['a', 'b', 'c', 'never']) AS customer_id"
ANSWERS = """
SELECT c AS customer_id, q AS question, w AS answer, CAST(t AS TIMESTAMP) AS answered_at, label, measure
FROM (VALUES
  ('a', 'How likely?', '9', '2017-01-01', NULL, NULL),
  ('a', 'How likely?', '4', '2017-02-01', NULL, NULL),
  ('a', 'How likely?', NULL, '2017-02-02', NULL, NULL),
  ('a', 'How likely?', '1', '2017-03-01', NULL, NULL),
  ('b', 'How likely?', '0', '2017-01-01', NULL, NULL),
  ('a', 'Region', '3', '2017-01-01', 'North', 'nominal'),
  ('a', 'Taste', '5', '2017-01-01', 'good', 'ordinal'),
  ('a', 'Unsure', '5', '2017-01-01', 'good', NULL),
  ('a', 'Comment', 'nice', '2017-01-01', NULL, NULL),
  ('b', 'Comment', '7', '2017-01-01', NULL, NULL),
  ('a', 'Wines', '1', '2017-01-01', NULL, NULL),
  ('a', 'Wines', '2', '2017-01-01', NULL, NULL),
  ('a', 'Number', 'nan', '2017-01-01', NULL, NULL),
  ('a', 'Your income', '5', '2017-01-01', NULL, NULL),
  ('a', 'Your income?', '6', '2017-01-01', NULL, NULL),
  ('c', 'How likely?', NULL, '2017-01-01', NULL, NULL)) AS v(c, q, w, t, label, measure)
"""


@pytest.fixture
def engine() -> Any:
    with Engine() as opened:
        yield opened


def build(engine: Engine, **queries: str) -> Features:
    wanted = settings(project=UTC, tables={"customers": {}, "enrichment": {"provider": "Ltd"}}, features={"as_of": date(2017, 3, 1)})
    return features.build(wanted, engine, tables(engine, customers=EVERYBODY, **queries))


def test_the_latest_answer_before_as_of(engine: Engine) -> None:
    """The latest number counts; a later skip does not erase it, an answer of as_of or after is not known, 0 is an answer."""
    built = build(engine, survey=ANSWERS)
    assert [of(built, c, "survey_how_likely") for c in "ab"] == [4, 0]
    assert all(np.isnan(of(built, c, "survey_how_likely")) for c in ("c", "never"))


def test_who_answered(engine: Engine) -> None:
    """Who was asked and skipped every question did not answer, nor did who was never asked."""
    built = build(engine, survey=ANSWERS)
    assert [of(built, c, "survey_answered") for c in ("a", "b", "c", "never")] == [1, 1, 0, 0]


def test_only_amounts_become_features(engine: Engine) -> None:
    """Codes of choices, words, several answers at a time and what is no finite number make no feature; like names are kept apart."""
    built = build(engine, survey=ANSWERS)
    made = {f.name: f.sensitivity for f in built.features}
    assert made == {
        "survey_answered": "none",
        "survey_how_likely": "none",
        "survey_taste": "none",
        "survey_your_income": "C",
        "survey_your_income_": "C",
    }
    assert built.notes == ("1 questions have several answers of one customer at a time and make no feature",)
    assert all(f.group == "survey" and f.words and f.unit and f.missing for f in built.features)


def test_a_survey_without_dates_says_so(engine: Engine) -> None:
    """Without answered_at the last wave counts, and the assumption is told."""
    waves = "SELECT * FROM (VALUES ('a', 'nps', '3', '2016'), ('a', 'nps', '8', '2017')) AS v(customer_id, question, answer, wave)"
    built = build(engine, survey=waves)
    assert of(built, "a", "survey_nps") == 8
    assert built.notes == ("survey has no answered_at: its answers are taken to be older than the features' date",)


def test_answers_without_a_moment_are_left_out(engine: Engine) -> None:
    """An interview that was never submitted may be of any day: it is no feature, and that is told."""
    dated = "SELECT 'a' AS customer_id, 'nps' AS question, '3' AS answer, TIMESTAMP '2017-01-01' AS answered_at"
    built = build(engine, survey=f"{dated} UNION ALL SELECT 'b', 'nps', '4', CAST(NULL AS TIMESTAMP)")
    assert np.isnan(of(built, "b", "survey_nps"))
    assert built.notes == ("1 answers of the survey have no answered_at and are left out of the features",)


def test_numbers_of_others_become_features_with_their_sensitivity(engine: Engine) -> None:
    """Each numeric column of the enrichment is a feature that names its provider; what was obtained later is not known."""
    rows = """SELECT * FROM (VALUES ('a', 'c-1', 2e0, 'x', TIMESTAMP '2017-01-01'), ('b', 'c-2', 3e0, 'y', TIMESTAMP '2017-03-01'))
        AS v(customer_id, consent_reference, HouseholdIncome, kind, obtained_at)"""
    built = build(engine, enrichment=rows)
    assert [(f.name, f.meaning, f.sensitivity) for f in built.features] == [("enriched_householdincome", "HouseholdIncome, from Ltd", "C")]
    assert of(built, "a", "enriched_householdincome") == 2
    assert np.isnan(of(built, "b", "enriched_householdincome"))
