"""The wide table of features: everybody's rows in the session, and the values that fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from netlift.engine import Session, quoted
from netlift.errors import SettingsError
from netlift.records import Floats, Ints, Texts

LARGEST = 200_000  # customers whose values are held in memory; of more, a random sample of so many


@dataclass(frozen=True, slots=True)
class Matrix:
    """The columns of a session's table `features`, read."""

    session: Session
    names: tuple[str, ...]
    customer_ids: Texts  # (n,) all of them, sorted
    values: Floats  # (m, p) of the customers at `rows`
    rows: Ints | None  # (m,) ascending positions in customer_ids; None = all

    def column(self, name: str) -> Floats:
        """One feature of all customers, (n,)."""
        if self.rows is None:
            return self.values[:, self.names.index(name)]
        return _numbers(self.session.arrow(f"SELECT {quoted(name)} FROM features ORDER BY customer_id NULLS LAST"), [name])[:, 0]


def read(session: Session, sql: str, names: Sequence[str]) -> Matrix:
    """Keep the rows of `sql`, customer_id and the named DOUBLE columns, as `features`, and read them or a sample.

    The sample is of the customers with the least hash, so that the same customers make the same sample on every engine.

    Raises:
        SettingsError: two features have one name; SQL does not tell upper from lower case.
    """
    _check_names(names)
    session.keep("features", sql)
    ids = session.arrow("SELECT customer_id FROM features ORDER BY customer_id NULLS LAST")["customer_id"].combine_chunks()
    # Spark sorts by columns only, not by functions of ours
    chances = "SELECT customer_id, unit_hash('sample:' || customer_id) AS chance FROM features"
    drawn = f"SELECT customer_id FROM ({chances}) AS c ORDER BY chance NULLS LAST, customer_id NULLS LAST LIMIT {LARGEST}"
    everybody = len(ids) <= LARGEST
    rows = "features AS f" if everybody else f"features AS f JOIN ({drawn}) AS s ON f.customer_id = s.customer_id"
    columns = ", ".join(f"f.{quoted(name)}" for name in ("customer_id", *names))
    table = session.arrow(f"SELECT {columns} FROM {rows} ORDER BY f.customer_id NULLS LAST")
    at = None if everybody else _places(table["customer_id"], ids)
    return Matrix(session, tuple(names), np.array(ids.to_pylist(), dtype=object), _numbers(table, names), at)


def _places(some: pa.ChunkedArray, of: pa.Array) -> Ints:
    """The position of each of `some` customers in `of`."""
    import pyarrow.compute as pc  # noqa: PLC0415 - a tenth of a second that small data need not pay

    return np.asarray(pc.index_in(some, value_set=of).to_numpy(), dtype=np.int64)


def _numbers(table: pa.Table, names: Sequence[str]) -> Floats:
    columns = [table[name].to_numpy().astype(np.float64) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def _check_names(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other is not name:
            raise SettingsError(
                f"The column '{name}' of customers has the name of the feature '{other}', and one of them must change; "
                f"rename it under tables.customers.columns, e.g. my_{name.lower()} = '{name}'."
            )
