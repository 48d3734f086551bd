"""Spark, on this machine and through a Connect server: the same functions, settings and manners as DuckDB."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netlift import engine as engines
from netlift.engine import Engine, Session, SparkEngine, computing, spark
from netlift.errors import MissingExtra, SettingsError
from netlift.records import Feature, Features
from netlift.segments import cut, prep
from netlift.segments import model as models
from netlift.segments.partition import Nearest
from netlift.settings import EngineSettings
from tests.spark import connect_server, free_port

MOMENT = datetime(2017, 3, 12, 2, 30, 0, 250_000)  # noqa: DTZ001 - naive UTC; in New York clocks skip this time
EXPRESSIONS = (
    "seconds_between(TIMESTAMP '2017-01-01 00:00:00.5', TIMESTAMP '2017-01-01 00:00:02')",
    "seconds_between(TIMESTAMP '2017-01-02 00:00:00', TIMESTAMP '2017-01-01 00:00:00.000001')",
    "seconds_between(TIMESTAMP '2017-03-12 06:30:00', TIMESTAMP '2017-03-12 07:30:00')",
    "seconds_between(CAST(NULL AS TIMESTAMP), TIMESTAMP '2017-03-12 07:30:00')",
    "days_between(TIMESTAMP '2017-01-01 23:59:00', TIMESTAMP '2017-01-02 00:01:00')",
    "days_between(DATE '2017-03-01', DATE '2017-02-27')",
    "days_between(TIMESTAMP '2016-12-31 23:59:59', TIMESTAMP '2017-12-31 00:00:00')",
    *(f"iso_weekday(TIMESTAMP '2017-01-0{day} 00:00:00')" for day in range(1, 9)),
    "hour_of(TIMESTAMP '2017-01-01 23:59:59.999999')",
    "hour_of(TIMESTAMP '2017-01-01 00:00:00')",
    "month_start(TIMESTAMP '2017-12-31 23:59:59')",
    "month_start(DATE '2016-02-29')",
    "whole(CAST(-2.7 AS DOUBLE))",
    "whole(2.5e0)",
    "whole(CAST(NULL AS DOUBLE))",
    "unit_hash('s1:exp42:1')",
    "unit_hash('s1:exp42:Müller-ü')",
    "unit_hash('')",
    "unit_hash('日本\\x')",
    "bucket_of('Müller-ü', 7)",
    *(f"is_phone('{text}')" for text in ("+1 212 555 0100", "(030) 1234-567", "12", "call me at 6")),
    *(f"is_email('{text}')" for text in ("Ann.B+c@example.com", "{x}@xn--bcher-kva.de", "ann", "a nn@x.org", "ann@x..org", "a@x.invalid")),
    "is_email(CAST(NULL AS STRING))",
    *(f"is_held_out('{arm}')" for arm in (" Control", "HOLD-OUT group", "Holdout 10%", "No E-Mail", "controlled", "")),
    "is_held_out(CAST(NULL AS STRING))",
    "local_time(TIMESTAMP '2017-07-01 02:00:00', 'America/New_York')",
    "local_time(TIMESTAMP '2017-11-05 05:59:59.999999', 'America/New_York')",
    "local_time(TIMESTAMP '2017-11-05 06:00:00', 'America/New_York')",
    "local_time(TIMESTAMP '2017-03-12 07:00:00', 'America/New_York')",
    "local_time(TIMESTAMP '2017-01-01 00:00:00', 'Asia/Kathmandu')",
    "'it''s'",
    "'back\\slash\\n\\'",
    "'${env:HOME} $HOME {x} ? :p'",
    "1e0 / 3e0",
    "7 / 2",
    "1 / nullif(0e0, 0e0)",
    "least(1e0, CAST(NULL AS DOUBLE))",
    "round(2.5e0) + round(-0.5e0)",
    "substr('Straße', -3)",
)


@pytest.fixture(scope="module", params=["classic", "connect"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSettings]:
    if request.param == "classic":
        yield EngineSettings(name="spark", master="local[2]")
        return
    with connect_server(tmp_path_factory.mktemp("spark")) as address:
        yield EngineSettings(name="spark", remote=address)


@pytest.fixture(scope="module")
def session(settings: EngineSettings) -> Iterator[SparkEngine]:
    with SparkEngine(settings) as opened:
        yield opened


def test_every_function_has_a_body_for_both_engines() -> None:
    """The named functions are the same on DuckDB and on Spark, with the same arguments."""
    plain = {re.sub(r" (TIMESTAMP|DOUBLE|STRING|INT)\b", "", s.split(" RETURNS ")[0]) for s in spark.FUNCTIONS}
    assert plain == set(engines.FUNCTIONS)


def test_expressions_have_the_same_value_on_both_engines(session: SparkEngine) -> None:
    """Named functions and literals agree to the bit: sub-seconds, year's ends, Sundays, nights of daylight saving, odd texts."""
    query = "SELECT " + ", ".join(f"{text} AS v{i}" for i, text in enumerate(EXPRESSIONS))
    with Engine() as duck:
        expected = dict(zip(EXPRESSIONS, duck.rows(query)[0], strict=True))
    assert dict(zip(EXPRESSIONS, session.rows(query)[0], strict=True)) == expected


