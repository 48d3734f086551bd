"""Lines of CSV → rows of text: every row as wide as the header, every refusal with the line its row begins on.

Python's own csv module decides (strict). Blocks of lines without quotes or control characters, which is most files whole,
go through Arrow's reader instead: there it gives the same rows, several times faster.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from netlift.errors import SourceError
from netlift.sources.relation import LINE, Reject
from netlift.sources.text import CONTROL, Block, Lines

CELLS = 500_000  # of a batch that Python makes


@dataclass(slots=True)
class _Parsed:
    """Rows taken off the reader, where each began, and the rejects between them."""

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class Rows:
    """The rows of one file. `header` is its first row, None where the file is empty."""

    def __init__(self, lines: Lines, *, delimiter: str, file: str) -> None:
        self._blocks = iter(lines)
        self._delimiter = delimiter
        self._file = file
        self._line = 1  # where the next row begins
        self._empty: list[int] = []  # empty lines not yet known to be followed by a row; at the file's end they are no rows
        self.header: tuple[str, ...] | None = None
        self._read_header()
        self._header_line = f"\n{delimiter.join(self._columns)}\n"

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[pa.RecordBatch, list[Reject]]]:
        """All rows, in batches of `columns` and LINE.

        Raises:
            SourceError: a quote that is not closed, an undecodable byte, a line too long.
        """
        wanted = [self._columns.index(c) for c in columns]
        names = [*columns, LINE]
        for block in self._blocks:
            arrays = self._quickly(block, wanted)
            if arrays is not None:
                yield pa.RecordBatch.from_arrays(arrays, names=names), self._followed([])
                continue
            for parsed in self._carefully(block):
                fields = list(zip(*parsed.rows, strict=True)) or [()] * len(self._columns)
                arrays = [*(pa.array(fields[i], pa.string()) for i in wanted), pa.array(parsed.starts, pa.int64())]
                yield pa.RecordBatch.from_arrays(arrays, names=names), parsed.rejects

    @property
    def _columns(self) -> tuple[str, ...]:
        return self.header or ()

    def _read_header(self) -> None:
        fed: list[Block] = []

        def feed() -> Iterator[list[str]]:
            for block in self._blocks:
                fed.append(block)
                yield block.lines

        reader = self._reader(feed())
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise self._unclosed(error, reader.line_num) from error
        if row is not None:
            self.header = tuple(row)
            rest = [line for block in fed for line in block.lines][reader.line_num :]
            self._line += reader.line_num
            following = [Block(rest, "".join(rest), dirty=any(block.dirty for block in fed))] if rest else []
            self._blocks = chain(following, self._blocks)

    def _reader(self, lines: Iterator[list[str]]) -> Any:  # noqa: ANN401 - the csv module names no type
        return csv.reader(chain.from_iterable(lines), delimiter=self._delimiter, strict=True)

    def _quickly(self, block: Block, wanted: Sequence[int]) -> list[Any] | None:
        """The columns of a plain block and its line numbers; None where it is not plain, or not as wide as the header."""
        text = block.text.replace("\r\n", "\n")
        odd = block.dirty or '"' in text or "\r" in text or "\n\n" in text or text.startswith(("\n", "\ufeff"))
        odd = odd or f"\n{text}".find(self._header_line) >= 0
        if odd or not self._delimiter.isascii():
            return None
        names = [str(i) for i in range(len(self._columns))]
        data = text.encode()
        try:
            table = pa_csv.read_csv(
                io.BytesIO(data),
                read_options=pa_csv.ReadOptions(column_names=names, block_size=len(data) + 1),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._delimiter,
                    quote_char=False,
                    double_quote=False,
                    escape_char=False,
                    ignore_empty_lines=False,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[names[i] for i in wanted],
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None  # a row of another width: Python finds it and says where
        if table.num_rows != len(block.lines):
            return None
        lines = pa.array(range(self._line, self._line + table.num_rows), pa.int64())
        self._line += table.num_rows
        return [*(column.combine_chunks() for column in table.columns), lines]

    def _carefully(self, block: Block) -> Iterator[_Parsed]:
        """The rows of a block, and of those after it as far as a row reaches into them."""
        fed, dirty = 0, False

        def feed() -> Iterator[list[str]]:
            nonlocal fed, dirty
            for part in chain([block], self._blocks):
                fed += len(part.lines)
                dirty = dirty or part.dirty
                yield part.lines

        reader = self._reader(feed())
        begin = self._line
        size = max(1, CELLS // len(self._columns))
        parsed = _Parsed()
        try:
            for row in reader:
                self._take(row, parsed, dirty=dirty)
                self._line = begin + reader.line_num
                if reader.line_num == fed:
                    break
                if len(parsed.rows) + len(parsed.rejects) >= size:
                    yield parsed
                    parsed = _Parsed()
        except csv.Error as error:
            raise self._unclosed(error, begin - 1 + reader.line_num) from error
        yield parsed

    def _take(self, row: list[str], parsed: _Parsed, *, dirty: bool) -> None:
        """Sort one row to the rows or the rejects."""
        if not row:
            self._empty.append(self._line)
            return
        if self._empty:
            parsed.rejects = self._followed(parsed.rejects)
        if tuple(row) == self.header:  # files put together with their headers
            parsed.rejects.append(Reject(self._line, "", "repeats the header", self._text(row)))
        elif len(row) != len(self._columns):
            reason = f"has {len(row)} fields, and the header has {len(self._columns)}"
            parsed.rejects.append(Reject(self._line, "", reason, self._text(row)))
        elif dirty and (control := CONTROL.search("".join(row))):
            column = next(name for name, value in zip(self._columns, row, strict=True) if control[0] in value)
            reason = f"holds the control character U+{ord(control[0]):04X}"
            parsed.rejects.append(Reject(self._line, column, reason, self._text(row)))
        else:
            parsed.rows.append(row)
            parsed.starts.append(self._line)

    def _followed(self, rejects: list[Reject]) -> list[Reject]:
        """The rejects, and with them the empty lines that turned out to have a row after them."""
        rejects = [*rejects, *(Reject(line, "", "is an empty line", "") for line in self._empty)]
        self._empty.clear()
        return rejects

    def _text(self, row: list[str]) -> str:
        """The row as it stood, control characters made visible."""
        return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", self._delimiter.join(row))

    def _unclosed(self, error: csv.Error, reached: int) -> SourceError:
        """A quoting error refuses the file, because no later row can be trusted."""
        place = f"'{self._file}', line {self._line}"
        if "field limit" in str(error):
            limit = csv.field_size_limit()
            return SourceError(f"{place}: a field is longer than {limit:,} characters; probably a quote is opened and not closed.")
        seen = "the file ends" if "end of data" in str(error) else f"line {reached} is reached"
        return SourceError(
            f"{place}: a quote in this row is not closed rightly (seen when {seen}), so the rows after it cannot be trusted; "
            "correct the quotes, and write a quote inside a quoted text twice.",
        )
