"""A CSV file: unpacked where it is an archive, its header checked, its rows in batches."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from netlift.errors import SettingsError, SourceError
from netlift.settings import Format
from netlift.sources.csv_rows import Rows
from netlift.sources.relation import Batch
from netlift.sources.text import CONTROL, Lines, encoding_of

MOST_COLUMNS = 5_000
DELIMITERS = (",", ";", "\t", "|")
BOMB_RATIO, BOMB_SIZE = 100, 1 << 28  # unpacked bytes per packed byte; bytes unpacked
# How files begin that are often named .csv and are not: what they are, and what to do
OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip archive", "name it {name}.gz"),
    (b"PAR1", "a Parquet file", "name it {stem}.parquet"),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"<!doctype html", "a web page, perhaps an error's", "fetch it again"),
    (b"<html", "a web page, perhaps an error's", "fetch it again"),
)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file whose header has been read."""

    path: Path
    delimiter: str
    encoding: str
    header: tuple[str, ...]
    notes: list[str]  # remarks; complete when the rows are read


def open_csv(path: Path, style: Format) -> CsvFile:
    """Read and check the header.

    Raises:
        SourceError: the file is empty or no CSV of this format, or column names are empty, twice there, or too many.
        SettingsError: the delimiter or the encoding cannot be.
    """
    if style.delimiter in '"\r\n\0':
        raise SettingsError(f"delimiter = {style.delimiter!r} cannot separate columns; write ',', ';', '\\t' or '|'.")
    with opened(path) as (stream, _):
        start = stream.read(64)
    _check_kind(start, path)
    encoding = encoding_of(start, declared=style.encoding, file=path.name)
    with opened(path) as (stream, _):
        header = Rows(Lines(stream, encoding=encoding, file=path.name), delimiter=style.delimiter, file=path.name).header
    if header is None:
        raise SourceError(f"'{path.name}' is empty; a header line with column names is expected.")
    _check_header(header, path.name, style.delimiter)
    notes = [f"'{path.name}' is read as {encoding.upper()}, as the mark at its start says."] if encoding in {"utf-16", "utf-32"} else []
    return CsvFile(path, style.delimiter, encoding, header, notes)


def read_batches(file: CsvFile, columns: Sequence[str], *, number: int) -> Iterator[Batch]:
    """The rows after the header; `number` is the file's place among the table's files.

    Raises:
        SourceError: a quote that is not closed, an undecodable byte, a line too long, a damaged archive.
    """
    with opened(file.path) as (stream, share):
        lines = Lines(stream, encoding=file.encoding, file=file.path.name)
        for batch, rejects in Rows(lines, delimiter=file.delimiter, file=file.path.name).batches(columns):
            yield Batch(number, batch, tuple(rejects), share())
    if lines.cut:
        file.notes.append(f"'{file.path.name}' ends without a line end: its last value may be cut off.")


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], float]]]:
    """The file's bytes, unpacked where it is a .gz, and the share of it read so far."""
    size = path.stat().st_size or 1
    with path.open("rb") as raw:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast("BinaryIO", _Watched(unpacked, size, path.name)), lambda: min(1.0, raw.tell() / size)
        else:
            yield raw, lambda: min(1.0, raw.tell() / size)


class _Watched:
    """Reads an archive, and refuses one that is damaged or unpacks to far more than its size."""

    def __init__(self, stream: gzip.GzipFile, packed: int, file: str) -> None:
        self._stream, self._packed, self._file, self._unpacked = stream, packed, file, 0

    def read(self, size: int) -> bytes:
        """Up to `size` unpacked bytes."""
        try:
            chunk = self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"'{self._file}' is a damaged or cut-off archive ({error}); fetch it again.") from error
        self._unpacked += len(chunk)
        if self._unpacked > BOMB_SIZE and self._unpacked > BOMB_RATIO * self._packed:
            raise SourceError(f"'{self._file}' unpacks to more than {BOMB_RATIO} times its size; if it is meant to be so, unpack it first.")
        return chunk


def _check_kind(start: bytes, path: Path) -> None:
    begin = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for mark, what, advice in OTHERS:
        if begin.startswith(mark.lower()):
            what_to_do = advice.format(name=path.name, stem=path.stem)
            raise SourceError(f"'{path.name}' is {what}, and a CSV file is expected; {what_to_do}.")


def _check_header(header: Sequence[str], name: str, delimiter: str) -> None:
    if len(header) > MOST_COLUMNS:
        raise SourceError(f"'{name}' has {len(header):,} columns, and {MOST_COLUMNS:,} are the most that is read.")
    text = delimiter.join(header)
    if found := CONTROL.search(text):
        hint = (
            'is it UTF-16? Then write format = { encoding = "utf-16-le" }'
            if found[0] == "\0"
            else "save it as text without control characters"
        )
        raise SourceError(f"The header of '{name}' holds the control character U+{ord(found[0]):04X}; {hint}.")
    other = max((d for d in DELIMITERS if d != delimiter), key=text.count)
    if len(header) == 1 and other in text:
        mark = other.replace("\t", "\\t")
        personal = "@" in text or sum(map(str.isdigit, text)) > 5  # a file without a header begins with somebody's data
        shown = "" if personal else f" '{text[:60]}'"
        raise SourceError(
            f"'{name}': found 1 column{shown} with delimiter '{delimiter}'; the header looks like '{mark}': "
            f'write format = {{ delimiter = "{mark}" }}.',
        )
    if not header or not all(part.strip() for part in header):
        place = next((i for i, part in enumerate(header, 1) if not part.strip()), 1)
        raise SourceError(f"The header of '{name}' has no name for column {place} of {len(header) or 1}; name every column in line 1.")
    twice = sorted({part for part in header if header.count(part) > 1})
    if twice:
        raise SourceError(f"The header of '{name}' has the column '{twice[0]}' {header.count(twice[0])} times; rename all but one.")
