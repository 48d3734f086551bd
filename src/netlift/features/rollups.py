"""Roll-ups of purchases, part by part: baskets, and money by customer and category or channel, computed once for each part of transactions.

The roll-ups of a part are kept in files beside the parts, named after the part and what they were made of, so new data cost what they
hold. Lines after `as_of` must not count and a basket's figures do not add up over parts, so lines are looked at again where
- a part holds lines on both sides of `as_of`: the part's own lines;
- a basket stands in more than one part: its lines are kept apart in a file of their own.
What adds up over parts is remembered as a sum of many, so that a run adds to it only what is new. Numbers are the same as from all lines
at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from netlift.engine import Engine, Session, quoted
from netlift.records import Part, Tables

READING = ".reading"
VERSION = 4  # of what roll-ups and remembered sums hold
ROWS = 15_000_000  # lines of transactions, and events, whose features are computed in one pass
FEW = 16_384  # rows of a group in a part's roll-up: a range of customers reads only its own
BASKETS = "features_baskets"  # the engine's view
_APART, _KEYS = "features_apart", "features_apart_keys"  # lines of baskets that stand in more than one part, and who and which
_SAME = "{0}.customer_id = k.customer_id AND {0}.__basket IS NOT DISTINCT FROM k.__basket"  # lines without an id are one basket

LINES = """
SELECT customer_id, {basket} AS basket, min(timestamp) AS bought_at, min(local_timestamp) AS local_at, sum(amount) AS amount,
       count(*) AS lines, {products} AS products, {quantity} AS quantity, {discount} AS discount, {coupon} AS coupon{bucket}
FROM {lines} WHERE {condition} GROUP BY customer_id, {basket}
"""
SPENT = {
    "category": """
SELECT t.customer_id AS customer_id, p.category AS category, sum(t.amount) AS amount, count(*) AS lines{bucket}
FROM {lines} AS t JOIN products AS p ON t.product_id = p.product_id
WHERE {condition} AND p.category IS NOT NULL GROUP BY t.customer_id, p.category
""",
    "channel": """
