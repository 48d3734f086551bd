"""Source kind `files`: a file, a folder or a glob of CSV, Parquet or JSON lines files that together are one table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from netlift.errors import SettingsError, SourceError
from netlift.expressions import closest
from netlift.settings import TableSettings
from netlift.sources.csv_file import CsvFile, open_csv
from netlift.sources.csv_file import read_batches as csv_batches
from netlift.sources.json_lines import JsonFile, open_json_lines
from netlift.sources.json_lines import read_batches as json_batches
from netlift.sources.parquet import parquet_columns
from netlift.sources.parquet import read_batches as parquet_batches
from netlift.sources.relation import Batch, Place, Relation

Kind = Literal["csv", "parquet", "jsonl"]
SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".tsv.gz": "csv",
    ".txt": "csv",
    ".txt.gz": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".ndjson.gz": "jsonl",
}

TYPED = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xls": "an old Excel workbook",
    ".sav": "an SPSS file",
    ".zsav": "an SPSS file",
}


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Open the files of a table; `name` is the table's.

    Raises:
        SettingsError: path or format is missing or cannot be.
        SourceError: no file is found, or a header is wrong, or headers differ.
    """
    if not table.path:
        raise SettingsError(f"netlift.toml: tables.{name}.path is missing; write the file, folder or glob to read.")
    if "://" in table.path:
        raise SettingsError(f"tables.{name}.path is '{table.path}', and source 'files' reads local files; write a file, folder or glob.")
    return open_files(find(table.path, place.settings.folder), table, name=name, named=table.path)


def open_files(paths: Sequence[Path], table: TableSettings, *, name: str, named: str) -> Relation:
    """Files that are here, as one table; `named` is what the user called them.

    Raises:
        SettingsError: the names do not say what the files are.
        SourceError: a header is wrong, or headers differ.
    """
    kind = table.format.kind or _kind(paths, name)
    if kind in {"xlsx", "sav"}:
        raise SettingsError(f"tables.{name}.format.kind is '{kind}', which is read for surveys alone; save the table as CSV.")
    if kind == "parquet":
        return _parquet(list(paths), named)
    if kind == "jsonl":
        return _json_lines([open_json_lines(path, table.format) for path in paths], named)
    return _csv([open_csv(path, table.format) for path in paths], named)


def find(named: str, folder: Path) -> list[Path]:
    """The files of a path, folder or glob, in the order of their names.

    Raises:
        SourceError: there is none.
    """
    path = folder.absolute() / Path(named).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if _visible(p) and _suffix(p))
        if not found:
            raise SourceError(f"The folder '{named}' holds no file named {', '.join('*' + s for s in SUFFIXES)}.")
        return found
    if any(mark in named for mark in "*?["):
        root = Path(path.anchor)
        found = sorted(p for p in root.glob(str(path.relative_to(root))) if _visible(p))
        if not found:
            raise SourceError(f"No file matches '{named}'; look at the pattern (it is relative to netlift.toml).")
        return found
    if path.is_symlink() and not path.exists():
        raise SourceError(f"'{named}' is a link to a file that is not there; mend the link.")
    if path.exists():
        raise SourceError(f"'{named}' is no file but a device or pipe, which can be read only once; write it to a file first.")
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    raise SourceError(f"There is no file '{named}'{closest(path.name, beside)}; paths are relative to the folder of netlift.toml.")


def _visible(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "_"))


def _suffix(path: Path) -> str | None:
    name = path.name.lower()
    return max((s for s in SUFFIXES if name.endswith(s)), key=len, default=None)


def _kind(paths: Sequence[Path], name: str) -> Kind:
    first: dict[Kind, Path] = {}
    for path in paths:
        kind = SUFFIXES.get(_suffix(path) or "")
        if path.suffix.lower() in TYPED:
            mend = 'write source = "survey"' if name == "survey" else "save it as CSV: such files are read for surveys alone"
            raise SettingsError(f"tables.{name}: '{path.name}' is {TYPED[path.suffix.lower()]}; {mend}.")
        if kind is None:
            raise SettingsError(f"'{path.name}' does not say by its name what it is; write tables.{name}.format = {{ kind = \"csv\" }}.")
        first.setdefault(kind, path)
    if len(first) > 1:
        found = " and ".join(f"{_NAMES[kind]} ('{path.name}')" for kind, path in sorted(first.items()))
        raise SourceError(f"tables.{name} mixes {found}; name files of one kind.")
    return next(iter(first))


