"""Features of surveys: whether somebody answered, and the latest answer to every question that is answered in numbers."""

from __future__ import annotations

import re

from netlift.catalogue import sensitivity
from netlift.engine import Session
from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature, Tables

MOST = 40  # questions, those with most answers: more would drown what customers do
LONGEST = 40  # characters of a question in a feature's name

# Codes of choices are no amounts: declared as nominal, or labelled without being declared as a scale.
ANSWERS = """
SELECT customer_id, question, answer, {moment} AS moment, {wave} AS wave,
       CASE WHEN {scale} THEN try_cast(answer AS DOUBLE) END AS value
FROM survey WHERE {known}
"""
RELATION = """
SELECT customer_id, question, value, CASE WHEN answer IS NULL THEN 0e0 ELSE 1e0 END AS answered,
       lag(1) OVER (PARTITION BY customer_id, question, CASE WHEN answer IS NULL THEN 0 ELSE 1 END
                    ORDER BY moment DESC NULLS LAST, wave DESC NULLS LAST, answer NULLS LAST) AS newer
FROM ({answers}) AS a
"""


def subject(engine: Session, tables: Tables, *, as_of_utc: str) -> Subject:
    """The subject for the table survey; `as_of_utc` is a SQL literal."""
    answers = _answers(tables)
    known = answers.replace("{as_of_utc}", as_of_utc)
    questions, notes = _questions(engine, known)
    entries = [_answered()]
    for question in questions:
        entries.append(_answer(question, taken={e.feature.name for e in entries}))
    if not tables.has("survey", "answered_at"):
        notes.append("survey has no answered_at: its answers are taken to be older than the features' date")
    else:
        undated = engine.rows("SELECT count(*) FROM survey WHERE answered_at IS NULL")[0][0]
        notes += [f"{undated:,} answers of the survey have no answered_at and are left out of the features"] if undated else []
    needs = {"survey": ("customer_id", "question", "answer")}
    return Subject("survey", needs, "survey", RELATION.replace("{answers}", answers), tuple(entries), tuple(notes))


def _answers(tables: Tables) -> str:
    dated = tables.has("survey", "answered_at")
    coded = tables.has("survey", "label", "measure")
    parts = {
        "moment": "answered_at" if dated else "CAST(NULL AS TIMESTAMP)",
        "wave": "wave" if tables.has("survey", "wave") else "CAST(NULL AS STRING)",
        "scale": "measure IN ('ordinal', 'scale') OR (measure IS NULL AND label IS NULL)" if coded else "1 = 1",
        "known": "answered_at < {as_of_utc}" if dated else "1 = 1",
    }
    text = ANSWERS
    for name, sql in parts.items():
        text = text.replace("{" + name + "}", sql)
    return text


def _questions(engine: Session, known: str) -> tuple[list[str], list[str]]:
    """The questions whose every answer is one finite number, those with most answers first; and what is left out."""
    several = (
        f"SELECT DISTINCT question FROM (SELECT question FROM ({known}) AS a WHERE answer IS NOT NULL"
        " GROUP BY customer_id, question, moment, wave HAVING count(*) > 1) AS s"
    )
    counted = (
        "SELECT a.question AS question, max(CASE WHEN s.question IS NULL THEN 0 ELSE 1 END) AS repeated, count(answer) AS answers,"
        f" count(CASE WHEN value BETWEEN -1e300 AND 1e300 THEN 1 END) AS numbers FROM ({known}) AS a"
        f" LEFT JOIN ({several}) AS s ON a.question = s.question GROUP BY a.question"
    )
    rows = engine.rows(
        f"SELECT question, repeated FROM ({counted}) AS q WHERE answers > 0 AND numbers = answers"
        " ORDER BY answers DESC NULLS LAST, question NULLS LAST"
    )
    single = [question for question, repeated in rows if not repeated]
    notes = []
    if len(single) < len(rows):
        notes.append(f"{len(rows) - len(single):,} questions have several answers of one customer at a time and make no feature")
    if len(single) > MOST:
        notes.append(f"{len(single) - MOST:,} of {len(single):,} questions make no feature: those with most answers are taken")
    return single[:MOST], notes


def _answered() -> Entry:
    feature = Feature(
        "survey_answered",
        "yes or no",
        "answered the survey (1) or not (0)",
        "survey",
        "0 for customers who answered no question",
        words=("did not answer the survey", "answered the survey"),
    )
    return Entry(feature, "max(answered)", absent="0e0")


def _answer(question: str, *, taken: set[str]) -> Entry:
    name = "survey_" + (re.sub(r"[^a-z0-9]+", "_", question.lower()).strip("_")[:LONGEST].strip("_") or "question")
    while name in taken:
        name += "_"
    feature = Feature(
        name,
        "answer",
        f"latest answer to '{question}'",
        "survey",
        "missing for customers who did not answer the question",
        sensitivity=sensitivity(question),
        words=(f"low answers to '{question}'", f"high answers to '{question}'"),
    )
    literal = "'" + question.replace("'", "''") + "'"
    return Entry(feature, f"max(value) FILTER (WHERE question = {literal} AND answered = 1e0 AND newer IS NULL)")
