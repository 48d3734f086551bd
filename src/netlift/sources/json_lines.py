"""JSON lines: one object a line, its values as text exactly as written; nested objects become columns named a.b."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from netlift.errors import SourceError
from netlift.settings import Format
from netlift.sources.csv_file import MOST_COLUMNS, opened
from netlift.sources.relation import LINE, Batch, Reject
from netlift.sources.text import CONTROL, Lines, encoding_of

DEEPEST = 8  # objects within objects


@dataclass(frozen=True, slots=True)
class JsonFile:
    """One file of which the keys are known."""

    path: Path
    encoding: str
    keys: tuple[str, ...]  # in the order in which they are first seen


def open_json_lines(path: Path, style: Format) -> JsonFile:
    """Read the file once for its keys.

    Raises:
        SourceError: no line is a JSON object, there are too many keys, or the file cannot be decoded.
    """
    with opened(path) as (stream, _):
        encoding = encoding_of(stream.read(4), declared=style.encoding, file=path.name)
    keys: dict[str, None] = {}
    for _, _, row, _ in _rows(path, encoding):
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
        if len(keys) > MOST_COLUMNS:
            raise SourceError(f"'{path.name}' has more than {MOST_COLUMNS:,} different keys; write what varies as a value, not as a key.")
    if not keys:
        raise SourceError(f'\'{path.name}\' holds no JSON object; one object a line is expected, such as {{"customer_id": "7"}}.')
    return JsonFile(path, encoding, tuple(keys))


def read_batches(file: JsonFile, columns: Sequence[str], *, number: int) -> Iterator[Batch]:
    """The rows; a key that an object lacks, and null, are missing values. `number` is the file's place in the table.

    Raises:
        SourceError: an undecodable byte, a line too long, a damaged archive.
    """
    names = [*columns, LINE]
    rows: list[tuple[Any, ...]] = []
    rejects: list[Reject] = []
    share = 0.0
    for line, text, row, share in _rows(file.path, file.encoding):
        if isinstance(row, dict):
            rows.append((*(row.get(c) for c in columns), line))
        else:
            rejects.append(Reject(line, "", row, CONTROL.sub("?", text)))
        if len(rows) + len(rejects) >= 50_000:
            yield Batch(number, _batch(rows, names), tuple(rejects), share)
            rows, rejects = [], []
    yield Batch(number, _batch(rows, names), tuple(rejects), share)


def _batch(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> pa.RecordBatch:
    fields = list(zip(*rows, strict=True)) or [()] * len(names)
    kinds = [*[pa.string()] * (len(names) - 1), pa.int64()]
    return pa.RecordBatch.from_arrays([pa.array(f, k) for f, k in zip(fields, kinds, strict=True)], names=list(names))


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, str, dict[str, str | None] | str, float]]:
    """Line number, text, the row or why it is none, share read. Empty lines at the end are no rows."""
    empty: list[int] = []
    number = 0
    with opened(path) as (stream, share):
        for block in Lines(stream, encoding=encoding, file=path.name):
            for text in block.lines:
                number += 1
                if not text.strip():
                    empty.append(number)
                    continue
                for line in empty:
                    yield line, "", "is an empty line", share()
                empty.clear()
                yield number, text.rstrip("\r\n"), _parsed(text), share()


def _parsed(text: str) -> dict[str, str | None] | str:
    """The object's values by key, or the reason why there are none."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_object)
        if not isinstance(value, dict):
            return "is no JSON object"
        row: dict[str, str | None] = {}
        _flatten(value, "", row, depth=0)
    except json.JSONDecodeError as error:
        return f"is no JSON: {error.msg.lower()} at character {error.pos + 1}"
    except RecursionError:
        return f"holds objects within objects, more than {DEEPEST} deep"
    except ValueError as error:
        return str(error)
    return row


def _no_constant(name: str) -> str:
    raise ValueError(f"holds {name}, which JSON does not know")


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("holds a key twice")
        found[key] = value
    return found


def _flatten(value: Mapping[str, Any], prefix: str, row: dict[str, str | None], *, depth: int) -> None:
    if depth > DEEPEST:
        raise RecursionError
    for key, inner in value.items():
        name = prefix + key
        if not key.strip():
            raise ValueError("has an empty key")
        if isinstance(inner, dict):
            _flatten(inner, f"{name}.", row, depth=depth + 1)
            continue
        if name in row:
            raise ValueError(f"holds the key {name} twice, once inside another object")
        row[name] = _text(inner)
        if row[name] is not None and (control := CONTROL.search(row[name] or "")):
            raise ValueError(f"holds the control character U+{ord(control[0]):04X}")
        if any("\ud800" <= letter <= "\udfff" for letter in name + (row[name] or "")):
            raise ValueError("holds half of a pair of characters (a lone surrogate)")


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
