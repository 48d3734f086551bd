"""SPSS files (.sav, .zsav): codes as text, what the file itself declares as missing left out, value labels beside."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from netlift.errors import MissingExtra, SourceError
from netlift.settings import Format
from netlift.sources.relation import Batch, Relation
from netlift.sources.survey_cells import Row, as_text, batch_of, relation_of

READER = Path(__file__).with_name("survey_sav_reader.py")
REFUSED = 3  # its exit code where the file is none
MOST_MEMORY = 2 << 30  # bytes that it may use
LONGEST = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Labels:
    """What an SPSS file says about its codes."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # column -> code as text -> label
    measures: Mapping[str, str] = field(default_factory=dict)  # column -> nominal, ordinal or scale, where declared


def open_sav(path: Path, style: Format, *, named: str) -> tuple[Relation, Labels]:
    """The file as a relation of texts, and its labels.

    Raises:
        MissingExtra: pyreadstat is not installed.
        SourceError: the file is damaged, or no SPSS file.
    """
    if importlib.util.find_spec("pyreadstat") is None:
        raise MissingExtra("surveys", "Reading an SPSS file")
    with tempfile.TemporaryFile() as file:  # has no name, so that nothing of it stays
        _read_apart(path, file)
        streams = pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    first = pa.ipc.open_stream(streams).schema
    columns = first.names
    if not columns:
        raise SourceError(f"'{path.name}' has no columns.")

    def batches(wanted: Sequence[str]) -> Iterator[Batch]:
        line = 1
        for rows in _batches(streams):
            numbered = (Row(number, cells) for number, cells in enumerate(zip(*(c.to_pylist() for c in rows), strict=True), line))
            yield batch_of(numbered, columns, wanted=wanted, style=style)
            line += rows.num_rows

    relation = relation_of(path, columns, named=named, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), batches=batches)
    return relation, _labels(json.loads(first.metadata[b"labels"]), path, style)


def _labels(said: Mapping[str, Any], path: Path, style: Format) -> Labels:
    try:
        values = {column: {str(as_text(code, style)): label for code, label in found} for column, found in said["values"].items()}
    except ValueError as reason:
        raise SourceError(f"A labelled code of '{path.name}' {reason}.") from reason
    return Labels(values, {c: m for c, m in said["measures"].items() if m in {"nominal", "ordinal", "scale"}})


def _read_apart(path: Path, into: BinaryIO) -> None:
    """Have the file read by READER into Arrow streams, within MOST_MEMORY and LONGEST.

    Raises:
        SourceError: the file is none, or ends the process that reads it.
    """
    command = [sys.executable, "-P", str(READER), str(path.absolute()), str(MOST_MEMORY)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    reason = "reading it breaks off"
    try:
        done = subprocess.run(command, stdout=into, stderr=subprocess.PIPE, env=environment, timeout=LONGEST, check=False)  # noqa: S603 - no shell
    except subprocess.TimeoutExpired:
        reason = f"it is not read after {LONGEST:.0f} seconds"
    else:
        if done.returncode == 0:
            return
        if done.returncode == REFUSED:
            reason = done.stderr.decode(errors="replace")
    raise SourceError(f"'{path.name}' is no readable SPSS file: {reason}; save it anew in SPSS, or as CSV.")


def _batches(streams: pa.Buffer) -> Iterator[pa.RecordBatch]:
    """The record batches of all streams, which follow each other."""
    reader = pa.BufferReader(streams)
    while reader.tell() < reader.size():
        yield from pa.ipc.open_stream(reader)
