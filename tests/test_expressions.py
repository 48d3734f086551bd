"""Users' expressions: what may run on both engines passes as written, everything else is refused in words."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from netlift import expressions
from netlift.engine import FUNCTIONS, Engine
from netlift.errors import ExpressionError
from netlift.settings import EngineSettings

COLUMNS = ("MntWines", "MntFruits", "Income", "Year_Birth", "Marital_Status", "Kidhome", "Dt_Customer", "timestamp", "x", "t")


def check(text: str, *, aggregates: bool = False) -> str:
    return expressions.check(text, columns=COLUMNS, what="tables.customers.where", aggregates=aggregates)


@pytest.mark.parametrize(
    "text",
    [
        "MntWines + MntFruits",
        "Income < 200000 AND Year_Birth > 1930",
        "CASE WHEN Marital_Status IN ('Married', 'Together') THEN 2 ELSE 1 END + Kidhome",
        "days_between(Dt_Customer, DATE '2014-06-29')",
        "timestamp < TIMESTAMP '2018-01-01 00:00:00' - INTERVAL 90 DAY",
        "Income / nullif(Kidhome, 0e0) + Income / 12 + Income / -2e0",
        "coalesce(try_cast(Marital_Status AS DOUBLE), 0) >= 1.5e0",
        "Marital_Status || ' -- ; it''s'",
        "round(ln(nullif(Income, 0e0)), 2) BETWEEN 1 AND 2 OR NOT Income IS NULL",
        "CAST(floor(Income) AS BIGINT) % 2 = 0",
        "if(Marital_Status LIKE 'M%', year(t), extract(hour FROM t))",
        "hour_of(local_time(t, 'Europe/Berlin'))",
        " + ".join(["MntWines"] * 150),
    ],
)
def test_common_subset_passes_as_written(text: str) -> None:
    """An expression of the common subset comes back unchanged."""
    assert check(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("1; drop table x", "';' is not allowed"),
        ("Income; ", "';' is not allowed"),
        ("drop table x", "is not allowed"),
        ("(select 1)", "a query inside"),
        ("x in (select 1)", "after IN"),
        ("x in t", "after IN"),
        ("exists(select 1)", "'exists' is not allowed"),
        ("read_csv('x')", "'read_csv' is not allowed"),
        ("getenv('HOME')", "'getenv' is not allowed"),
        ("current_setting\u200b('temp_directory')", "is not allowed"),
        ("version\ufeff()", "is not allowed"),
        ('"version"()', "'version' is not allowed"),
        ('"+"(x, Income)', "'+' is not allowed"),
        ("x -> t", "'->' is not allowed"),
        ("x = 1 -- c", "comments"),
        ("x = 1 /* c */ + 1", "comments"),
        ("x--t", "comments"),
        ("--", "nothing but a comment"),
        ("/* x */", "nothing but a comment"),
        ("'x'(t)", "is not allowed"),
        ("'in'(t)", "is not allowed"),
        ("x(t)", "the function 'x' is not allowed"),
        ("1(t)", "is not allowed"),
        ("not_in(t)", "is not allowed"),
        ("t.*", "qualified name or '*'"),
        ("t.x", "qualified name or '*'"),
        ("*", "'*' is not allowed"),
        ("x + :p", "placeholder"),
        ("x + ?", "placeholder"),
        ('"x"', "double quotes"),
        ("e'x'", "not allowed"),
        ("$$x$$", "not allowed"),
        ("’x’", "no column"),
        ("#1", "not allowed"),
        ("Incom", "did you mean 'Income'?"),
        ("income", "did you mean 'Income'?"),
        ("1.5 * x", "write 1.5e0"),
        ("1_000 + x", "write it without"),
        ("x / t", "write nullif(t, 0e0)"),
        ("x / 0", "could be zero"),
        ("x / 0e0", "could be zero"),
        ("x / nullif(t, 1)", "could be zero"),
        ("x % t", "could be zero"),
        ("x // 2", "write whole("),
        ("x ** 2", "write power(x, y)"),
        ("x ^ 2", "write power(x, y)"),
        ("@x", "write abs(x)"),
        ("x::DOUBLE", "write CAST(x AS DOUBLE)"),
        ("CAST(x AS INT)", "write whole(x)"),
        ("CAST(x AS BIGINT)", "write whole(x)"),
        ("CAST(x AS JSON)", "CAST to JSON is not allowed"),
        ("CAST(x AS DOUBLE", "never closed"),
        ("x) + (x", "never opened"),
        ("log(x)", "write ln(x) or log10(x)"),
        ("weekday(t)", "write iso_weekday(t)"),
        ("extract(dow FROM t)", "iso_weekday(t)"),
        ("now()", "a date in quotes"),
        ("current_date", "not allowed"),
        ("x + '5'", "without quotes"),
        ("sum(x)", "works over many rows"),
        ("x t", "side by side"),
        ("x\x00", "control character"),
        ("x +", "no SQL expression"),
        ("(x, t)", "only after IN"),
        ("x" * 2001, "2,001 characters"),
        ("(" * 51 + "x" + ")" * 51, "nested more than 50 deep"),
        ("NOT " * 60 + "x", "nested more than 50 deep"),
        ("NOT " * 480 + "x", "no SQL expression"),
    ],
)
def test_everything_else_is_refused_in_words(text: str, said: str) -> None:
    """What differs between engines, reaches files or names no column is refused, and the message says what and where."""
    with pytest.raises(ExpressionError) as caught:
        check(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("tables.customers.where, '")


def test_unknown_column_lists_those_that_exist() -> None:
    """The message for an unknown column names it and all columns there are."""
    with pytest.raises(ExpressionError, match=re.escape("there is no column 'Age'; there are Dt_Customer, Income, Kidhome,")):
        check("Age > 3")


@pytest.mark.parametrize(
    "text",
    [
        "avg(x) FILTER (WHERE Kidhome > 1)",
        "count(*) + count(DISTINCT x)",
        "percentile_cont(9e-1) WITHIN GROUP (ORDER BY x)",
        "lag(x) OVER (PARTITION BY Kidhome ORDER BY t NULLS LAST)",
        "max_by(x, t)",
    ],
)
def test_functions_over_rows_are_for_features(text: str) -> None:
    """Aggregates and windows pass only where the caller allows them."""
    assert check(text, aggregates=True) == text
    with pytest.raises(ExpressionError):
        check(text)


@pytest.mark.parametrize(
    ("text", "said"), [("lag(x) OVER (ORDER BY t)", "NULLS LAST"), ("arg_max(x, t)", "max_by"), ("skewness(x)", "skewness")]
)
def test_functions_over_rows_have_their_own_rules(text: str, said: str) -> None:
    """An unstated place of missing values and one-engine aggregates are refused."""
    with pytest.raises(ExpressionError, match=said):
        check(text, aggregates=True)


def test_columns_used() -> None:
    """The columns of an expression are found, function names are not."""
    assert expressions.columns_used("days_between(Dt_Customer, DATE '2014-06-29') + Kidhome") == {"Dt_Customer", "Kidhome"}


def test_named_functions_are_those_of_the_engine() -> None:
    """The list of named functions is exactly what engine.py defines."""
    assert {signature.split("(")[0] for signature in FUNCTIONS} == expressions.NAMED


@hypothesis_settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=60) | st.text(alphabet="xt()'\"-*/;,.=<> 01eE\n$@:[]{}", max_size=40))
@example("x -- '\n")
@example("'x' 'y'")
def test_any_text_is_accepted_or_refused(text: str) -> None:
    """No text gets past with another exception, and what passes runs as one expression over one row."""
    try:
        passed = check(text)
    except ExpressionError:
        return
    assert passed == text.strip()
    with Engine(EngineSettings(threads=1)) as engine:
        try:
            rows = engine.rows(f"SELECT ({passed}) FROM (SELECT 1e0 AS x, TIMESTAMP '2017-01-01' AS t)")
        except duckdb.Error:
            return  # a matter of types, such as x + t
    assert [len(row) for row in rows] == [1]


@pytest.mark.parametrize("word", sorted(expressions.RESERVED))
def test_words_of_sql_are_no_columns(word: str) -> None:
    """Each is told, and is one that DuckDB reads otherwise."""
    with pytest.raises(ExpressionError, match=f"'{word}' is a word of SQL, and no column can be called that here; rename it under columns"):
        expressions.check(f"{word} > 1", columns=[word], what="tables.customers.where")
    assert duckdb.execute("SELECT 1 FROM duckdb_keywords() WHERE keyword_name = ? AND keyword_category = 'reserved'", [word]).fetchall()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Income < 200000 AND Year_Birth > 1930", [("Income", "<", 200000.0), ("Year_Birth", ">", 1930.0)]),
        ("18 <= age", [("age", ">=", 18.0)]),
        ("born BETWEEN '2010-01-01' AND '2012-12-31'", [("born", "between", ("2010-01-01", "2012-12-31"))]),
        ("city IN ('Graz', 'Linz')", [("city", "in", ("Graz", "Linz"))]),
        ("born >= CAST('2010-01-01' AS DATE)", [("born", ">=", "2010-01-01")]),
        ("balance > -5", [("balance", ">", -5.0)]),
        ("(vip = true) AND (a <> 'x')", [("vip", "=", True), ("a", "!=", "x")]),
    ],
)
def test_comparisons_of_a_condition(text: str, found: list[tuple[str, str, object]]) -> None:
    """What AND joins, each as column, operator and value, whichever side the column stands on."""
    assert list(expressions.comparisons(text)) == found


def test_what_is_no_comparison_names_its_columns() -> None:
    """OR and functions are kept as text beside every column they read."""
    assert [(column, op) for column, op, _ in expressions.comparisons("a > 1 OR length(b) > 2")] == [
        ("a", "expression"),
        ("b", "expression"),
    ]