def test_a_frozen_model_says_the_same_in_the_cluster(session: SparkEngine) -> None:
    """Segments, map and anomaly score of 500 customers: to the bit what DuckDB's batches give, computed by Spark's workers."""
    rng = np.random.default_rng(3)
    values = np.vstack([rng.normal(c, 0.5, (250, 2)) for c in (0, 4)])
    ids = np.array([f"{i:03d}" for i in range(500)], dtype=object)
    known = (Feature("a", "", "a", "attribute", ""), Feature("b", "", "b", "attribute", ""))
    made = Features(datetime(2026, 1, 1), known, ids, values, ("a", "b"), None, "", None)  # noqa: DTZ001
    scaling, _ = prep.fit(made, "standard")
    halves = cut.of(scaling, Nearest(np.array([[-1.0, -1.0], [1.0, 1.0]])), scaling.apply(values), 2)
    model = models.fit(made, scaling, [halves], seed=1)
    table = pa.table({"customer_id": pa.array(ids, pa.string()), "a": values[:, 0], "b": values[:, 1]})
    with Engine() as duck:
        duck.register("people", table)
        duck.keep("features", "SELECT customer_id, a, b FROM people")
        expected = models.assigned(duck, model, ids)
    session.register("people", table)
    session.keep("features", "SELECT customer_id, a, b FROM people")
    found = models.assigned(session, model, ids)
    for name in ("segment", "x", "y", "anomaly_score", "anomaly_reason", "membership"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert set(found.segment) == {1, 2}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_values_go_there_and_back_whatever_the_zone_of_the_process(
    session: SparkEngine, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters and registered tables come back as they were: hostile texts, moments, dates, large numbers, nothing."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    values = ["x'; DROP TABLE t; --", "back\\slash\\", "${env:HOME} ?", MOMENT, date(2017, 3, 12), 2**53 + 1, 0.1, True, None]
    try:
        assert session.rows(f"SELECT {', '.join('?' * len(values))}", values) == [tuple(values)]
        session.register("handed", pa.table({"t": pa.array([MOMENT], pa.timestamp("us")), 'a "name"': ["ü"]}))
        assert session.rows('SELECT t, "a ""name""" FROM handed WHERE t = ?', [MOMENT]) == [(MOMENT, "ü")]
        assert session.arrow("SELECT t FROM handed").schema.field("t").type == pa.timestamp("us")
    finally:
        monkeypatch.undo()
        time.tzset()
    session.unregister("handed")


def test_a_kept_result_is_replaced(session: SparkEngine) -> None:
    """keep computes once, and the name can be used again, even from the result that it replaces."""
    session.keep("kept", "SELECT 1 AS one")
    session.keep("kept", "SELECT one + 1 AS one FROM kept")
    assert session.rows("SELECT one FROM kept") == [(2,)]


def test_results_go_to_one_parquet_file(session: SparkEngine, tmp_path: Path) -> None:
    """write_parquet writes one file on this machine, as DuckDB does."""
    session.write_parquet("SELECT CAST(? AS INT) AS one", tmp_path / "one.parquet", [1])
    assert pq.read_table(tmp_path / "one.parquet").to_pydict() == {"one": [1]}


def test_tables_are_handed_over_through_any_folder(settings: EngineSettings, session: Session, tmp_path: Path) -> None:
    """Checked tables reach Spark through a folder with an awkward name, and nothing stays behind in it."""
    folder = tmp_path / "it's [odd] {x}*?\\ %20 ü"
    folder.mkdir()
    with Engine() as duck:
        duck.execute("CREATE TABLE sales AS SELECT TIMESTAMP '2017-03-12 02:30:00.25' AS t, CAST(NULL AS DOUBLE) AS x, 'ü' AS s")
        with computing(settings.model_copy(update={"exchange": folder}), duck, ["sales"]) as there:
            assert isinstance(there, SparkEngine)
            assert there.rows("SELECT t, x, s FROM sales") == [(MOMENT, None, "ü")]
            assert oct(next(folder.iterdir()).stat().st_mode)[-3:] == "750"
    assert list(folder.iterdir()) == []
    assert session.rows("SELECT 1") == [(1,)]  # an engine of its own was closed, this one goes on


def test_two_sessions_do_not_see_each_other(settings: EngineSettings, session: SparkEngine) -> None:
    """Views of one session are no business of another, even on the same server."""
    session.register("mine", pa.table({"x": [1]}))
    with SparkEngine(settings) as other, pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        other.rows("SELECT x FROM mine")
    session.unregister("mine")


def test_a_server_that_keeps_its_own_meaning_is_refused(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a setting cannot be had, the sentence names it; here one that no session may change."""
    monkeypatch.setitem(spark.MEANING, "spark.sql.warehouse.dir", "elsewhere")
    with pytest.raises(SettingsError, match=r"Spark does not let this session set spark\.sql\.warehouse\.dir to elsewhere"):
        SparkEngine(settings)


def test_an_address_without_a_server_is_told_at_once() -> None:
    """A closed port is one sentence, not minutes of retries."""
    port = free_port()
    with pytest.raises(SettingsError, match=rf"no Spark Connect server answers at 127\.0\.0\.1:{port} \(Connection refused\)"):
        SparkEngine(EngineSettings(name="spark", remote=f"sc://127.0.0.1:{port}"))


def test_something_else_that_listens_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not speak Spark Connect is given up after a short wait."""
    monkeypatch.setattr(spark, "PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SettingsError, match="does not speak its language"):
        SparkEngine(EngineSettings(name="spark", remote=f"sc://127.0.0.1:{other.getsockname()[1]}"))


def test_missing_java_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java, or with one that is too old, the sentence says what to install."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match=r"needs Java, and there is none; install Java 17 \(Debian: openjdk-17-jre-headless\)"):
        SparkEngine(EngineSettings(name="spark"))
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    with pytest.raises(SettingsError, match=rf"Java at '{old}' is 11; install Java 17"):
        SparkEngine(EngineSettings(name="spark"))


@pytest.mark.parametrize("more", [{}, {"remote": "sc://127.0.0.1"}])
def test_missing_pyspark_names_the_extra(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the sentence says how to install it."""
    for module in ("pyspark", "pyspark.sql.connect.client"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtra, match="pip install 'netlift\\[spark\\]'"):
        SparkEngine(EngineSettings(name="spark", **more))


def test_an_exchange_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The exchange folder is tried before Spark is started."""
    settings = EngineSettings(name="spark", exchange=tmp_path / "missing")
    with (
        Engine() as duck,
        pytest.raises(SettingsError, match="missing' cannot be written"),
        computing(settings, duck, []),
    ):
        pass


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"master": "local[2]"}, "master is for Spark, and name is 'duckdb'"),
        ({"name": "spark", "master": "local[2]", "remote": "sc://127.0.0.1"}, "master and remote are both given"),
        ({"name": "spark", "remote": "sc://spark.example.com"}, "exchange must name a folder"),
        ({"name": "spark", "remote": "sc://127.0.0.1/;token=abc"}, "remote holds a token"),
        ({"name": "spark", "token_env": "T"}, "token_env is for a server"),
        ({"name": "spark", "exchange": "here"}, "an absolute path is needed"),
        ({"name": "spark", "master": "yarn"}, "should match pattern"),
    ],
)
def test_settings_that_do_not_fit_are_told(wrong: dict[str, Any], told: str) -> None:
    """Contradictions in [engine] are found before anything runs."""
    with pytest.raises(ValueError, match=told):
        EngineSettings(**wrong)


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token travels in the address only in memory, and never without TLS."""
    settings = EngineSettings(name="spark", remote="sc://spark.example.com", exchange=Path("/shared"), token_env="SPARK_TOKEN")
    monkeypatch.setenv("SPARK_TOKEN", "a;b")
    assert settings.connect_url() == "sc://spark.example.com/;use_ssl=true;token=a%3Bb"
    assert "a;b" not in settings.model_dump_json()
