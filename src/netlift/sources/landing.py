"""Rows from a source into the engine as they are: one table of raw columns, the unreadable rows in quarantine."""

from __future__ import annotations

import pyarrow as pa

from netlift.engine import Engine
from netlift.errors import SourceError
from netlift.records import Progress
from netlift.sources import quarantine
from netlift.sources.mapping import Mapping
from netlift.sources.relation import LINE, Relation

RAW = "__raw"  # c0, c1, … in the order of Mapping.landed; __line, __file
_BATCH = "__batch"


def land(engine: Engine, relation: Relation, mapping: Mapping, progress: Progress) -> int:
    """Read the source to its end; returns the number of rows it has, readable or not.

    Raises:
        SourceError: the source has no rows, or cannot be read to its end.
    """
    empty = pa.table(
        {
            **{mapping.raw(source): pa.array([], relation.columns[source]) for source in mapping.landed},
            LINE: pa.array([], pa.int64()),
            "__file": pa.array([], pa.int64()),
        },
    )
    rows_in = 0
    engine.register(_BATCH, empty)
    engine.execute(f"CREATE OR REPLACE TABLE {RAW} AS SELECT * FROM {_BATCH}")
    for batch in relation.batches(mapping.landed):
        rows = pa.Table.from_arrays(
            [*batch.rows.columns, pa.array([batch.file] * batch.rows.num_rows, pa.int64())],
            names=empty.column_names,
        )
        engine.register(_BATCH, rows)
        engine.execute(f"INSERT INTO {RAW} SELECT * FROM {_BATCH}")
        if batch.rejects:
            quarantine.add_rejects(engine, batch.rejects, table=mapping.table, file=relation.files[batch.file])
        rows_in += batch.rows.num_rows + len(batch.rejects)
        progress(batch.share, f"reading {mapping.table}: {rows_in:,} rows")
    engine.unregister(_BATCH)
    if rows_in == 0:
        raise SourceError(
            f"tables.{mapping.table}: '{relation.named}' has a header and no rows; give a file with rows, or take the table out."
        )
    return rows_in
