"""Roll-ups of purchases, part by part: baskets, and money by customer and category, computed once for each part of transactions.

The roll-ups of a part are kept in files beside the parts, named after the part and what they were made of, so new data cost what they
hold. Lines after `as_of` must not count and a basket's figures do not add up over parts, so lines are looked at again where
- a part holds lines on both sides of `as_of`: the part's own lines;
- a basket stands in more than one part: its lines are kept apart in a file of their own.
Numbers are the same as from all lines at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from netlift.engine import Engine, Session, quoted
from netlift.records import Part, Tables

READING = ".reading"
VERSION = 2  # of the roll-ups' content
ROWS = 15_000_000  # lines of transactions, and events, whose features are computed in one pass
BASKETS, MONEY = "features_baskets", "features_money"  # the engine's views
_APART, _KEYS = "features_apart", "features_apart_keys"  # lines of baskets that stand in more than one part, and who and which
_SAME = "{0}.customer_id = k.customer_id AND {0}.__basket IS NOT DISTINCT FROM k.__basket"  # lines without an id are one basket

LINES = """
SELECT customer_id, {basket} AS basket, min(timestamp) AS bought_at, min(local_timestamp) AS local_at, sum(amount) AS amount,
       count(*) AS lines, {products} AS products, {quantity} AS quantity, {discount} AS discount, {coupon} AS coupon{bucket}
FROM {lines} WHERE {condition} GROUP BY customer_id, {basket}
"""
CATEGORIES = """
SELECT t.customer_id AS customer_id, p.category AS category, sum(t.amount) AS amount, count(*) AS lines{bucket}
FROM {lines} AS t JOIN products AS p ON t.product_id = p.product_id
WHERE {condition} AND p.category IS NOT NULL GROUP BY t.customer_id, p.category
"""


def basket_columns(columns: frozenset[str]) -> Mapping[str, str]:
    """How a basket's figures are made of lines with these columns; without a transaction id, lines of one moment are one basket."""
    return {
        "basket": "transaction_id" if "transaction_id" in columns else "timestamp",
        "products": "count(DISTINCT product_id)" if "product_id" in columns else "CAST(NULL AS BIGINT)",
        "quantity": "sum(quantity)" if "quantity" in columns else "CAST(NULL AS DOUBLE)",
        "discount": "sum(discount)" if "discount" in columns else "CAST(NULL AS DOUBLE)",
        "coupon": "count(coupon)" if "coupon" in columns else "CAST(NULL AS BIGINT)",
    }


@dataclass(frozen=True, slots=True)
class _Rolling:
    """What the roll-ups of one table share."""

    engine: Engine
    folder: Path
    parts: tuple[Part, ...]
    columns: frozenset[str]
    recipe: str
    categories: bool

    def file(self, part: Part, kind: str) -> Path:
        return self.folder / f"{part.name[:32]}-{self.recipe}-{kind}.parquet"

    def baskets(self, lines: str, *, condition: str = "1 = 1") -> str:
        return LINES.format(**basket_columns(self.columns), lines=lines, condition=condition, bucket=", min(bucket) AS bucket")

    def money(self, lines: str, *, condition: str = "1 = 1") -> str:
        return CATEGORIES.format(lines=lines, condition=condition, bucket=", min(t.bucket) AS bucket")


