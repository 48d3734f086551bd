"""Exports of survey tools become one answer a row; what is not answered is missing, never 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netlift.errors import SettingsError, SourceError
from netlift.records import TableInput
from tests.sources.conftest import Shop


def load(shop: Shop, content: str, *, style: dict[str, Any] | None = None, **more: Any) -> TableInput:
    return shop.load("survey", content, source="survey", format={"missing": ["-99"], **(style or {})}, **more)


def answers(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("survey", "customer_id, question, answer")


def test_long_form(shop: Shop) -> None:
    """An answer a row is read as it is, with wave, weight and the skip code as missing."""
    text = "customer_id,question,answer,wave,weight\n007,nps,9,2026-1,1.25\n007,age,-99,2026-1,1.25\n"
    read = load(shop, text)
    assert (read.rows_in, read.rows_ok) == (2, 2)
    assert shop.rows("survey", "customer_id, question, answer, wave, weight") == [
        ("007", "age", None, "2026-1", 1.25),
        ("007", "nps", "9", "2026-1", 1.25),
    ]


def test_wide_form(shop: Shop) -> None:
    """A person a row becomes an answer a row for the columns that are questions; others are left out."""
    text = "who,when,w,nps,Q1,comment\n007,2026-01-02,0.5,9,-99,call me\n8,2026-01-03,2,0,3,\n"
    columns = {"customer_id": "who", "answered_at": "when", "weight": "w"}
    read = load(shop, text, style={"shape": "wide", "questions": ["nps", "Q*"]}, columns=columns)
    assert answers(shop) == [("007", "Q1", None), ("007", "nps", "9"), ("8", "Q1", "3"), ("8", "nps", "0")]
    assert shop.rows("survey", "DISTINCT customer_id, weight, CAST(answered_at AS VARCHAR)") == [
        ("007", 0.5, "2026-01-02 00:00:00"),
        ("8", 2.0, "2026-01-03 00:00:00"),
    ]
    assert "survey: 2 forms and 2 questions, read as shape 'wide'; rows are answers." in read.findings


def test_rows_add_up_and_the_line_is_the_persons(shop: Shop) -> None:
    """A person without id is refused once for each question, with the file, the question and the line; a ragged row once."""
    text = "customer_id,a,b\n7,1,2\n,1,2\n8,1\n9,3,4\n"
    read = load(shop, text, style={"shape": "wide", "questions": ["a", "b"]}, max_quarantined=0.9)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (7, 4, 3)
    told = shop.engine.rows("SELECT file_name, line, reason FROM quarantine ORDER BY ALL")
    assert told == [
        ("survey.csv, question 'a'", 3, "is missing"),
        ("survey.csv, question 'a'", 4, "has 2 fields, and the header has 3"),
        ("survey.csv, question 'b'", 3, "is missing"),
    ]


def test_several_answers_in_columns(shop: Shop) -> None:
    """Columns that stand for one answer each: chosen by mark or by text, not chosen left out, nobody's choice is missing."""
    text = "customer_id,h[run],h[swim],h[other]\n1,Y,N,\n2,1,yes,chess\n3,,0,No\n"
    load(shop, text, style={"shape": "wide", "options": {"hobbies": ["h[*]"]}})
    assert answers(shop) == [
        ("1", "hobbies", "run"),
        ("2", "hobbies", "chess"),
        ("2", "hobbies", "run"),
        ("2", "hobbies", "swim"),
        ("3", "hobbies", None),
    ]


def test_several_answers_in_one_cell(shop: Shop) -> None:
    """A separator parts the answers of a cell; an empty cell and a skip code stay one missing answer."""
    text = 'customer_id,wines\n1,"red, white"\n2,rosé\n3,\n4,-99\n'
    load(shop, text, style={"shape": "wide", "separators": {"wines": ", "}})
    assert answers(shop) == [
        ("1", "wines", "red"),
        ("1", "wines", "white"),
        ("2", "wines", "rosé"),
        ("3", "wines", None),
        ("4", "wines", None),
    ]


LIMESURVEY = (
    '"id","submitdate","lastpage","startlanguage","token","ipaddr","G1Q1","G1Q2[SQ1]","G1Q2[SQ2]"\n'
    '"1","2026-01-02 10:00:00","3","en","k7","192.0.2.1","A2","Y",""\n'
    '"2","","1","en","k8","192.0.2.2","","",""\n'
)
QUALTRICS = (
    "StartDate,EndDate,RecordedDate,ResponseId,ExternalReference,RecipientEmail,Q1,Q2_1,Q2_2\n"
    'Start Date,End Date,Recorded Date,Response ID,External Data Reference,Email,"How likely, 0 to 10?",Red,White\n'
    + ",".join('"{""ImportId"":""QID' + str(i) + '""}"' for i in range(9))
    + "\n2026-01-02,2026-01-02,2026-01-02 10:00:00,R_1,k7,k7@example.com,9,Red,\n"
)
TYPEFORM = (
    "#,How likely?,Red,White,customer_id,Start Date (UTC),Submit Date (UTC),Network ID\n"
    "h1,9,Red,,k7,2026-01-02 09:58:00,2026-01-02 10:00:00,net\n"
)
GOOGLE = 'Timestamp,Email Address,Your customer number,How likely?,Which?\n2026-01-02 10:00:00,k7@example.com,k7,9,"Red, White"\n'


def test_limesurvey(shop: Shop) -> None:
    """The token is the customer, submitdate the moment; IP address and paging are no answers; an unfinished one stays."""
    load(shop, LIMESURVEY, style={"shape": "limesurvey", "options": {"G1Q2": ["G1Q2[*]"]}})
    assert answers(shop) == [("k7", "G1Q1", "A2"), ("k7", "G1Q2", "SQ1"), ("k8", "G1Q1", None), ("k8", "G1Q2", None)]
    assert shop.rows("survey", "DISTINCT CAST(answered_at AS VARCHAR)") == [("2026-01-02 10:00:00",), (None,)]