SELECT t.customer_id AS customer_id, t.channel AS channel, sum(t.amount) AS amount, count(*) AS lines{bucket}
FROM {lines} AS t WHERE {condition} AND t.channel IS NOT NULL GROUP BY t.customer_id, t.channel
""",
}


def money(kind: str) -> str:
    """The engine's view of money by customer and kind of line, a key of SPENT."""
    return f"features_money_by_{kind}"


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
class Remembered:
    """A sum over the baskets that began before `until`, or over all lines, of parts."""

    file: str  # SQL that reads it
    parts: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class RolledUp:
    """The roll-ups of one table's parts, as of one moment."""

    engine: Engine
    folder: Path
    parts: tuple[Part, ...]
    columns: frozenset[str]
    recipe: str
    kinds: tuple[str, ...]  # keys of SPENT that the tables have
    moment: datetime  # as of when, local
    ranges: tuple[str, ...]  # of buckets, as SQL conditions, that are to be computed one after the other

    @property
    def whole(self) -> tuple[Part, ...]:
        """Parts whose lines are all before the moment."""
        return tuple(part for part in self.parts if part.last is not None and part.last < self.moment)

    @property
    def cut(self) -> tuple[Part, ...]:
        """Parts with lines on both sides of the moment."""
        whole = self.whole
        return tuple(part for part in self.parts if part not in whole and part.first is not None and part.first < self.moment)

    def file(self, part: Part, kind: str) -> Path:
        """Where a part's roll-up is."""
        return self.folder / f"{part.name[:32]}-{self.recipe}-{kind}.parquet"

    def read(self, parts: Iterable[Part], kind: str) -> str:
        """SQL that reads the roll-ups of parts."""
        return f"read_parquet([{', '.join(_text(self.file(part, kind)) for part in parts)}])"

    def added(self, known: Remembered, condition: str) -> str:
        """SQL for what whole parts have of baskets that a sum does not hold: in its own parts under a condition, in new ones any."""
        old = [part for part in self.whole if part.name in known.parts]
        later = f"SELECT * FROM {self.read(old, 'baskets')} WHERE local_at >= {literal(known.until)} AND {condition}"
        new = self.new(known)
        return f"{later} UNION ALL BY NAME SELECT * FROM {self.read(new, 'baskets')}" if new else later

    def in_several_parts(self, baskets: str) -> str:
        """SQL for the customers of those baskets that stand in more than one part."""
        named = f"(SELECT customer_id, basket AS __basket FROM ({baskets}) AS b)"
        return f"SELECT n.customer_id FROM {named} AS n SEMI JOIN {_APART}_baskets AS k ON {_SAME.format('n')}"

    def new(self, known: Remembered) -> tuple[Part, ...]:
        """Whole parts that a sum does not hold."""
        return tuple(part for part in self.whole if part.name not in known.parts)

    def remembered(self, name: str, until: datetime) -> Remembered | None:
        """The sum of this name that can be gone on from: of parts that are all still there, and of no later moment."""
        if self.cut:
            return None
        told = self._notes().get(name)
        if told is None or datetime.fromisoformat(told["until"]) > until or datetime.fromisoformat(told["as_of"]) > self.moment:
            return None
        # a part that is gone may have been written anew without some lines, and a basket of two parts may be of one now
        if not {part.name for part in self.parts} >= set(told["known"]) or not {part.name for part in self.whole} >= set(told["parts"]):
            return None
        path = self.folder / told["file"]
        return (
            Remembered(f"read_parquet({_text(path)})", tuple(told["parts"]), datetime.fromisoformat(told["until"]))
            if path.exists()
            else None
        )

    def remember(self, name: str, until: datetime, sql: str) -> None:
        """Keep a sum over the whole parts for later runs; not where a part is cut, as its baskets may go on after the moment."""
        parts, known = [part.name for part in self.whole], [part.name for part in self.parts]
        told: dict[str, Any] = {"until": until.isoformat(), "as_of": self.moment.isoformat(), "parts": parts, "known": known}
        named = hashlib.sha256(json.dumps([name, told]).encode()).hexdigest()[:12]
        told["file"] = f"{self.recipe}-{named}-sum.parquet"
        notes = self._notes()
        if self.cut or notes.get(name) == told:
            return
        _write(self.engine, sql, self.folder / told["file"])
        _replace(self._noted, json.dumps({**notes, name: told}))

    def sums(self) -> set[str]:
        """Names of the files of remembered sums."""
        return {told["file"] for told in self._notes().values()}

    @property
    def _noted(self) -> Path:
        return self.folder / f"{self.recipe}-sums.json"

    def _notes(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads(self._noted.read_text(encoding="utf-8")) if self._noted.exists() else {}
        return found

    def lines_to_baskets(self, lines: str, *, condition: str = "1 = 1") -> str:
        """SQL for the baskets of lines."""
        return LINES.format(**basket_columns(self.columns), lines=lines, condition=condition, bucket=", min(bucket) AS bucket")

    def lines_to_money(self, kind: str, lines: str, *, condition: str = "1 = 1") -> str:
        """SQL for the money of lines by customer and kind of line."""
        return SPENT[kind].format(lines=lines, condition=condition, bucket=", min(t.bucket) AS bucket")


def literal(moment: datetime) -> str:
    """A moment in SQL."""
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"


def roll_up(session: Session, tables: Tables, *, moment: datetime) -> RolledUp | None:
    """Make BASKETS and `money` of each kind of line there is, of all lines before `moment` (local time).

    Returns None where transactions are not in parts or another engine than DuckDB computes: then BASKETS is a table, and no money is made.
    """
    parts = tables.parts("transactions")
    columns = frozenset(tables.columns("transactions"))
    if not parts or not isinstance(session, Engine):
        condition = f"local_timestamp < {literal(moment)}"
        session.keep(BASKETS, LINES.format(**basket_columns(columns), lines="transactions", condition=condition, bucket=""))
        return None
    kinds = spent_on(tables)
    of = [i.sha256 for i in tables.inputs if i.table == "products"]
    recipe = hashlib.sha256(json.dumps([VERSION, sorted(columns), "category" in kinds and of]).encode()).hexdigest()[:12]
    folder = parts[0].path.parent.parent / "rollups" / parts[0].path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # people's data
    ranges = _ranges(sum(part.rows for part in (*parts, *tables.parts("events"))), tables.buckets)
    rolled = RolledUp(session, folder, parts, columns, recipe, kinds, moment, ranges)
    _clear(rolled)
    session.hold(_reading(folder))
    _of_parts(rolled)
    _apart(rolled)
    _baskets(rolled)
    for kind in kinds:
        _money(rolled, kind)
    return rolled


def leave_out(rolled: RolledUp, kept: Sequence[str]) -> None:
    """Take the customers of the engine's table `left_out` from the baskets and from what was kept of them.

    Roll-ups and remembered sums hold everybody, so that they stay good for later runs; call it when they are made.
    """
    theirs = "customer_id IN (SELECT customer_id FROM left_out)"
    for name in (*kept, *(money(kind) for kind in rolled.kinds)):
        rolled.engine.execute(f"DELETE FROM {name} WHERE {theirs}")
    rolled.engine.execute(f"ALTER VIEW {BASKETS} RENAME TO {BASKETS}_of_all")
    rolled.engine.view(BASKETS, f"SELECT * FROM {BASKETS}_of_all WHERE NOT {theirs}")


def spent_on(tables: Tables) -> tuple[str, ...]:
    """The keys of SPENT that the tables have columns for."""
    category = tables.has("transactions", "product_id") and tables.has("products", "category")
    return (*(("category",) if category else ()), *(("channel",) if tables.has("transactions", "channel") else ()))


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


def _of_parts(rolled: RolledUp) -> None:
    """Make the roll-ups that are not there yet."""
    asked: dict[Path, str] = {}
    for part in rolled.parts:
        lines = f"read_parquet({_text(part.path)})"
        asked[rolled.file(part, "baskets")] = rolled.lines_to_baskets(lines)
        for kind in rolled.kinds:
            asked[rolled.file(part, kind)] = rolled.lines_to_money(kind, lines)
    partial = {_partial(path): path for path in asked if not path.exists()}
    results = [(f"{asked[path]} ORDER BY bucket", written) for written, path in partial.items()]
    try:
        rolled.engine.write_each(results, lambda written: _publish(written, partial[written]), group=FEW)
    finally:
        for written in partial:
            written.unlink(missing_ok=True)


def _write(engine: Engine, sql: str, path: Path) -> None:
    """Whole or not at all."""
    partial = _partial(path)
    try:
        engine.write_parquet(sql, partial)
        _publish(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _publish(partial: Path, path: Path) -> None:
    partial.chmod(0o600)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _replace(path: Path, text: str) -> None:
    partial = _partial(path)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


# --- baskets that stand in more than one part ----------------------------------------------------------------------


def _apart(rolled: RolledUp) -> None:
    """Keep the lines of baskets that stand in more than one part; only parts not compared yet are compared with all."""
    state, lines = rolled.folder / f"{rolled.recipe}-compared.json", rolled.folder / f"{rolled.recipe}-apart.parquet"
    names = [part.name for part in rolled.parts]
    before = set(json.loads(state.read_text(encoding="utf-8"))) if state.exists() and lines.exists() else set()
    new = [part for part in rolled.parts if part.name not in before]
    if new or before - set(names):
        # a part that is gone may have been written anew without some lines: what was kept of it is no longer sure
        compared = new if before <= set(names) else list(rolled.parts)
        _compare(rolled, compared, lines if before <= set(names) and lines.exists() else None, lines)
        _replace(state, json.dumps(names))
    rolled.engine.attach(_APART, [lines])
    rolled.engine.keep(f"{_APART}_baskets", f"SELECT DISTINCT customer_id, __basket FROM {_APART}")


def _compare(rolled: RolledUp, new: Sequence[Part], known: Path | None, target: Path) -> None:
    """Write the lines of all baskets that stand in more than one part; `known` has those of the parts that are not new."""
    engine = rolled.engine
    fresh = {part.name for part in new}
    alone = [part for part in rolled.parts if part.name not in fresh]

    def keys(parts: Sequence[Part]) -> str:
        files = ", ".join(_text(rolled.file(part, "baskets")) for part in parts)
        return f"(SELECT customer_id, basket AS __basket, bucket, filename FROM read_parquet([{files}], filename = true))"

    twice = f"SELECT customer_id, __basket FROM {keys(new)} GROUP BY customer_id, __basket HAVING count(*) > 1"
    against = f" UNION SELECT customer_id, __basket FROM {keys(new)} AS n SEMI JOIN {keys(alone)} AS k ON {_SAME.format('n')}"
    engine.keep(_KEYS, twice + (against if alone else ""))
    hit = engine.rows(
        "SELECT filename, list(DISTINCT bucket)"
        f" FROM {keys(rolled.parts)} AS n SEMI JOIN {_KEYS} AS k ON {_SAME.format('n')} GROUP BY filename"
    )
    touched = {name: sorted(buckets) for name, buckets in hit}
    # lines are sorted by bucket, so that of each file little is read; without any such basket: no lines, with the columns of lines
    asked = [(part, touched.get(str(rolled.file(part, "baskets")))) for part in rolled.parts]
    read = [(part, buckets) for part, buckets in asked if buckets] or [(rolled.parts[0], [-1])]
    basket = basket_columns(rolled.columns)["basket"]
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


def _baskets(rolled: RolledUp) -> None:
    before = f"local_timestamp < {literal(rolled.moment)}"
    baskets = [rolled.lines_to_baskets(_APART, condition=before)]
    if rolled.whole:
        baskets.append(_without_apart(f"SELECT *, basket AS __basket FROM {rolled.read(rolled.whole, 'baskets')}"))
    if rolled.cut:
        basket = basket_columns(rolled.columns)["basket"]
        alone = _without_apart(f"SELECT *, {basket} AS __basket FROM {_lines(rolled.cut)} WHERE {before}")
        baskets.append(rolled.lines_to_baskets(f"({alone})"))
    rolled.engine.view(BASKETS, " UNION ALL BY NAME ".join(baskets))


def _money(rolled: RolledUp, kind: str) -> None:
    """Money adds up over lines, whatever basket they are of."""
    view = money(kind)
    known = rolled.remembered(view, rolled.moment)
    new = rolled.whole if known is None else rolled.new(known)
    sums = [f"SELECT * FROM {known.file}"] if known else []
    sums += [f"SELECT * FROM {rolled.read(new, kind)}"] if new else []
    if rolled.cut:
        sums.append(rolled.lines_to_money(kind, _lines(rolled.cut), condition=f"local_timestamp < {literal(rolled.moment)}"))
    together = (
        f"SELECT customer_id, {kind}, sum(amount) AS amount, CAST(sum(lines) AS BIGINT) AS lines, min(bucket) AS bucket"
        f" FROM ({' UNION ALL BY NAME '.join(sums)}) AS m WHERE {{bucket}} GROUP BY customer_id, {kind}"
    )
    keep_by_range(rolled.engine, view, together, rolled.ranges)
    rolled.remember(view, rolled.moment, f"SELECT * FROM {view}")


def _lines(parts: Iterable[Part]) -> str:
    return f"read_parquet([{', '.join(_text(part.path) for part in parts)}])"


def _without_apart(sql: str) -> str:
    return f"SELECT n.* EXCLUDE (__basket) FROM ({sql}) AS n ANTI JOIN {_APART}_baskets AS k ON {_SAME.format('n')}"


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Keep the roll-ups in place until the block ends."""
    with (folder / READING).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _clear(rolled: RolledUp) -> None:
    """Remove roll-ups of parts that are gone, and of other recipes, unless another session may be reading them."""
    kept = {rolled.file(part, kind).name for part in rolled.parts for kind in ("baskets", *rolled.kinds)}
    kept |= {f"{rolled.recipe}-{name}" for name in ("compared.json", "apart.parquet", "sums.json")} | rolled.sums() | {READING}
    gone = [path for path in rolled.folder.iterdir() if path.name not in kept]
    if not gone:
        return
    with (rolled.folder / READING).open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for path in gone:
            path.unlink(missing_ok=True)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