def roll_up(session: Session, tables: Tables, *, as_of: str, moment: datetime) -> tuple[str, ...] | None:
    """Make the views BASKETS and, where products have categories, MONEY of all lines before `as_of` (SQL literal, and as local time).

    Returns the ranges of buckets, as SQL conditions, that are to be computed one after the other; None where transactions are not in
    parts or another engine than DuckDB computes: then there are no views.
    """
    parts = tables.parts("transactions")
    if not parts or not isinstance(session, Engine):
        return None
    columns = frozenset(tables.columns("transactions"))
    categories = "product_id" in columns and tables.has("products", "category")
    of = [i.sha256 for i in tables.inputs if i.table == "products"]
    recipe = hashlib.sha256(json.dumps([VERSION, sorted(columns), categories and of]).encode()).hexdigest()[:12]
    folder = parts[0].path.parent.parent / "rollups" / parts[0].path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # people's data
    rolling = _Rolling(session, folder, parts, columns, recipe, categories)
    _clear(rolling)
    session.hold(_reading(folder))
    for part in parts:
        _of_part(rolling, part)
    _apart(rolling)
    _views(rolling, as_of, moment)
    return _ranges(sum(part.rows for part in (*parts, *tables.parts("events"))), tables.buckets)


def keep_by_range(session: Session, name: str, sql: str, ranges: Sequence[str] | None) -> None:
    """Keep a result; where its SQL asks for a `{bucket}`, one range of customers after the other, so that memory is bounded."""
    conditions = ranges if ranges and "{bucket}" in sql else ("1 = 1",)
    for number, condition in enumerate(conditions):
        part = sql.replace("{bucket}", condition)
        if number == 0:
            session.keep(name, part)
        else:
            session.execute(f"INSERT INTO {quoted(name)} {part}")


