"""One SQL text, two engines: every feature is the same on DuckDB and on Spark, and the text stays in their common subset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from netlift import features, sources
from netlift.demo import data
from netlift.engine import Engine, SparkEngine
from netlift.expressions import AGGREGATES, SCALAR
from netlift.features import customer_value, matrix, shares
from netlift.records import Features, Floats, Tables
from netlift.settings import EngineSettings, Settings, read
from tests.features.test_browsing import EVENTS
from tests.features.test_build import settings, tables
from tests.features.test_customer_value import AS_OF as VALUE
from tests.features.test_customer_value import sold
from tests.spark import connect_server

TOLERANCE = 1e-9  # relative; engines add up in different orders

# customer, basket, UTC time, amount, product, quantity, discount, coupon; New York's clocks change on 12 March and 5 November
LINES: tuple[tuple[str, ...], ...] = (
    ("once", "1", "2017-01-01 05:00:00", "12.3", "'p1'", "1e0", "0e0", "NULL"),  # Sunday, midnight in New York
    ("zero", "2", "2017-05-06 16:00:00", "0e0", "'p2'", "1e0", "0e0", "'x'"),  # Saturday, noon; nothing spent, nothing saved
    ("zero", "3", "2017-05-07 03:59:59.999999", "0e0", "'p2'", "1e0", "0e0", "NULL"),  # still Saturday in New York
    ("night", "4", "2017-03-12 06:59:59.5", "0.1", "'p3'", "2e0", "1e0", "NULL"),
    ("night", "5", "2017-03-12 07:00:00", "0.2", "'p3'", "2e0", "0e0", "NULL"),
    ("night", "6", "2017-11-05 05:30:00", "0.3", "'p4'", "2e0", "0e0", "'x'"),  # 01:30 for the first time
    ("night", "7", "2017-11-05 06:30:00", "0.7", "'p5'", "2e0", "0e0", "NULL"),  # 01:30 for the second time
    ("ties", "8", "2017-09-02 04:00:00", "1e0", "'p1'", "1e0", "0.5", "NULL"),
    ("ties", "9", "2017-09-02 04:00:00", "2e0", "'p1'", "1e0", "0.5", "NULL"),  # the same moment, another basket
    ("ties", "9", "2017-09-02 04:00:00", "3e0", "'p1'", "1e0", "0.5", "NULL"),  # the same product again
    ("ties", "10", "2017-11-01 04:00:00", "3e0", "'p6'", "1e0", "0.5", "NULL"),  # just 30 days before as_of
    ("even", "11", "2017-06-01 10:00:00", "0.1", "'p7'", "1e0", "0e0", "NULL"),  # gaps that are all equal
    ("even", "12", "2017-06-08 10:00:00", "0.1", "'p7'", "1e0", "0e0", "NULL"),
    ("even", "13", "2017-06-15 10:00:00", "0.1", "'p7'", "1e0", "0e0", "NULL"),
    ("gaps", "14", "2017-06-15 22:00:00", "5e0", "NULL", "NULL", "NULL", "NULL"),  # nothing known but the money
    ("gaps", "15", "2017-12-01 04:59:59.999999", "5e0", "'p8'", "NULL", "NULL", "NULL"),  # the last moment before as_of
    ("back", "16", "2017-07-04 18:00:00", "20.25", "'p1'", "1e0", "0e0", "NULL"),
    ("back", "17", "2017-07-05 18:00:00", "-20.25", "'p1'", "-1e0", "0e0", "NULL"),  # all of it brought back
    *(
        (name, f"s{i}", "2017-08-01 12:00:00", "7e0", "'p1'", "1e0", "0e0", "NULL")
        for i, name in enumerate(("Ä", "Z", "é", "z", "😀", "\ufffd"))
    ),
    ("later", "18", "2017-12-01 05:00:00", "99e0", "'p1'", "1e0", "0e0", "NULL"),  # as_of itself
)
CATEGORIES = ("It''s", "back\\slash\\n\\", "${env:HOME} ?", 'Käse {x} "y"', "tie b", "tie a", "0.1 + 0.1 + 0.1", "-- ; :p")
VALUES = ", ".join(f"('{c}', '{b}', TIMESTAMP '{t}', {', '.join(rest)})" for c, b, t, *rest in LINES)
TABLES = {
    "transactions": rf"""
        SELECT c AS customer_id, b AS transaction_id, t AS timestamp, local_time(t, 'America/New_York') AS local_timestamp,
               CAST(a AS DOUBLE) AS amount, p AS product_id, CAST(q AS DOUBLE) AS quantity, CAST(d AS DOUBLE) AS discount, k AS coupon,
               CASE WHEN q IS NULL THEN NULL WHEN d > 0 THEN 'It''s the \web ?' ELSE 'store' END AS channel
        FROM (VALUES {VALUES}) AS v(c, b, t, a, p, q, d, k)""",
    "products": "SELECT * FROM (VALUES "
    + ", ".join(f"('p{i}', '{c}')" for i, c in enumerate(CATEGORIES, start=1))
    + ", ('p9', NULL)) AS v(product_id, category)",
    "campaigns": """SELECT * FROM (VALUES ('1', TIMESTAMP '2017-02-01 00:00:00', 'A'), ('2', TIMESTAMP '2017-12-01 00:00:00', 'B'),
        ('3', TIMESTAMP '2018-01-01 00:00:00', NULL)) AS v(campaign_id, start_date, type)""",
    "contacted": """SELECT * FROM (VALUES ('1', 'once'), ('1', 'ties'), ('1', 'never'), ('2', 'once'), ('2', 'ties'), ('3', 'ties'))
        AS v(campaign_id, customer_id)""",
    "responses": """SELECT * FROM (VALUES ('1', 'once', TIMESTAMP '2017-02-03 00:00:00'), ('2', 'ties', TIMESTAMP '2017-12-03 00:00:00'),
        ('2', 'ties', TIMESTAMP '2017-12-04 00:00:00')) AS v(campaign_id, customer_id, responded_at)""",
    "events": EVENTS.replace("'a',", "'once',").replace("'b',", "'ties',").replace("'shoes'", "'it''s \\'"),
}
CUSTOMERS = f"""SELECT DISTINCT c AS customer_id,
    CAST(CASE c WHEN 'once' THEN 9007199254740993 WHEN 'ties' THEN NULL ELSE length(c) END AS DOUBLE) AS "Mnt Wines",
    CAST(length(c) AS DOUBLE) AS "at", CASE WHEN c = 'once' THEN 1e0 WHEN c = 'ties' THEN NULL ELSE 0e0 END AS "a""b"
    FROM (SELECT c FROM (VALUES {VALUES}) AS v(c, b, t, a, p, q, d, k) UNION ALL SELECT 'never') AS everybody"""
AS_OF = {"as_of": date(2017, 12, 1)}
MONEY = {"contact_cost": 1, "revenue": 8}


@pytest.fixture(scope="module")
def duck() -> Iterator[Engine]:
    with Engine(EngineSettings(threads=2, memory_limit="1GB")) as opened:
        yield opened


@pytest.fixture(scope="module", params=["classic", "connect"])
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSettings]:
    if request.param == "classic":
        local = EngineSettings(name="spark", master="local[2]")
        with SparkEngine(local):  # kept open, so that each build need not start Spark again
            yield local
        return
    with connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield EngineSettings(name="spark", remote=address)


@pytest.fixture(scope="module")
def crafted(duck: Engine) -> Tables:
    return tables(duck, customers=CUSTOMERS, **TABLES)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Engine, Tables, Features]]:
    """Complete Journey: 1.47 million real purchases of 2,469 households, read as the demo reads them."""
    folder = tmp_path_factory.mktemp("journey")
    data.write(folder / "data")
    (folder / "netlift.toml").write_text(files("netlift.demo").joinpath("netlift.toml").read_text(encoding="utf-8"), encoding="utf-8")
    told = read(folder / "netlift.toml")
    wanted = told.model_copy(update={"segments": told.segments.model_copy(update={"lifecycle": True})})
    with Engine(EngineSettings(threads=2, memory_limit="2GB")) as engine:
        given = sources.load(wanted, engine)
        yield wanted, engine, given, features.build(wanted, engine, given)


@pytest.fixture(autouse=True)
def _shares_are_drawn_however_few_the_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "FEWEST", 1)


def without(given: Tables, *names: str) -> Tables:
    return Tables(tuple(i for i in given.inputs if i.table not in names))


OWN = {
    "coupons": {"sql": "count(coupon) / nullif(CAST(count(*) AS DOUBLE), 0e0)", "of": "transactions", "meaning": "lines with a coupon"},
    "middle": {"sql": "median(amount) FILTER (WHERE iso_weekday(local_timestamp) < 6)", "of": "transactions", "meaning": "on weekdays"},
    "a_day": {"sql": "ln(1e0 + abs(monetary)) / nullif(tenure, 0e0) + coalesce(middle, 0e0)", "meaning": "for the test"},
}
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "everything": ({"features": {**AS_OF, "own": OWN}, "response": MONEY}, ()),
    "buyers only, as of the last fact, outcome of the same time": ({"response": MONEY}, ("customers", "events")),
    "attributes and an outcome in a column": ({"features": AS_OF, "response": {"column": 'a"b', **MONEY}}, tuple(TABLES)),
}


@pytest.mark.parametrize("case", CASES)
def test_crafted_tables_give_the_same_features(case: str, duck: Engine, crafted: Tables, spark: EngineSettings) -> None:
    """Nulls, Sundays, midnight, nights of daylight saving, one purchase, zero spend, ties, odd names and texts: all equal."""
    sections, absent = CASES[case]
    given = without(crafted, *absent)
    expected = features.build(settings(**sections), duck, given)
    assert expected.learnt.shares or not given.has("transactions")
    equal(features.build(settings(engine=spark.model_dump(), **sections), duck, given), expected)


def test_complete_journey_gives_the_same_features(journey: tuple[Settings, Engine, Tables, Features], spark: EngineSettings) -> None:
    """On 1.47 million real purchases every feature, every missing value and the outcome are equal on both engines."""
    wanted, engine, given, expected = journey
    assert expected.values.shape == (2446, 37)  # 23 households bought only after the date
    equal(features.build(wanted.model_copy(update={"engine": spark}), engine, given), expected)


def test_above_the_sample_both_engines_draw_and_foretell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same customers are drawn, the same model is fitted, and everybody gets the same forecast, on Spark in the cluster."""
    for module in (matrix, customer_value):
        monkeypatch.setattr(module, "LARGEST", 400)
    with Engine() as engine:
        given = tables(engine, transactions=sold(engine, n=600))
        expected = features.build(settings(**VALUE), engine, given)
        found = features.build(settings(engine={"name": "spark", "master": "local[2]"}, **VALUE), engine, given)
    equal(found, expected)
    assert found.rows is not None
    np.testing.assert_array_equal(found.rows, expected.rows)
    assert found.forecast is not None
    assert expected.forecast is not None
    for name in ("spend", "low", "high"):
        close(getattr(found.forecast, name), getattr(expected.forecast, name), name)


