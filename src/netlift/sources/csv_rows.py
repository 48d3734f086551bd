"""CSV, read strictly: every field as text, every row as wide as the header, every refusal with its line number."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import pyarrow as pa

from netlift.errors import SettingsError, SourceError
from netlift.settings import Format
from netlift.sources.relation import LINE, Batch, Reject
from netlift.sources.text import CONTROL, Lines, encoding_of

CELLS = 500_000  # of a batch
MOST_COLUMNS = 5_000
DELIMITERS = (",", ";", "\t", "|")
T = TypeVar("T")
BOMB_RATIO, BOMB_SIZE = 100, 1 << 30  # unpacked bytes per packed byte; bytes unpacked


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file whose header has been read."""

    path: Path
    format: Format
    header: tuple[str, ...]
    encoding: str
    notes: list[str]  # grows while the rows are read


def open_csv(path: Path, style: Format) -> CsvFile:
    """Read and check the header.

    Raises:
        SourceError: the file is empty or no CSV of this format, or column names are empty, twice there, or too many.
        SettingsError: the delimiter or the encoding cannot be.
    """
    if style.delimiter in '"\r\n\0':
        raise SettingsError(f"delimiter = {style.delimiter!r} cannot separate columns; write ',', ';', '\\t' or '|'.")
    with _stream(path) as (stream, _):
        start = stream.read(4)
    encoding = encoding_of(start, declared=style.encoding, file=path.name)
    notes = [f"'{path.name}' is read as {encoding.upper()}, as the mark at its start says."] if encoding in {"utf-16", "utf-32"} else []
    file = CsvFile(path, style, (), encoding, notes)
    with _rows(file) as (_, reader, _):
        header = _guarded(file, reader, lambda: next(reader, None))
    if header is None:
        raise SourceError(f"'{path.name}' is empty; a header line with column names is expected.")
    _check_header(header, file)
    return CsvFile(path, style, tuple(header), encoding, notes)


def read_batches(file: CsvFile, columns: Sequence[str], *, number: int) -> Iterator[Batch]:
    """The rows after the header; `number` is the file's place among the table's files.

    Raises:
        SourceError: a quote that is not closed, an undecodable byte, a line too long, a damaged archive.
    """
    wanted = [file.header.index(c) for c in columns]
    size = max(1, CELLS // len(file.header))
    with _rows(file) as (lines, reader, share):
        _guarded(file, reader, lambda: next(reader))
        parser = _Parser(file, reader, lines)
        while True:
            rows, starts, rejects = _guarded(file, reader, lambda: parser.take(size), parser)
            if not rows and not rejects:
                break
            fields = list(zip(*rows, strict=True)) or [()] * len(file.header)
            arrays = [pa.array(fields[i], pa.string()) for i in wanted]
            batch = pa.RecordBatch.from_arrays([*arrays, pa.array(starts, pa.int64())], names=[*columns, LINE])
            yield Batch(number, batch, tuple(rejects), share())
    if lines.cut:
        file.notes.append(f"'{file.path.name}' ends without a line end: its last value may be cut off.")


class _Parser:
    """Takes rows off the reader, sorts out those that cannot be columns, and knows the line each began on."""

    def __init__(self, file: CsvFile, reader: Any, lines: Lines) -> None:  # noqa: ANN401 - the csv module names no type
        self.file, self.reader, self.lines = file, reader, lines
        self.line = reader.line_num + 1  # where the next row begins
        self.empty: list[int] = []  # empty lines not yet known to be followed by a row; at the file's end they are no rows

    def take(self, size: int) -> tuple[list[list[str]], list[int], list[Reject]]:
        """Up to `size` rows with their lines, and the rejects between them."""
        rows: list[list[str]] = []
        starts: list[int] = []
        rejects: list[Reject] = []
        dirty = self.lines.dirty
        for row in self.reader:
            dirty = dirty or self.lines.dirty
            if len(row) == len(self.file.header) and not (dirty and CONTROL.search("".join(row))):
                rows.append(row)
                starts.append(self.line)
            elif row:
                rejects.append(self._reject(row))
            if row and self.empty:
                rejects += [Reject(line, "", "is an empty line", "") for line in self.empty]
                self.empty.clear()
            elif not row:
                self.empty.append(self.line)
            self.line = self.reader.line_num + 1
            if len(rows) + len(rejects) >= size:
                break
        return rows, starts, rejects

    def _reject(self, row: list[str]) -> Reject:
        header = self.file.header
        text = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", self.file.format.delimiter.join(row))
        if len(row) != len(header):
            return Reject(self.line, "", f"has {len(row)} fields, and the header has {len(header)}", text)
        column, found = next((name, f) for name, value in zip(header, row, strict=True) if (f := CONTROL.search(value)))
        return Reject(self.line, column, f"holds the control character U+{ord(found[0]):04X}", text)


@contextmanager
def _stream(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], float]]]:
    """The file's bytes, unpacked where it is a .gz, and the share of it read so far."""
    size = path.stat().st_size or 1
    with path.open("rb") as raw:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast("BinaryIO", _Watched(unpacked, size, path.name)), lambda: min(1.0, raw.tell() / size)
        else:
            yield raw, lambda: min(1.0, raw.tell() / size)