def _ranges(rows: int, buckets: int) -> tuple[str, ...]:
    passes = min(buckets, -(-rows // ROWS))
    edges = [buckets * i // passes for i in range(passes + 1)]
    return tuple(f"bucket BETWEEN {low} AND {high - 1}" for low, high in pairwise(edges)) if passes > 1 else ("1 = 1",)


def _of_part(rolling: _Rolling, part: Part) -> None:
    lines = f"read_parquet({_text(part.path)})"
    _once(rolling, rolling.file(part, "baskets"), rolling.baskets(lines))
    if rolling.categories:
        _once(rolling, rolling.file(part, "money"), rolling.money(lines))


def _once(rolling: _Rolling, path: Path, sql: str) -> None:
    if not path.exists():
        _write(rolling.engine, f"{sql} ORDER BY bucket", path)


def _write(engine: Engine, sql: str, path: Path) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        engine.write_parquet(sql, partial)
        partial.chmod(0o600)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


# --- baskets that stand in more than one part ----------------------------------------------------------------------


def _apart(rolling: _Rolling) -> None:
    """Keep the lines of baskets that stand in more than one part; only parts not compared yet are compared with all."""
    state, lines = rolling.folder / f"{rolling.recipe}-compared.json", rolling.folder / f"{rolling.recipe}-apart.parquet"
    names = [part.name for part in rolling.parts]
    before = set(json.loads(state.read_text(encoding="utf-8"))) if state.exists() and lines.exists() else set()
    new = [part for part in rolling.parts if part.name not in before]
    if new or before - set(names):
        # a part that is gone may have been written anew without some lines: what was kept of it is no longer sure
        compared = new if before <= set(names) else list(rolling.parts)
        _compare(rolling, compared, lines if before <= set(names) and lines.exists() else None, lines)
        partial = state.with_name(f".{state.name}.{os.getpid()}")
        partial.write_text(json.dumps(names), encoding="utf-8")
        partial.replace(state)
    rolling.engine.attach(_APART, [lines])
    rolling.engine.keep(f"{_APART}_baskets", f"SELECT DISTINCT customer_id, __basket FROM {_APART}")


def _compare(rolling: _Rolling, new: Sequence[Part], known: Path | None, target: Path) -> None:
    """Write the lines of all baskets that stand in more than one part; `known` has those of the parts that are not new."""
    engine = rolling.engine
    fresh = {part.name for part in new}
    alone = [part for part in rolling.parts if part.name not in fresh]

    def keys(parts: Sequence[Part]) -> str:
        files = ", ".join(_text(rolling.file(part, "baskets")) for part in parts)
        return f"(SELECT customer_id, basket AS __basket, bucket, filename FROM read_parquet([{files}], filename = true))"

    twice = f"SELECT customer_id, __basket FROM {keys(new)} GROUP BY customer_id, __basket HAVING count(*) > 1"
    against = f" UNION SELECT customer_id, __basket FROM {keys(new)} AS n SEMI JOIN {keys(alone)} AS k ON {_SAME.format('n')}"
    engine.keep(_KEYS, twice + (against if alone else ""))
    hit = engine.rows(
        "SELECT filename, list(DISTINCT bucket)"
        f" FROM {keys(rolling.parts)} AS n SEMI JOIN {_KEYS} AS k ON {_SAME.format('n')} GROUP BY filename"
    )
    touched = {name: sorted(buckets) for name, buckets in hit}
    # lines are sorted by bucket, so that of each file little is read; without any such basket: no lines, with the columns of lines
    asked = [(part, touched.get(str(rolling.file(part, "baskets")))) for part in rolling.parts]
    read = [(part, buckets) for part, buckets in asked if buckets] or [(rolling.parts[0], [-1])]
    basket = basket_columns(rolling.columns)["basket"]
    lines = " UNION ALL ".join(
        f"SELECT *, {basket} AS __basket FROM read_parquet({_text(part.path)}) WHERE bucket IN ({', '.join(map(str, buckets))})"
        for part, buckets in read
    )
    found = f"SELECT n.* FROM ({lines}) AS n SEMI JOIN {_KEYS} AS k ON {_SAME.format('n')}"
    old = (
        f" UNION ALL BY NAME SELECT n.* FROM read_parquet({_text(known)}) AS n ANTI JOIN {_KEYS} AS k ON {_SAME.format('n')}"
        if known
        else ""
    )
    _write(engine, found + old, target)


# --- all of them --------------------------------------------------------------------------------------------------


def _views(rolling: _Rolling, as_of: str, moment: datetime) -> None:
    whole = [part for part in rolling.parts if part.last is not None and part.last < moment]
    cut = [part for part in rolling.parts if part not in whole and part.first is not None and part.first < moment]
    before = f"local_timestamp < {as_of}"
    baskets, money = [rolling.baskets(_APART, condition=before)], []
    if whole:
        files = ", ".join(_text(rolling.file(part, "baskets")) for part in whole)
        baskets.append(_without_apart(f"SELECT *, basket AS __basket FROM read_parquet([{files}])"))
        files = ", ".join(_text(rolling.file(part, "money")) for part in whole)
        money.append(f"SELECT * FROM read_parquet([{files}])")
    if cut:
        lines = f"read_parquet([{', '.join(_text(part.path) for part in cut)}])"
        basket = basket_columns(rolling.columns)["basket"]
        alone = _without_apart(f"SELECT *, {basket} AS __basket FROM {lines} WHERE {before}")
        baskets.append(rolling.baskets(f"({alone})"))
        money.append(rolling.money(lines, condition=before))
    rolling.engine.view(BASKETS, " UNION ALL BY NAME ".join(baskets))
    if rolling.categories and money:
        rolling.engine.view(MONEY, " UNION ALL BY NAME ".join(money))


def _without_apart(sql: str) -> str:
    return f"SELECT n.* EXCLUDE (__basket) FROM ({sql}) AS n ANTI JOIN {_APART}_baskets AS k ON {_SAME.format('n')}"


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Keep the roll-ups in place until the block ends."""
    with (folder / READING).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _clear(rolling: _Rolling) -> None:
    """Remove roll-ups of parts that are gone, and of other recipes, unless another session may be reading them."""
    kept = {rolling.file(part, kind).name for part in rolling.parts for kind in ("baskets", "money")}
    kept |= {f"{rolling.recipe}-compared.json", f"{rolling.recipe}-apart.parquet", READING}
    gone = [path for path in rolling.folder.iterdir() if path.name not in kept]
    if not gone:
        return
    with (rolling.folder / READING).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for path in gone:
            path.unlink(missing_ok=True)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
