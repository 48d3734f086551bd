"""Findings about a table's health, in plain words. Nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from netlift.engine import Engine, quoted
from netlift.sources.canonical import CANONICAL
from netlift.sources.derived import Checked
from netlift.sources.refusals import negative_columns
from netlift.sources.values import Reader

LISTED = 20  # columns with missing values that are told one by one
MUCH = 0.05  # share of missing values worth a remark
_MOMENTS = ("timestamp", "answered_at", "given_at", "contacted_at", "responded_at", "start_date")


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over some rows of a table; those of two parts add up."""

    rows: int
    first: datetime | None  # of the table's moment, on the project's clock
    last: datetime | None
    present: dict[str, int]  # values by column
    spreadsheet: dict[str, tuple[int, str]]  # by id column: rows that look like a spreadsheet's number, and one of them
    padded: dict[str, int]  # by id column: rows that begin or end with a blank
    zero: int  # rows of transactions with an amount of 0
    returned: int  # with a negative quantity or amount
    value: float  # money of those returned
    odd_discount: int  # with a negative discount
    repeated: int  # rows equal to another row of the same part

    def __add__(self, other: Figures) -> Figures:
        """The figures of both."""

        def total(one: dict[str, int], two: dict[str, int]) -> dict[str, int]:
            return {name: one.get(name, 0) + two.get(name, 0) for name in {**one, **two}}

        odd = {
            name: (self.spreadsheet.get(name, (0, ""))[0] + other.spreadsheet.get(name, (0, ""))[0], example)
            for name, (_, example) in {**other.spreadsheet, **self.spreadsheet}.items()
        }
        return Figures(
            rows=self.rows + other.rows,
            first=min((m for m in (self.first, other.first) if m is not None), default=None),
            last=max((m for m in (self.last, other.last) if m is not None), default=None),
            present=total(self.present, other.present),
            spreadsheet=odd,
            padded=total(self.padded, other.padded),
            zero=self.zero + other.zero,
            returned=self.returned + other.returned,
            value=self.value + other.value,
            odd_discount=self.odd_discount + other.odd_discount,
            repeated=self.repeated + other.repeated,
        )


def figures(engine: Engine, rows: str, *, table: str, checked: Checked, reader: Reader) -> Figures:
    """Count over `rows`, the engine's name of canonical rows of `table`, in one pass and one for repeated rows."""
    moment = next((c for c in _MOMENTS if c in checked.kinds), None)
    ids = [n for n, kind in checked.kinds.items() if kind == "id"]
    names = list(checked.kinds)
    selected = ["count(*)", *_span(table, moment, checked, reader), *_money(table, checked)]
    selected += [f"count({quoted(n)})" for n in names]
    marks = " OR ".join(f"contains({{0}}, '{mark}')" for mark in ".eE ")
    selected += [f"count(*) FILTER (WHERE {marks.format(quoted(n))})" for n in ids]
    count, first, last, zero, returned, value, odd_discount, *rest = engine.rows(f"SELECT {', '.join(selected)} FROM {rows}")[0]
    present, marked = rest[: len(names)], rest[len(names) :]
    odd = {n: _odd_ids(engine, rows, n) for n, hits in zip(ids, marked, strict=True) if hits}
    hashed = ", ".join(quoted(n) for n in names)
    return Figures(
        rows=count,
        first=first,
        last=last,
        present=dict(zip(names, present, strict=True)),
        spreadsheet={n: (numbers, example) for n, (numbers, example, _) in odd.items() if numbers},
        padded={n: blank for n, (_, _, blank) in odd.items() if blank},
        zero=zero,
        returned=returned,
        value=value or 0.0,
        odd_discount=odd_discount,
        repeated=count - engine.rows(f"SELECT count(DISTINCT hash({hashed})) FROM {rows}")[0][0],
    )


_SPREADSHEET = r"[0-9]+\.0+|[0-9](\.[0-9]+)?[eE]\+?[0-9]+"