def test_qualtrics(shop: Shop) -> None:
    """The second and third header row are no people, and e-mail addresses are no answers."""
    read = load(shop, QUALTRICS, style={"shape": "qualtrics", "options": {"Q2": ["Q2_*"]}})
    assert read.rows_in == 2
    assert answers(shop) == [("k7", "Q1", "9"), ("k7", "Q2", "Red")]


def test_qualtrics_without_its_header_rows_is_refused(shop: Shop) -> None:
    """Two people must not be taken for header rows."""
    with pytest.raises(SourceError, match="does not have the three header rows of a Qualtrics export"):
        load(shop, "ExternalReference,Q1\n1,5\n2,6\n3,7\n", style={"shape": "qualtrics"})


def test_typeform(shop: Shop) -> None:
    """Every choice is a column that repeats it; the hidden field customer_id is the customer."""
    load(shop, TYPEFORM, style={"shape": "typeform", "options": {"wines": ["Red", "White"]}})
    assert answers(shop) == [("k7", "How likely?", "9"), ("k7", "wines", "Red")]


def test_google_forms(shop: Shop) -> None:
    """Ticked boxes of one cell are parted, the address is no answer."""
    columns = {"customer_id": "Your customer number"}
    load(shop, GOOGLE, style={"shape": "google_forms", "separators": {"Which?": ", "}}, columns=columns)
    assert answers(shop) == [("k7", "How likely?", "9"), ("k7", "Which?", "Red"), ("k7", "Which?", "White")]


WIDE = "customer_id,a\n1,2\n"


@pytest.mark.parametrize(
    ("style", "error", "told"),
    [
        ({"shape": "wide"}, SettingsError, "questions is missing"),
        ({"shape": "wide", "questions": ["b*"]}, SettingsError, r"questions names 'b\*', and no column"),
        ({"shape": "wide", "options": {"q": ["x"]}}, SettingsError, "options.q names 'x', and no column"),
        ({"shape": "wide", "separators": {"z": ","}}, SettingsError, "separators names 'z', which is no column"),
        ({"shape": "limesurvey", "questions": ["customer_id"]}, SettingsError, r"no column of 'survey\.csv' is a question"),
        ({}, SourceError, r"needs question, answer, .* where each person has one row, write format.shape \(wide, limesurvey,"),
    ],
)
def test_a_mistake_gets_one_sentence(shop: Shop, style: dict[str, Any], error: type[Exception], told: str) -> None:
    """Patterns without a column, a shape without questions, a wide file read as long: each is told."""
    with pytest.raises(error, match=told):
        load(shop, WIDE, style=style)


def test_nobody_known_is_refused(shop: Shop) -> None:
    """Without a column of customers the answers are of no use."""
    with pytest.raises(SourceError, match=r"no column of 'survey\.csv' says who answered"):
        load(shop, "who,a\n1,2\n", style={"shape": "wide", "questions": ["a"]})
    with pytest.raises(SourceError, match=r"customer_id is 'whom', and 'survey\.csv' has no such column"):
        load(shop, "who,a\n1,2\n", style={"shape": "wide", "questions": ["a"]}, columns={"customer_id": "whom"})


def test_where_sees_columns_that_are_no_answers(shop: Shop) -> None:
    """Unfinished interviews are left out by a column that goes with every answer."""
    read = load(shop, "customer_id,done,a\n1,yes,2\n2,no,3\n", style={"shape": "wide", "questions": ["a"]}, where="done = 'yes'")
    assert (read.rows_ok, read.rows_left_out) == (1, 1)


def test_only_the_survey_table(shop: Shop) -> None:
    """The source reads the table survey alone."""
    Path(shop.folder / "e.csv").write_text("customer_id\n1\n")
    with pytest.raises(SettingsError, match="reads the table survey alone"):
        shop.load("products", source="survey", path="e.csv")


def test_shapes_need_the_source(shop: Shop) -> None:
    """A shape that nothing would read is refused, not ignored."""
    with pytest.raises(SettingsError, match="need source = 'survey', and source is 'files'"):
        shop.load("survey", WIDE, format={"shape": "wide", "questions": ["a"]})


def test_several_files_are_one_survey(shop: Shop) -> None:
    """A refused answer is known by its own file, question and line, and Qualtrics' header rows are dropped in each file."""
    shop.write("waves/1.csv", "customer_id,a,b\n7,1,2\n")
    shop.write("waves/2.csv", "customer_id,a,b\n8,3,4\n,5,6\n")
    style = {"shape": "wide", "questions": ["a", "b"]}
    read = shop.load("survey", source="survey", path="waves", format=style, max_quarantined=0.5)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (6, 4, 2)
    assert shop.engine.rows("SELECT file_name, line FROM quarantine ORDER BY ALL") == [
        ("2.csv, question 'a'", 3),
        ("2.csv, question 'b'", 3),
    ]
    for name in ("q/1.csv", "q/2.csv"):
        shop.write(name, QUALTRICS)
    assert shop.load("survey", source="survey", path="q", format={"shape": "qualtrics", "questions": ["Q1"]}).rows_in == 2


def test_a_weight_below_nothing_is_refused(shop: Shop) -> None:
    """It would count an answer against itself; 0 is a weight."""
    read = shop.load("survey", "customer_id,question,answer,weight\n1,q,yes,-1\n1,q,no,0\n1,q,no,2\n", max_quarantined=0.5)
    assert (read.rows_ok, read.rows_quarantined) == (2, 1)
    assert shop.quarantined()[0][1:3] == ("weight", "is below 0, and a weight is 0 or more")
