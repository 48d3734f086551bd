"""Files whose rows need no id of their own: each is known by its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from netlift.errors import SourceError
from netlift.expressions import closest
from netlift.settings import TableSettings
from netlift.sources import files
from netlift.sources.relation import LINE, Batch, Place, Relation

ROW = "number of the row"


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Open the files of a table with the columns that `table.columns` names, and ROW.

    Raises:
        SourceError: a column is not there, or as `files.read`.
    """
    opened = files.read(table, name=name, place=place)
    wanted = [source for source in dict.fromkeys(table.columns.values()) if source != ROW]
    for source in wanted:
        if source not in opened.columns:
            there = ", ".join(opened.columns)
            raise SourceError(
                f"There is no column '{source}' in '{opened.files[0]}'{closest(source, opened.columns)}; its columns are {there}."
            )

    def batches(columns: Sequence[str]) -> Iterator[Batch]:
        own = [column for column in columns if column != ROW]
        for batch in opened.batches(own):
            by_name = dict(zip(own, batch.rows.columns, strict=False)) | {ROW: batch.rows[LINE], LINE: batch.rows[LINE]}
            yield replace(batch, rows=pa.RecordBatch.from_arrays([by_name[c] for c in (*columns, LINE)], names=[*columns, LINE]))

    kinds = {ROW: pa.int64(), **{source: opened.columns[source] for source in wanted}}
    return replace(opened, columns=kinds, batches=batches, one=None)