class _Watched:
    """Reads an archive, and refuses one that unpacks to far more than its size."""

    def __init__(self, stream: gzip.GzipFile, packed: int, file: str) -> None:
        self._stream, self._packed, self._file, self._unpacked = stream, packed, file, 0

    def read(self, size: int) -> bytes:
        try:
            chunk = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"'{self._file}' is a damaged or cut-off archive ({error}); fetch it again.") from error
        self._unpacked += len(chunk)
        if self._unpacked > BOMB_SIZE and self._unpacked > BOMB_RATIO * self._packed:
            raise SourceError(f"'{self._file}' unpacks to more than {BOMB_RATIO} times its size; if it is meant to be so, unpack it first.")
        return chunk


@contextmanager
def _rows(file: CsvFile) -> Iterator[tuple[Lines, Any, Callable[[], float]]]:
    with _stream(file.path) as (stream, share):
        lines = Lines(stream, encoding=file.encoding, file=file.path.name)
        yield lines, csv.reader(chain.from_iterable(lines), delimiter=file.format.delimiter, strict=True), share


def _guarded(file: CsvFile, reader: Any, step: Callable[[], T], parser: _Parser | None = None) -> T:  # noqa: ANN401
    """Run a step of the reader; a quoting error refuses the file, because no later row can be trusted."""
    try:
        return step()
    except csv.Error as error:
        line = parser.line if parser else 1
        place = f"'{file.path.name}', line {line}"
        if "field limit" in str(error):
            limit = csv.field_size_limit()
            raise SourceError(
                f"{place}: a field is longer than {limit:,} characters; probably a quote is opened and not closed."
            ) from error
        seen = "the file ends" if "end of data" in str(error) else f"line {reader.line_num} is reached"
        raise SourceError(
            f"{place}: a quote in this row is not closed rightly (seen when {seen}), so the rows after it cannot be trusted; "
            "correct the quotes, and write a quote inside a quoted text twice.",
        ) from error


def _check_header(header: list[str], file: CsvFile) -> None:
    name, delimiter = file.path.name, file.format.delimiter
    if len(header) > MOST_COLUMNS:
        raise SourceError(f"'{name}' has {len(header):,} columns, and {MOST_COLUMNS:,} are the most that is read.")
    text = delimiter.join(header)
    if found := CONTROL.search(text):
        hint = 'is it UTF-16? Then write format = { encoding = "utf-16-le" }' if found[0] == "\0" else "is it a text file?"
        raise SourceError(f"The header of '{name}' holds the control character U+{ord(found[0]):04X}; {hint}.")
    other = max((d for d in DELIMITERS if d != delimiter), key=text.count)
    if len(header) == 1 and other in text:
        mark = other.replace("\t", "\\t")
        raise SourceError(
            f"'{name}': found 1 column '{text[:60]}' with delimiter '{delimiter}'; the header looks like '{mark}': "
            f'write format = {{ delimiter = "{mark}" }}.'
        )
    if not header or not all(part.strip() for part in header):
        place = next((i for i, part in enumerate(header, 1) if not part.strip()), 1)
        raise SourceError(f"The header of '{name}' has no name for column {place} of {len(header) or 1}; name every column in line 1.")
    twice = sorted({part for part in header if header.count(part) > 1})
    if twice:
        raise SourceError(f"The header of '{name}' has the column '{twice[0]}' {header.count(twice[0])} times; rename all but one.")
