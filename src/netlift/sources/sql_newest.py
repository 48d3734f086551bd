"""Several landed files of a table with one row per id: of each id, only the row with the highest watermark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from netlift.settings import TableSettings
from netlift.sources.canonical import CANONICAL
from netlift.sources.relation import LINE, Batch, Relation

_ID, _AT, _TOP = "id", "at", "at_max"


def newest_only(relation: Relation, table: TableSettings, *, name: str) -> Relation:
    """Leave superseded rows out; a note says how many. Rows without an id, and rows that tie, stay."""
    key = CANONICAL[name].key
    if key is None or table.watermark is None or table.columns.get(key, key) not in relation.columns:
        return relation
    wanted = (table.columns.get(key, key), table.watermark)

    def batches(columns: Sequence[str]) -> Iterator[Batch]:
        seen = [pa.Table.from_batches([b.rows]).select(wanted).rename_columns([_ID, _AT]) for b in relation.batches(wanted)]
        newest = pa.concat_tables(seen).group_by(_ID).aggregate([(_AT, "max")])
        replaced = 0
        for batch in relation.batches([*columns, *(w for w in wanted if w not in columns)]):
            keep = _newest(batch.rows, wanted, newest)
            replaced += len(keep) - (pc.sum(keep).as_py() or 0)
            yield replace(batch, rows=batch.rows.filter(keep).select([*columns, LINE]))
        if replaced:
            relation.notes.append(_replaced(replaced, key))

    return replace(relation, batches=batches)


def _newest(rows: pa.RecordBatch, wanted: tuple[str, str], newest: pa.Table) -> pa.Array:
    """Which of these rows stay."""
    place = pc.index_in(rows.column(wanted[0]), newest.column(_ID).combine_chunks())
    top = newest.column(_TOP).combine_chunks().take(place)
    return pc.or_kleene(pc.is_null(rows.column(wanted[0])), pc.equal(rows.column(wanted[1]), top))


def _replaced(rows: int, key: str) -> str:
    if rows == 1:
        return f"1 row was replaced by a later version of the same {key}."
    return f"{rows:,} rows were replaced by later versions of the same {key}."