_NAMES: dict[Kind, str] = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON lines"}


def _json_lines(files: list[JsonFile], named: str) -> Relation:
    """Objects may lack keys, so files may differ in them: the table has every key that is seen."""
    columns = dict.fromkeys((key for file in files for key in file.keys), pa.string())

    def one(wanted: Sequence[str], number: int) -> Iterator[Batch]:
        return json_batches(files[number], wanted, number=number)

    return _relation(named, [f.path for f in files], columns, one=one, whole_rows=True)


def _csv(files: list[CsvFile], named: str) -> Relation:
    for other in files[1:]:
        _same_columns(files[0].path, files[0].header, other.path, other.header)

    def one(wanted: Sequence[str], number: int) -> Iterator[Batch]:
        yield from csv_batches(files[number], wanted, number=number)
        relation.notes.extend(files[number].notes)

    relation = _relation(named, [f.path for f in files], dict.fromkeys(files[0].header, pa.string()), one=one, whole_rows=True)
    return replace(relation, delimiter=files[0].delimiter)  # of the same notes


def _parquet(paths: list[Path], named: str) -> Relation:
    schemas = [parquet_columns(path) for path in paths]
    for path, schema in zip(paths[1:], schemas[1:], strict=True):
        _same_columns(paths[0], list(schemas[0]), path, list(schema))
        different = next((c for c in schema if schema[c] != schemas[0][c]), None)
        if different is not None:
            raise SourceError(
                f"Column '{different}' is {schemas[0][different]} in '{paths[0].name}' and {schema[different]} in '{path.name}'; "
                "files that are one table need one type.",
            )

    def one(wanted: Sequence[str], number: int) -> Iterator[Batch]:
        return parquet_batches(paths[number], wanted, number=number)

    return _relation(named, paths, schemas[0], one=one, whole_rows=False)


def _relation(
    named: str, paths: Sequence[Path], columns: Mapping[str, Any], *, one: Callable[[Sequence[str], int], Iterator[Batch]], whole_rows: bool
) -> Relation:
    """The relation of some files, each of which `one` reads; none may change while it is read."""
    seals = [_Seal(path) for path in paths]

    def sealed(wanted: Sequence[str], number: int) -> Iterator[Batch]:
        yield from one(wanted, number)
        seals[number].check()

    def batches(wanted: Sequence[str]) -> Iterator[Batch]:
        for number in range(len(paths)):
            for batch in sealed(wanted, number):
                yield replace(batch, share=(number + batch.share) / len(paths))

    digests = tuple(seal.sha256 for seal in seals)
    names = _names(paths)
    twins = [(name, names[digests.index(digest)]) for name, digest in zip(names, digests, strict=True)]
    notes = [f"'{name}' and '{first}' are the same to the byte, and both count; is one a copy?" for name, first in twins if name != first]
    return Relation(
        named=named,
        files=names,
        columns=columns,
        sha256=digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest(),
        batches=batches,
        whole_rows=whole_rows,
        notes=notes,
        one=sealed,
        digests=digests,
    )


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """The files' names, with their folders where two have the same name."""
    names = tuple(path.name for path in paths)
    return names if len(set(names)) == len(names) else tuple(str(path) for path in paths)


def _same_columns(first: Path, expected: Sequence[str], path: Path, found: Sequence[str]) -> None:
    differing = sorted(set(expected) ^ set(found))
    if differing:
        holder = first if differing[0] in expected else path
        raise SourceError(
            f"'{first.name}' and '{path.name}' are one table and have different columns: '{differing[0]}' is only in '{holder.name}'; "
            "give all files the same header.",
        )


class _Seal:
    """The SHA-256 of a file, and the proof that it stayed as it was."""

    def __init__(self, path: Path) -> None:
        self._path, self._stat = path, self._now(path)
        with path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def check(self) -> None:
        """Raise SourceError where the file was changed since."""
        if self._now(self._path) != self._stat:
            raise SourceError(f"'{self._path.name}' was changed while it was read; run again when it is complete.")

    @staticmethod
    def _now(path: Path) -> tuple[int, int]:
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
