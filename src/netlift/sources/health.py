"""Findings about a table's health, in plain words. Nothing here changes a row."""

from __future__ import annotations

from collections.abc import Sequence

from netlift.engine import Engine, quoted
from netlift.sources.canonical import CANONICAL
from netlift.sources.derived import Checked
from netlift.sources.refusals import negative_columns
from netlift.sources.values import Reader

MUCH = 0.05  # share of missing values worth a remark
_MOMENTS = ("timestamp", "answered_at", "given_at", "contacted_at", "responded_at", "start_date")


def findings(engine: Engine, table: str, *, checked: Checked, rows: int, reader: Reader) -> list[str]:
    """Remarks on a canonical table that is in the engine under its name."""
    found = [
        *_freshness(engine, table, checked, reader),
        *_missing(engine, table, checked, rows),
        *_ids(engine, table, checked),
        *_money(engine, table, checked, rows),
        *_repeated(engine, table, rows),
    ]
    return [f"{table}: {text}" for text in found]


def _freshness(engine: Engine, table: str, checked: Checked, reader: Reader) -> list[str]:
    column = next((c for c in _MOMENTS if c in checked.kinds), None)
    if column is None:
        return []
    value = reader.local(column) if checked.kinds[column] == "instant" else column
    value = "local_timestamp" if CANONICAL[table].local_time else value
    first, last = engine.rows(f"SELECT min({value}), max({value}) FROM {table}")[0]
    if last is None:
        return []
    zone = f" ({reader.project_zone})" if checked.kinds[column] == "instant" else ""
    return [f"{column} runs from {first:%Y-%m-%d} to {last:%Y-%m-%d}{zone}."]


def _missing(engine: Engine, table: str, checked: Checked, rows: int) -> list[str]:
    names = [n for n in checked.kinds if (table, n) != ("transactions", "coupon")]  # most purchases have none
    present = engine.rows(f"SELECT {', '.join(f'count({quoted(n)})' for n in names)} FROM {table}")[0]
    lacking = {name: rows - count for name, count in zip(names, present, strict=True) if rows - count > MUCH * rows}
    return [f"{name} is missing in {count:,} of {rows:,} rows ({100 * count / rows:.0f} %)." for name, count in lacking.items()]


def _ids(engine: Engine, table: str, checked: Checked) -> list[str]:
    """Ids that went through a spreadsheet or a float before they reached us."""
    spreadsheet = r"[0-9]+\.0+|[0-9](\.[0-9]+)?[eE]\+?[0-9]+"
    found = []
    for name in (n for n, kind in checked.kinds.items() if kind == "id"):
        odd, example, blank = engine.rows(
            f"SELECT count(*) FILTER (WHERE odd), min({name}) FILTER (WHERE odd), count(*) FILTER (WHERE {name} <> trim({name})) "
            f"FROM (SELECT {name}, regexp_full_match({name}, ?) AS odd FROM {table})",
            [spreadsheet],
        )[0]
        if odd:
            found.append(f"{name} looks like a spreadsheet's number in {odd:,} rows, such as '{example}'; kept as it is.")
        if blank:
            found.append(
                f"{name} begins or ends with a blank in {blank:,} {'row' if blank == 1 else 'rows'}, which makes it another id; kept so."
            )
    return found


def _money(engine: Engine, table: str, checked: Checked, rows: int) -> list[str]:
    if table != "transactions":
        return []
    negative = negative_columns(checked)
    discount = "discount < 0" if "discount" in checked.kinds else "FALSE"
    zero, returned, value, odd = engine.rows(
        f"SELECT count_if(amount = 0), count_if({negative}), sum(amount) FILTER (WHERE {negative}), count_if({discount}) FROM {table}",
    )[0]
    found = []
    if zero:
        found.append(f"{zero:,} of {rows:,} rows ({100 * zero / rows:.1f} %) have an amount of 0.")
    if returned:
        rows_with = "1 row" if returned == 1 else f"{returned:,} rows"
        found.append(f"{rows_with} with a negative quantity or amount kept as returns (together {value:,.2f}).")
    if odd:
        rows_have = "1 row has" if odd == 1 else f"{odd:,} rows have"
        found.append(f"{rows_have} a negative discount; discount is money saved, as a positive number: derive it with the sign turned.")
    return found


def _repeated(engine: Engine, table: str, rows: int) -> list[str]:
    distinct = engine.rows(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table})")[0][0]
    if distinct == rows:
        return []
    count = rows - distinct
    return [f"{count:,} {'row equals' if count == 1 else 'rows equal'} another row in every column; all are kept."]


def strangers(engine: Engine, tables: Sequence[str], *, base: str) -> dict[str, str]:
    """Per table, a remark where many of its customers are not in `base`: often ids are written differently in two files."""
    found = {}
    for table in tables:
        if table == base or "customer_id" not in CANONICAL[table].columns:
            continue
        ids = f"SELECT DISTINCT customer_id FROM {table}"
        known = f"SELECT customer_id FROM {base}"
        count, unknown = engine.rows(f"SELECT count(*), count_if(customer_id NOT IN ({known})) FROM ({ids})")[0]
        if unknown > MUCH * count:
            share = f"{unknown:,} of {count:,} customers ({100 * unknown / count:.0f} %)"
            found[table] = f"{table}: {share} are not in {base}; are ids written alike in both?"
    return found
