"""The files of a run, exactly as DESIGN.md lists them."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from netlift.engine import Engine, quoted
from netlift.errors import SettingsError
from netlift.records import (
    Asking,
    Audience,
    Candidate,
    Features,
    Insight,
    Outcome,
    Recommendation,
    Segment,
    Segmentation,
    TableInput,
    Tables,
    Texts,
)
from netlift.segments import Assigned

ROW_GROUP = 65_536  # people of audience.parquet that are read at the same time at least
FORMULA = r"^[\s=+@\-\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"  # how a spreadsheet's formula may begin, full-width forms too


@contextmanager
def whole_or_nothing(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place only when everything was written.

    What stood in `folder` before is replaced as a whole. What it holds is people's data: nobody else on the machine may read it.
    """
    work = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.parent.mkdir(parents=True, exist_ok=True)
    work.mkdir(mode=0o700)
    try:
        yield work
        if folder.exists():
            old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
            folder.rename(old)
            work.rename(folder)
            shutil.rmtree(old)
        else:
            work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_json(value: Any, path: Path) -> None:  # noqa: ANN401 - any JSON value or record
    """Write JSON; a number that is not finite becomes null."""
    path.write_text(json.dumps(plain(value), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:  # noqa: ANN401
    """Records, arrays and tuples as what JSON knows; a number that is not finite as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def inputs(tables: Tables) -> list[dict[str, Any]]:
    """The `inputs` of run.json."""
    return [_input(i) for i in tables.inputs]


def _input(read: TableInput) -> dict[str, Any]:
    names = ("table", "source", "rows_in", "rows_ok", "rows_quarantined", "rows_left_out", "sha256", "findings")
    return {name: plain(getattr(read, name)) for name in names}


def customers(known: Features, found: Segmentation | Assigned, names: Mapping[int, str]) -> pa.Table:
    """The rows of customers.parquet: one per customer; what is not known of a customer is null."""
    nothing = pa.nulls(len(known.customer_ids), pa.float64())
    sure = found.membership
    ahead = known.forecast
    return pa.table(
        {
            "customer_id": pa.array(known.customer_ids, pa.string()),
            "segment": pa.array(found.segment, pa.int64()),
            "segment_name": pa.array([names.get(int(s)) for s in found.segment], pa.string()),
            "x": pa.array(found.x, pa.float64()),
            "y": pa.array(found.y, pa.float64()),
            "anomaly_score": pa.array(found.anomaly_score, pa.float64()),
            "anomaly_reason": pa.array([reason or None for reason in found.anomaly_reason], pa.string()),
            "membership": nothing if sure is None or not sure.size else pa.array(sure[np.arange(len(sure)), found.segment - 1]),
            "expected_spend": pa.array(ahead.spend, from_pandas=True) if ahead else nothing,
            "expected_spend_low": pa.array(ahead.low, from_pandas=True) if ahead else nothing,
            "expected_spend_high": pa.array(ahead.high, from_pandas=True) if ahead else nothing,
            **{f"sufficiency_{of}": pa.array(tiers, pa.string()) for of, tiers in known.sufficiency.items()},
        }
    )


def write_table(table: pa.Table, out: Path) -> None:
    """Write a file that the user named, whole or not at all: CSV where its name ends in .csv, else Parquet.

    Raises:
        SettingsError: it cannot be written.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            if out.suffix == ".csv":
                pa.csv.write_csv(table, file)
            else:
                pq.write_table(table, file)
        part.replace(out)
    except OSError as error:
        raise SettingsError(f"--out '{out}' cannot be written: {error.strerror}; name a file in a folder that is there.") from error
    finally:
        part.unlink(missing_ok=True)


def write_asking(customer_ids: Texts, asking: Asking, path: Path) -> None:
    """Write what asking each customer in a survey is worth; chance_to_answer is null where it is not known."""
    chance = pa.nulls(len(customer_ids), pa.float64()) if asking.chance is None else pa.array(asking.chance)
    pq.write_table(pa.table({"customer_id": pa.array(customer_ids, pa.string()), "worth": asking.worth, "chance_to_answer": chance}), path)


def write_facts(engine: Engine, audience: Audience, features: Sequence[str], path: Path) -> None:
    """Write what was known of everybody who gets a message, from the engine's table `features`: later it is told from this file alone."""
    contacted = pa.array(audience.customer_ids[audience.contacted()], pa.string())
    engine.register("__contacted", pa.table({"customer_id": contacted}))
    wanted = ", ".join(["f.customer_id", *(f"f.{quoted(name)}" for name in features)])
    engine.write_parquet(f"SELECT {wanted} FROM features AS f SEMI JOIN __contacted AS c USING (customer_id) ORDER BY customer_id", path)
    engine.unregister("__contacted")


def write_comparison(segmentation: Segmentation, path: Path) -> None:
    """Write comparison.parquet: one row per algorithm and number of segments; a figure that could not be had is null."""
    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    schema = pa.schema([(f.name, kinds.get(str(f.type), pa.string())) for f in dataclasses.fields(Candidate)])
    pq.write_table(pa.Table.from_pylist([plain(c) for c in segmentation.comparison], schema=schema), path)


def segments(insight: Insight) -> list[dict[str, Any]]:
    """The list of segments.json."""
    return [_segment(s) for s in insight.segments]


def _segment(segment: Segment) -> dict[str, Any]:
    told: dict[str, Any] = plain(segment)
    told["profile"] = {t.feature: {k: v for k, v in plain(t).items() if k not in {"feature", "difference"}} for t in segment.profile}
    return told


def recommendations(made: tuple[Recommendation, ...]) -> list[dict[str, Any]]:
    """The list of recommendations.json."""
    return [plain(r) for r in made]


def write_audience(audience: Audience, path: Path) -> None:
    """Write audience.parquet: one row per customer; excluded_reason is null for whoever will be contacted."""
    table = pa.table(
        {
            "customer_id": pa.array(audience.customer_ids, pa.string()),
            "segment": pa.array(audience.segment, pa.int64()),
            "offer": pa.array(audience.offer, pa.string()),
            "channel": pa.array(audience.channel, pa.string()),
            "arm": pa.array(audience.arm, pa.string()),
            "expected_profit": pa.array(audience.expected_profit, pa.float64(), from_pandas=True),
            "excluded_reason": pa.array(audience.excluded_reason, pa.string()),
        }
    )
    pq.write_table(table, path, row_group_size=ROW_GROUP)


def read_audience(path: Path) -> Audience:
    """Read what `write_audience` wrote."""
    return _audience(pq.read_table(path))


def audience_parts(path: Path, size: int) -> Iterator[Audience]:
    """The audience as it lies in its file, so many people at a time."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(size):
            yield _audience(pa.Table.from_batches([batch]))


def _audience(table: pa.Table) -> Audience:
    texts = {n: np.array(table[n].to_pylist(), dtype=object) for n in ("customer_id", "offer", "channel", "arm", "excluded_reason")}
    return Audience(
        texts["customer_id"],
        table["segment"].to_numpy(),
        texts["offer"],
        texts["channel"],
        texts["arm"],
        table["expected_profit"].to_numpy().astype(np.float64),
        texts["excluded_reason"],
    )


def accounting(outcome: Outcome) -> dict[str, Any]:
    """The book-keeping behind every profit of a run."""
    books = outcome.accounting
    totals = {n: sum(getattr(c, n) for c in books.campaigns) for n in ("contacts", "responses", "spent", "earned")}
    return {**plain(books), **totals, "break_even": books.break_even, "note": outcome.note}


def write_quarantine(engine: Engine, tables: Tables, folder: Path) -> None:
    """Write quarantine/<table>.csv for each table with rejected rows: line, column, reason, row."""
    folder.mkdir()
    for read in tables.inputs:
        if read.rows_quarantined:
            texts = f"{_harmless('column_name')}, reason, {_harmless('row_text')}"
            query = f"SELECT line, {texts} FROM quarantine WHERE table_name = ? ORDER BY line"
            pa.csv.write_csv(engine.arrow(query, [read.table]), folder / f"{read.table}.csv")


def _harmless(column: str) -> str:
    """SQL for a text that no spreadsheet runs: one that begins like a formula gets a quote before it."""
    return f"CASE WHEN regexp_matches({column}, '{FORMULA}') THEN chr(39) || {column} ELSE {column} END AS {column}"