def _odd_ids(engine: Engine, rows: str, name: str) -> tuple[int, str, int]:
    """Ids that look like a spreadsheet's number, one of them, and ids that begin or end with a blank."""
    odd = f"regexp_full_match({quoted(name)}, '{_SPREADSHEET}')"
    padded = f"count(*) FILTER (WHERE {quoted(name)} <> trim({quoted(name)}))"
    found: tuple[int, str, int] = engine.rows(
        f"SELECT count(*) FILTER (WHERE {odd}), min({quoted(name)}) FILTER (WHERE {odd}), {padded} FROM {rows}"
    )[0]
    return found


def _span(table: str, moment: str | None, checked: Checked, reader: Reader) -> list[str]:
    if moment is None:
        return ["NULL", "NULL"]
    value = reader.local(moment) if checked.kinds[moment] == "instant" else moment
    value = "local_timestamp" if CANONICAL[table].local_time else value
    return [f"min({value})", f"max({value})"]


def _money(table: str, checked: Checked) -> list[str]:
    if table != "transactions":
        return ["0", "0", "0", "0"]
    negative = negative_columns(checked)
    discount = "count(*) FILTER (WHERE discount < 0)" if "discount" in checked.kinds else "0"
    return ["count(*) FILTER (WHERE amount = 0)", f"count(*) FILTER (WHERE {negative})", f"sum(amount) FILTER (WHERE {negative})", discount]


def findings(table: str, found: Figures, *, checked: Checked, reader: Reader, parts: int = 1) -> list[str]:
    """Remarks on a canonical table in plain words; `parts` is the number of pieces the figures were counted in."""
    texts = [
        *_freshness_in_words(found, checked, reader),
        *_missing_in_words(table, found),
        *_ids_in_words(found),
        *_money_in_words(found),
        *_repeated_in_words(found, parts),
    ]
    return [f"{table}: {text}" for text in texts]


def _freshness_in_words(found: Figures, checked: Checked, reader: Reader) -> list[str]:
    column = next((c for c in _MOMENTS if c in checked.kinds), None)
    if column is None or found.first is None or found.last is None:
        return []
    zone = f" ({reader.project_zone})" if checked.kinds[column] == "instant" else ""
    return [f"{column} runs from {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}{zone}."]


def _missing_in_words(table: str, found: Figures) -> list[str]:
    expected = {n: count for n, count in found.present.items() if (table, n) != ("transactions", "coupon")}  # most purchases have none
    lacking = {name: found.rows - count for name, count in expected.items() if found.rows - count > MUCH * found.rows}
    told = [f"{name} is missing in {count:,} of {found.rows:,} rows ({100 * count / found.rows:.0f} %)." for name, count in lacking.items()]
    more = f"{len(told) - LISTED:,} further columns are missing in more than {100 * MUCH:.0f} % of the rows."
    return told if len(told) <= LISTED else [*told[:LISTED], more]


def _ids_in_words(found: Figures) -> list[str]:
    """Ids that went through a spreadsheet or a float before they reached us."""
    texts = []
    for name in found.present:
        if name in found.spreadsheet:
            odd, example = found.spreadsheet[name]
            texts.append(f"{name} looks like a spreadsheet's number in {odd:,} rows, such as '{example}'; kept as it is.")
        if name in found.padded:
            blank = found.padded[name]
            texts.append(
                f"{name} begins or ends with a blank in {blank:,} {'row' if blank == 1 else 'rows'}, which makes it another id; kept so."
            )
    return texts


def _money_in_words(found: Figures) -> list[str]:
    texts = []
    if found.zero:
        texts.append(f"{found.zero:,} of {found.rows:,} rows ({100 * found.zero / found.rows:.1f} %) have an amount of 0.")
    if found.returned:
        rows_with = "1 row" if found.returned == 1 else f"{found.returned:,} rows"
        texts.append(f"{rows_with} with a negative quantity or amount kept as returns (together {found.value:,.2f}).")
    if found.odd_discount:
        rows_have = "1 row has" if found.odd_discount == 1 else f"{found.odd_discount:,} rows have"
        texts.append(f"{rows_have} a negative discount; discount is money saved, as a positive number: derive it with the sign turned.")
    return texts


def _repeated_in_words(found: Figures, parts: int) -> list[str]:
    if not found.repeated:
        return []
    rows = f"{found.repeated:,} {'row equals' if found.repeated == 1 else 'rows equal'} another row"
    where = " of the same file" if parts > 1 else ""
    return [f"{rows}{where} in every column; all are kept."]
