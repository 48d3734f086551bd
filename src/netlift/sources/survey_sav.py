"""SPSS files (.sav, .zsav): codes as text, what the file itself declares as missing left out, value labels beside."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netlift.errors import MissingExtra, SourceError
from netlift.settings import Format
from netlift.sources.relation import Batch, Relation
from netlift.sources.survey_cells import Row, as_text, batch_of, relation_of


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
    try:
        import pyreadstat  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra("surveys", "Reading an SPSS file") from error
    _try_apart(path)
    try:
        data, meta = pyreadstat.read_sav(path, output_format="dict")
    except (pyreadstat.ReadstatError, UnicodeDecodeError, OverflowError) as error:
        raise SourceError(f"'{path.name}' is no readable SPSS file: {str(error).splitlines()[0]}.") from error
    if not data:
        raise SourceError(f"'{path.name}' has no columns.")
    columns = list(data)

    def batches(wanted: Sequence[str]) -> Iterator[Batch]:
        rows = (Row(line, values) for line, values in enumerate(zip(*data.values(), strict=True), 1))
        yield batch_of(rows, columns, wanted=wanted, style=style)

    try:
        labels = {
            column: {str(as_text(code, style)): label for code, label in found.items()}
            for column, found in meta.variable_value_labels.items()
        }
    except ValueError as reason:
        raise SourceError(f"A labelled code of '{path.name}' {reason}.") from reason
    measures: dict[str, Any] = {c: m for c, m in meta.variable_measure.items() if m in {"nominal", "ordinal", "scale"}}
    relation = relation_of(path, columns, named=named, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), batches=batches)
    return relation, Labels(labels, measures)


def _try_apart(path: Path) -> None:
    """Read the file once in a process of its own: readstat is C, and some damaged files end the process that reads them.

    Raises:
        SourceError: that process was ended.
    """
    read = "import sys, pyreadstat; pyreadstat.read_sav(sys.argv[1], output_format='dict')"
    command = [sys.executable, "-I", "-c", read, str(path.resolve())]
    if subprocess.run(command, capture_output=True, check=False).returncode < 0:  # noqa: S603 - no shell; a refusal of its own is told below
        raise SourceError(f"'{path.name}' is no readable SPSS file: reading it breaks off; save it anew in SPSS, or as CSV.")
