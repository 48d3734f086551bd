"""One person in the files of a run: found for who asks, removed for who wants to be erased.

The frozen list keeps a row with a keyed hash in place of the id, because the approval binds to everybody in it; figures that
were reported already stay as they are.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from netlift import snapshot
from netlift.records import Features, ReportContent
from netlift.sources.forgetting import HIDDEN, Person
from netlift.store import erased
from netlift.workflow import outputs
from netlift.workflow.prepare import ASKING, FACTS, SNAPSHOT

LISTS = ("customers.parquet", ASKING, FACTS)
AUDIENCE = "audience.parquet"


def rows(folder: Path, customer_id: str) -> dict[str, Any]:
    """What the files of a run hold of a customer: the row of each list, and the proof of consent of the time."""
    found: dict[str, Any] = {}
    for name in (*LISTS, AUDIENCE):
        row = of_list(folder / name, customer_id)
        if row is not None:
            found[name.removesuffix(".parquet")] = row
    if AUDIENCE.removesuffix(".parquet") in found and (folder / SNAPSHOT).exists():
        content: ReportContent = snapshot.load(folder / SNAPSHOT)
        at = np.flatnonzero(content.features.customer_ids == customer_id)
        found["consent"] = content.choice.consent[at[0]] if at.size else None
    return found


def of_list(path: Path, customer_id: str) -> dict[str, Any] | None:
    """The customer's row of a list; None where there is none."""
    if not path.exists():
        return None
    found = pq.read_table(path, filters=[("customer_id", "=", customer_id)]).to_pylist()
    return found[0] if found else None


def forget(folder: Path, person: Person) -> int:
    """Remove a person from the files of a run; the answer is in how many files the person was. Done again, it finds nothing."""
    if not folder.is_dir():
        return 0
    count = sum(_of_list(folder / name, person) for name in LISTS)
    count += sum(_of_audience(path, person) for path in folder.glob("audience*.parquet")) + _of_snapshot(folder / SNAPSHOT, person)
    return count + sum(_of_text(path, person) for path in _texts(folder))


def clear_abandoned(folder: Path) -> None:
    """Remove what a killed `prepare` left half-written among the runs."""
    for path in folder.glob(".*"):
        written = re.fullmatch(r"\..+\.(\d+)\.(part|old)", path.name)
        if written and not Path(f"/proc/{written[1]}").exists():
            shutil.rmtree(path, ignore_errors=True)


def _of_list(path: Path, person: Person) -> bool:
    if of_list(path, person.customer_id) is None:
        return False
    table = pq.read_table(path)
    _replace(path, lambda file: pq.write_table(table.filter(pc.not_equal(table["customer_id"], person.customer_id)), file))
    return True


def _of_audience(path: Path, person: Person) -> bool:
    if of_list(path, person.customer_id) is None:
        return False
    audience = outputs.read_audience(path)
    at = np.flatnonzero(audience.customer_ids == person.customer_id)
    audience.customer_ids[at] = erased.pseudonym(person.customer_id)
    audience.excluded_reason[at] = [erased.reason(reason) for reason in audience.excluded_reason[at]]
    segment, profit = audience.segment.copy(), audience.expected_profit.copy()
    segment[at], profit[at] = 0, np.nan
    blank = dataclasses.replace(audience, segment=segment, expected_profit=profit)
    _replace(path, lambda file: outputs.write_audience(blank, file))
    return True


def _of_snapshot(path: Path, person: Person) -> bool:
    if not path.exists():
        return False
    content: ReportContent = snapshot.load(path)
    kept = content.features.customer_ids != person.customer_id
    if kept.all():
        return False
    _replace(path, lambda file: snapshot.save(_without(content, kept), file))
    return True


def _without(value: Any, kept: Any) -> Any:  # noqa: ANN401 - any part of a record
    """A record whose arrays of customers have only those kept."""
    if isinstance(value, np.ndarray):
        return value[kept] if value.shape[:1] == kept.shape else value
    if isinstance(value, Features) and value.rows is not None:  # places among all customers
        places = np.cumsum(kept) - 1
        value = dataclasses.replace(value, rows=places[value.rows[kept[value.rows]]])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{f.name: _without(getattr(value, f.name), kept) for f in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {key: _without(item, kept) for key, item in value.items()}
    return tuple(_without(item, kept) for item in value) if isinstance(value, tuple) else value


def _texts(folder: Path) -> Iterator[Path]:
    for pattern in ("*.json", "*.html", "quarantine/*.csv"):
        yield from sorted(folder.glob(pattern))


def _of_text(path: Path, person: Person) -> bool:
    """Refused rows lose their text; elsewhere an address, or the id in quotes, as findings show values."""
    text = path.read_text(encoding="utf-8")
    clean = _clean_csv(text, person) if path.suffix == ".csv" else person.unquoted(text)
    if clean == text:
        return False
    _replace(path, lambda file: file.write_text(clean, encoding="utf-8"))
    return True


def _clean_csv(text: str, person: Person) -> str:
    """A file of refused rows (line, column, reason, text) in which the person's rows say nothing."""
    lines, pattern = [line for line in csv.reader(io.StringIO(text)) if line], person.pattern
    clean = [[*line[:-1], HIDDEN if pattern.search(line[-1]) else line[-1]] for line in lines]
    if clean == lines:
        return text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(clean)
    return out.getvalue()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file anew, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        write(part)
        part.chmod(path.stat().st_mode & 0o777)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