def equal(found: Features, expected: Features) -> None:
    """Names, order, notes and outcome are the same; numbers to the tolerance, and missing in the same places."""
    assert list(found.customer_ids) == list(expected.customer_ids)
    assert (found.features, found.inputs, found.notes, found.as_of) == (expected.features, expected.inputs, expected.notes, expected.as_of)
    assert (found.learnt.shares, found.learnt.lifecycle) == (expected.learnt.shares, expected.learnt.lifecycle)
    assert {k: v.tolist() for k, v in found.sufficiency.items()} == {k: v.tolist() for k, v in expected.sufficiency.items()}
    for number, feature in enumerate(expected.features):
        close(found.values[:, number], expected.values[:, number], feature.name)
    assert (found.outcome is None) == (expected.outcome is None)
    if found.outcome is not None and expected.outcome is not None:
        assert (found.outcome.offers, found.outcome.note) == (expected.outcome.offers, expected.outcome.note)
        np.testing.assert_array_equal(found.outcome.contacts, expected.outcome.contacts)
        np.testing.assert_array_equal(found.outcome.responses, expected.outcome.responses)


def close(found: Floats, expected: Floats, name: str) -> None:
    """|a - b| <= 1e-9 max(1, |a|), NaN where the other is."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=f"missing values of {name}")
    far = np.abs(found - expected) > TOLERANCE * np.maximum(1, np.abs(expected))
    assert not far.any(), f"{name}: {found[far][:3]} is not {expected[far][:3]}"


# --- the common subset -------------------------------------------------------------------------------------------

# lower: of event names, compared with known words; 'İ' alone differs. min_by: by the day, one row per customer and day
CALLS = SCALAR | AGGREGATES | {"lower", "min_by"}
WORDS = {"from", "in", "as", "over", "filter", "by", "join", "and", "or", "not", "when", "then", "else", "where", "values"}
BANNED = (exp.BitwiseXor, exp.IntDiv, exp.Pow, exp.Lambda, exp.List, exp.Struct)


class Recording(Engine):
    """DuckDB that writes down each statement it is asked to run."""

    said: list[str]

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.said.append(sql)
        return super().rows(sql, parameters)

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        self.said.append(sql)
        return super().arrow(sql, parameters)

    def keep(self, name: str, sql: str) -> None:
        self.said.append(sql)
        super().keep(name, sql)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.said.append(sql)
        super().execute(sql, parameters)


def test_all_sql_of_the_features_is_in_the_common_subset() -> None:
    """Every statement that building features runs passes the rules under which both engines mean the same."""
    with Recording() as engine:
        engine.said = []
        given = tables(engine, customers=CUSTOMERS, **TABLES)
        for sections, absent in CASES.values():
            engine.said.clear()
            features.build(settings(**sections), engine, without(given, *absent))
            assert engine.said
            assert {sql: found for sql in engine.said if (found := faults(sql))} == {}


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT avg(x) * 1.0 FROM t", "decimal 1.0"),
        ("SELECT a / b FROM t", "divisor b"),
        ("SELECT a / sum(b) FROM t", "divisor SUM(b)"),
        ("SELECT a % 0 FROM t", "divisor 0"),
        ("SELECT a FROM t ORDER BY a", "ORDER BY without NULLS"),
        ("SELECT lag(a) OVER (ORDER BY a, b NULLS LAST) FROM t", "ORDER BY without NULLS"),
        ("SELECT dayofweek(t) FROM t", "function dayofweek"),
        ("SELECT date_trunc('month', t) FROM t", "function date_trunc"),
        ("SELECT log(x) FROM t", "function log"),
        ("SELECT quantile_cont(x, 5e-1) FROM t", "function quantile_cont"),
        ("SELECT concat(a, b) FROM t", "function concat"),
        ("SELECT CAST(x AS INT) FROM t", "CAST to INT"),
        ("SELECT CAST(x AS BIGINT) FROM t", "CAST to BIGINT"),
        ("SELECT a ^ 2 FROM t", "Pow"),
        ("SELECT a // 2 FROM t", "IntDiv"),
        ("SELECT * FROM t", "star"),
        ("SELECT a FROM t GROUP BY ALL", "GROUP BY ALL"),
        ("CREATE TEMP TABLE x AS SELECT 1 AS a", "Create"),
    ],
)
def test_each_rule_of_the_common_subset_bites(sql: str, fault: str) -> None:
    """A statement that the engines understand differently is told by its fault."""
    assert fault in faults(sql)


def faults(sql: str) -> list[str]:
    """What in a statement means something else on the other engine, or is unknown there."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    found = [] if isinstance(tree, exp.Select) else [type(tree).__name__]
    found += [type(node).__name__ for node in tree.find_all(*BANNED)]
    found += [f"decimal {n.name}" for n in tree.find_all(exp.Literal) if n.is_number and "." in n.name and "e" not in n.name.lower()]
    found += [f"divisor {n.expression.sql()}" for n in tree.find_all(exp.Div, exp.Mod, exp.IntDiv) if not _never_zero(n.expression)]
    found += [f"CAST to {n.to.sql()}" for n in tree.find_all(exp.Cast) if _rounds(n)]
    found += ["star" for n in tree.find_all(exp.Star) if not isinstance(n.parent, exp.Count)]
    found += ["GROUP BY ALL" for n in tree.find_all(exp.Group) if n.args.get("all")]
    if len(list(tree.find_all(exp.Ordered))) != len(re.findall(r"\bNULLS (?:LAST|FIRST)\b", sql)):
        found.append("ORDER BY without NULLS")
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    called = [a for a, b in pairwise(tokens) if b.token_type == TokenType.L_PAREN and re.fullmatch(r"\w+", a.text)]
    names = {t.text.lower() for t in called if t.token_type not in {TokenType.STRING, TokenType.IDENTIFIER}}
    return found + [f"function {name}" for name in sorted(names - CALLS - WORDS)]


def _never_zero(divisor: exp.Expression) -> bool:
    if isinstance(divisor, exp.Nullif):
        return divisor.expression.sql() in {"0", "0e0"}
    return isinstance(divisor, exp.Literal) and float(divisor.name) != 0


def _rounds(cast: exp.Cast) -> bool:
    if cast.to.this in {exp.DataType.Type.INT, exp.DataType.Type.SMALLINT, exp.DataType.Type.TINYINT}:
        return True
    return cast.to.this == exp.DataType.Type.BIGINT and not isinstance(cast.this, exp.Count | exp.Sum | exp.Null)
