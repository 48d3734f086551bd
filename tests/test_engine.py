"""The engine's named functions and its manners."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from netlift.engine import Engine, duck, quoted
from netlift.errors import NoRoom
from netlift.settings import EngineSettings

HELD_OUT = (
    *("holdout", "held out", "held-out", "heldout", "holdouts", "HOLD-OUT group", "Holdout 10%", "universal_holdout", "global holdout"),
    *(" Control", "controls", "Control 1", "control group A", "ctrl", "control\t", "Control\n", "control (no mail)", "universal control"),
    *(
        "Kontrollgruppe",
        "nicht kontaktiert",
        "untreated",
        "not contacted",
        "no contact",
        "No E-Mail",
        "no mailing",
        "no SMS",
        "no treatment",
    ),
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("seconds_between(TIMESTAMP '2017-01-01 00:00:00.5', TIMESTAMP '2017-01-01 00:00:02')", 1.5),
        ("days_between(TIMESTAMP '2017-01-01 23:59:00', TIMESTAMP '2017-01-02 00:01:00')", 1),
        ("days_between(DATE '2017-03-01', DATE '2017-02-27')", -2),
        ("iso_weekday(TIMESTAMP '2017-01-01 12:00:00')", 7),
        ("iso_weekday(TIMESTAMP '2017-01-02 12:00:00')", 1),
        ("hour_of(TIMESTAMP '2017-01-01 23:59:59')", 23),
        ("month_start(TIMESTAMP '2017-02-28 23:59:59')", date(2017, 2, 1)),
        ("whole(CAST(-2.7 AS DOUBLE))", -2),
        ("local_time(TIMESTAMP '2017-07-01 02:00:00', 'America/New_York')", datetime(2017, 6, 30, 22)),  # noqa: DTZ001
        ("unit_hash('s1:exp42:1')", 0.3819219702028065),
        ("unit_hash('s1:exp42:Müller-ü')", 0.5188755116689774),
        ("bucket_of('Müller-ü', 7)", 1),
        *((f"is_phone('{text}')", True) for text in ("+1 212 555 0100", "(030) 1234-567", "212.555.0100", " 0301234567 ")),
        *((f"is_phone('{text}')", False) for text in ("", "12", "ann@x.org", "+1 212 CALL NOW", "1;2;3;4;5;6")),
        ("is_phone(CAST(NULL AS VARCHAR))", None),
        *((f"is_email('{text}')", True) for text in ("ann@example.com", "A.B+c_d@mail.x-y.co.uk", "o{x}@xn--bcher-kva.de", "1@x.museum")),
        *((f"is_email('{text}')", False) for text in ("", "ann", "@x.org", "ann@", "ann@x", "ann@@x.org", "a nn@x.org", "ann@x..org")),
        *((f"is_email('{text}')", False) for text in (".ann@x.org", "a..b@x.org", "ann@x.org.", "ann@-x.org", "ann@1.2.3.4", "ann@x.o")),
        *((f"is_email('{text}')", False) for text in ("ann@shop.invalid", "ann@localhost", "ann@x.test", "ann@x.org, ben@x.org")),
        *(
            (f"is_held_out('{arm}')", True)
            for arm in ("holdout", " Control", "HOLD-OUT group", "universal control", "Kontrollgruppe", "no contact")
        ),
        *((f"is_held_out('{arm}')", True) for arm in HELD_OUT),
        *((f"is_held_out('{arm}')", False) for arm in ("", "treated", "A", "controlled", "email no contact form", "none of these", "1")),
        ("is_held_out(CAST(NULL AS VARCHAR))", False),
        ("is_email(repeat('a', 250) || '@x.org')", False),
        ("is_email(CAST(NULL AS VARCHAR))", None),
    ],
)
def test_named_functions_give_the_stated_values(expression: str, value: object) -> None:
    """Each named function gives the value that the notes state for it."""
    with Engine() as engine:
        assert engine.rows(f"SELECT {expression}") == [(value,)]


def test_the_hash_is_the_one_of_python() -> None:
    """unit_hash agrees to the bit with md5 in Python."""
    digest = int(hashlib.md5(b"salt:exp:customer", usedforsecurity=False).hexdigest()[:13], 16) / 2**52
    with Engine() as engine:
        assert engine.rows("SELECT unit_hash(?)", ["salt:exp:customer"]) == [(digest,)]


def test_values_are_parameters_and_names_are_quoted() -> None:
    """Hostile text stays text, whether it is a value or a column's name."""
    name = 'a"; DROP TABLE t; --'
    with Engine() as engine:
        engine.register("t", pa.table({name: ["x"]}))
        assert engine.rows(f"SELECT {quoted(name)} FROM t WHERE {quoted(name)} = ?", ["x"]) == [("x",)]
        assert engine.rows("SELECT ?", ["'; DROP TABLE t; --"]) == [("'; DROP TABLE t; --",)]


