"""Columns of numbers from a file with one row per customer, for what needs no customer's id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from netlift.errors import InputError, SourceError
from netlift.records import Floats
from netlift.workflow.one_file import delimiter


def pilot_columns(file: Path | str, names: Sequence[str]) -> list[Floats]:
    """The named columns, (n,) each, of a CSV, CSV.GZ, Parquet or JSON lines file.

    Raises:
        SourceError: the file is not there or cannot be read.
        InputError: there is no such column, or it holds no numbers.
    """
    path = Path(file)
    mark = delimiter(path, names[0])
    try:
        if mark is not None:
            table = pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(delimiter=mark))
        elif path.suffix == ".parquet":
            table = pa.parquet.read_table(path)
        else:
            table = pa.json.read_json(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(
            f"'{path.name}' cannot be read ({str(error).splitlines()[0][:80]}); give a CSV, Parquet or JSON lines file."
        ) from error
    return [_numbers(table, name, path.name) for name in names]


def _numbers(table: pa.Table, name: str, file: str) -> Floats:
    if name not in table.column_names:
        raise InputError(f"There is no column '{name}' in '{file}'; its columns are {', '.join(table.column_names)}.")
    try:
        column = table[name].cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"The column '{name}' of '{file}' is not of numbers ({table[name].type}); name another one.") from error
    return np.asarray(column.to_numpy(), dtype=np.float64)
