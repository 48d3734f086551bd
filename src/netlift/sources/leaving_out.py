"""People who must not be in any table: who objected to profiling (GDPR, Art. 21(2)-(3)), or was erased and came in again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

import pyarrow as pa

from netlift.engine import Engine
from netlift.records import TableInput, Tables

LEFT_OUT = "left_out"  # the engine's table of their ids
BATCH = 50_000
HIDDEN = "(not shown: of a person who objected or was erased)"
_CELLS = re.compile(r"[,;|\t]")  # what parts the cells of a refused row
_THEIRS = f"customer_id IN (SELECT customer_id FROM {LEFT_OUT})"


def people(engine: Engine, tables: Tables) -> Iterator[dict[str, str | None]]:
    """Everybody in any of the tables, once: customer_id, and email and phone where contacts has them."""
    named = [i.table for i in tables.inputs if "customer_id" in i.columns]
    ids = " UNION ".join(f"SELECT customer_id FROM {table}" for table in named)
    addresses = [name for name in ("email", "phone") if tables.has("contacts", name)]
    columns = ", ".join(["e.customer_id", *(f"c.{name}" for name in addresses)])
    join = " LEFT JOIN contacts AS c ON c.customer_id = e.customer_id" if addresses else ""
    for batch in engine.arrow(f"SELECT {columns} FROM ({ids}) AS e{join}").to_batches(max_chunksize=BATCH):
        yield from batch.to_pylist()


def leave_out(engine: Engine, tables: Tables, customer_ids: Collection[str]) -> Tables:
    """Take the rows of these customers from every table in the engine; in the counts they are rows left out on purpose.

    Parts of big tables stay as they are, and the table's view no longer shows them; what is computed from the files themselves
    leaves them out by the engine's table `left_out`.
    """
    if not customer_ids:
        return tables
    engine.register("__left_out", pa.table({"customer_id": pa.array(sorted(customer_ids), pa.string())}))
    engine.keep(LEFT_OUT, "SELECT customer_id FROM __left_out")
    engine.unregister("__left_out")
    _hide_refused(engine, tables)
    return replace(tables, inputs=tuple(_without(engine, i) for i in tables.inputs), left_out=len(customer_ids))


def _hide_refused(engine: Engine, tables: Tables) -> None:
    """Show no refused row in which one of their ids or addresses is a cell."""
    known = {customer for (customer,) in engine.rows(f"SELECT customer_id FROM {LEFT_OUT}")}
    for name in ("email", "phone"):
        if tables.has("contacts", name):
            known |= {text.strip().lower() for (text,) in engine.rows(f"SELECT {name} FROM contacts WHERE {_THEIRS}") if text}
    rows = engine.rows("SELECT DISTINCT row_text FROM quarantine WHERE row_text IS NOT NULL")
    theirs = [
        text
        for (text,) in rows
        if not known.isdisjoint({cell.strip(' "') for cell in _CELLS.split(text)} | set(_CELLS.split(text.lower())))
    ]
    if theirs:
        engine.execute("UPDATE quarantine SET row_text = ? WHERE list_contains(?, row_text)", [HIDDEN, theirs])


def _without(engine: Engine, read: TableInput) -> TableInput:
    if "customer_id" not in read.columns:
        return read
    rows, customers = engine.rows(f"SELECT count(*), count(DISTINCT customer_id) FROM {read.table} WHERE {_THEIRS}")[0]
    if not rows:
        return read
    if read.parts:
        files = ", ".join("'" + str(part.path).replace("'", "''") + "'" for part in read.parts)
        engine.view(read.table, f"SELECT * FROM read_parquet([{files}]) WHERE NOT {_THEIRS}")
    else:
        engine.execute(f"DELETE FROM {read.table} WHERE {_THEIRS}")
    told = f"{read.table}: {rows:,} rows of {customers:,} customers who objected or were erased are left out."
    return replace(read, rows_ok=read.rows_ok - rows, rows_left_out=read.rows_left_out + rows, findings=(*read.findings, told))