def test_a_function_sees_every_row_once_and_its_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches of at most BATCH rows; what had the name before is replaced, and nothing else is left behind."""
    monkeypatch.setattr(duck, "BATCH", 2048)
    schema = pa.schema([("twice", pa.int64())])
    sizes: list[int] = []

    def twice(batch: pa.RecordBatch) -> pa.RecordBatch:
        sizes.append(batch.num_rows)
        return pa.RecordBatch.from_arrays([pc.multiply(batch["n"], 2)], schema=schema)

    with Engine() as engine:
        for _ in range(2):
            engine.apply("doubled", "SELECT range AS n FROM range(5000)", twice, schema=schema)
        assert engine.rows("SELECT count(*), count(DISTINCT twice), max(twice) FROM doubled") == [(5000, 5000, 9998)]
        assert max(sizes) <= 2048
        engine.apply("doubled", "SELECT 1 AS n WHERE false", twice, schema=schema)
        assert engine.rows("SELECT count(*) FROM doubled") == [(0,)]


def test_results_go_to_parquet_whatever_the_folder_is_called(tmp_path: Path) -> None:
    """A quote in a folder's name does not break the statement."""
    folder = tmp_path / "it's"
    folder.mkdir()
    with Engine() as engine:
        engine.write_parquet("SELECT 1 AS one", folder / "one.parquet")
    assert pq.read_table(folder / "one.parquet").to_pydict() == {"one": [1]}


def test_long_queries_write_nothing_to_the_terminal() -> None:
    """DuckDB's own progress bar is off: `--json` prints JSON and nothing else."""
    with Engine() as engine:
        assert engine.rows("SELECT current_setting('enable_progress_bar')") == [(False,)]


def test_closing_ends_the_session() -> None:
    """After the block the session is gone."""
    with Engine(EngineSettings(threads=1, memory_limit="1GB")) as engine:
        assert engine.rows("SELECT current_setting('threads')") == [(1,)]
    with pytest.raises(duckdb.ConnectionException):
        engine.rows("SELECT 1")


@pytest.mark.parametrize("way", ["execute", "rows", "arrow"])
def test_too_little_memory_is_one_sentence(way: str) -> None:
    """Whatever asks, the limit is named and what to do."""
    with (
        Engine(EngineSettings(memory_limit="1MB", threads=1)) as engine,
        pytest.raises(NoRoom, match=r"memory_limit = '1MB' allows; raise"),
    ):
        getattr(engine, way)("CREATE TABLE t AS SELECT md5(CAST(i AS VARCHAR)) AS a FROM range(1000000) AS r(i)")
        getattr(engine, way)("SELECT list(a) FROM t")


def test_many_files_are_written_at_a_time(tmp_path: Path) -> None:
    """All of them, each told when it is whole; then the engine computes with as many threads as before."""
    with Engine(EngineSettings(threads=2)) as engine:
        engine.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(1000)")
        wanted = [(f"SELECT n FROM numbers WHERE n % 7 = {i}", tmp_path / f"{i}.parquet") for i in range(7)]
        told: list[Path] = []
        engine.write_each(wanted, told.append, group=100)
        assert sorted(told) == [path for _, path in wanted]
        assert [pq.read_metadata(path).num_rows for path in sorted(told)] == [143] * 6 + [142]
        assert engine.rows("SELECT current_setting('threads')") == [(2,)]


def test_one_file_that_fails_is_told(tmp_path: Path) -> None:
    """The error of the first that fails is raised, and the engine goes on as before."""
    with Engine(EngineSettings(threads=2)) as engine:
        told: list[Path] = []
        with pytest.raises(duckdb.ConversionException):
            engine.write_each([("SELECT CAST('x' AS INTEGER)", tmp_path / "a.parquet")], told.append, group=100)
        assert told == []
        assert engine.rows("SELECT current_setting('threads')") == [(2,)]
