"""Traps of business data in words: what `where` left out, sales that are none, amounts and addresses that cannot be.

Nothing here changes a row. The rows are looked at as they came in (RAW) and as they were typed (CHECKED).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from netlift import expressions
from netlift.engine import Engine
from netlift.sources.derived import CHECKED, Checked
from netlift.sources.landing import RAW
from netlift.sources.mapping import Mapping
from netlift.sources.refusals import GOOD

# What a column says of an order that is no sale, or none yet.
NO_SALE = frozenset(
    {
        *("cancelled", "canceled", "abandoned", "refunded", "returned", "rejected", "declined", "failed", "unsuccessful", "void", "voided"),
        *("expired", "pending", "in-progress", "in progress", "in_progress", "open", "draft", "on hold", "test"),
    },
)
SALUTATIONS = frozenset({"mr", "mrs", "ms", "miss", "master", "mx", "herr", "frau", "mme", "mlle", "sr", "sra", "srta"})
# ISO 4217, the currencies of most of the world's trade
CURRENCIES = frozenset(
    [
        "aed",
        "ars",
        "aud",
        "bgn",
        "brl",
        "cad",
        "chf",
        "clp",
        "cny",
        "cop",
        "czk",
        "dkk",
        "egp",
        "eur",
        "gbp",
        "hkd",
        "huf",
        "idr",
        "ils",
        "inr",
        "isk",
        "jpy",
        "krw",
        "kwd",
        "mad",
        "mxn",
        "myr",
        "ngn",
        "nok",
        "nzd",
        "pen",
        "php",
        "pkr",
        "pln",
        "qar",
        "ron",
        "rsd",
        "rub",
        "sar",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "uah",
        "usd",
        "vnd",
        "zar",
    ]
)
LINES = 20_000  # the first lines of each file tell what a column is
WORDS = 30  # different values from which a column is no state any more
FAR = 1_000  # times the median from which an amount is worth a remark


@dataclass(frozen=True, slots=True)
class Trap:
    """One kind of trap and how often it was met; those of two parts of a table add up."""

    kind: Literal["left out", "no sale", "far amount", "currencies", "salutations", "addresses"]
    column: str = ""
    counts: dict[str, int] = field(default_factory=dict)  # by condition or word
    rows: int = 0
    middle: float = 0.0  # the median amount of the first part that met it
    largest: float = 0.0

    def plus(self, other: Trap) -> Trap:
        """Both."""
        counts = {word: self.counts.get(word, 0) + other.counts.get(word, 0) for word in {**self.counts, **other.counts}}
        return replace(self, counts=counts, rows=self.rows + other.rows, largest=max(self.largest, other.largest))


Traps = tuple[Trap, ...]


def found(engine: Engine, mapping: Mapping, checked: Checked) -> Traps:
    """The traps of one table or part of it, before it takes its canonical form."""
    met = _left_out(engine, mapping)
    if mapping.table == "customers":
        met += _salutations(engine, mapping)
    if mapping.table == "transactions":
        words = list(_words(engine, mapping))
        met += [*_no_sales(engine, mapping, words), *_far_amounts(engine), *_currencies(engine, mapping, words)]
    if mapping.table == "contacts" and "email" in checked.kinds:
        met += _addresses(engine)
    return tuple(met)


def joined(one: Traps, two: Traps) -> Traps:
    """The traps of two parts."""
    met = {(trap.kind, trap.column): trap for trap in one}
    for trap in two:
        key = (trap.kind, trap.column)
        met[key] = met[key].plus(trap) if key in met else trap
    return tuple(met.values())


def in_words(met: Traps) -> list[str]:
    """Remarks for the findings."""
    return [_SAID[trap.kind](trap) for trap in met if trap.kind != "currencies" or len(trap.counts) > 1]


def _left_out(engine: Engine, mapping: Mapping) -> list[Trap]:
    """How many rows each condition of `where` left out; a row counts for the first that it fails."""
    if not mapping.where:
        return []
    failed = engine.rows(f"SELECT __failed, count(*) FROM {CHECKED} WHERE __problem IS NULL GROUP BY __failed ORDER BY __failed NULLS LAST")
    conditions = expressions.conditions(mapping.where)
    counted = {conditions[i]: count for i, count in failed if i is not None}
    return [Trap("left out", counts=counted)] if counted else []


def _words(engine: Engine, mapping: Mapping) -> Iterator[tuple[str, set[str]]]:
    """The source's columns that are texts of few different values and not looked at by `where`, with these values in small letters."""
    used = expressions.columns_used(mapping.where) if mapping.where else frozenset()
    known = {c.source: c for c in mapping.columns}
    for source in mapping.landed:
        if source in known and (known[source].name in used or known[source].kind not in {"text", None}):
            continue
        text = f"lower(trim(CAST({mapping.raw(source)} AS VARCHAR)))"
        rows = engine.rows(f"SELECT DISTINCT {text} AS t FROM {RAW} WHERE __line <= {LINES} LIMIT {WORDS + 1}")
        if len(rows) <= WORDS:
            yield source, {row[0] for row in rows if row[0]}


def _no_sales(engine: Engine, mapping: Mapping, columns: Sequence[tuple[str, set[str]]]) -> list[Trap]:
    met = []
    for source, words in columns:
        if not words & NO_SALE:
            continue
        counted = {word: count for word, count in _counted(engine, mapping, source) if word.lower() in NO_SALE}
        if counted:
            met.append(Trap("no sale", source, counted))
    return met


def _currencies(engine: Engine, mapping: Mapping, columns: Sequence[tuple[str, set[str]]]) -> list[Trap]:
    """Columns that hold nothing but names of currencies; where there is one in every part, they may be several together."""
    return [
        Trap("currencies", source, dict(_counted(engine, mapping, source))) for source, words in columns if words and words <= CURRENCIES
    ]


def _counted(engine: Engine, mapping: Mapping, source: str) -> list[tuple[str, int]]:
    """The words of a column among good rows, the commonest first."""
    text = f"trim(CAST({mapping.raw(source)} AS VARCHAR))"
    rows = engine.rows(
        f"SELECT {text} AS t, count(*) AS n FROM {RAW} JOIN {CHECKED} USING (__file, __line) WHERE {GOOD} GROUP BY t ORDER BY n DESC, t"
    )
    return [(word, count) for word, count in rows if word]


def _far_amounts(engine: Engine) -> list[Trap]:
    good = f"FROM {CHECKED} WHERE {GOOD} AND amount > 0"
    median = engine.rows(f"SELECT median(amount) {good} AND __line <= {LINES}")[0][0]
    if median is None:
        return []
    rows, largest = engine.rows(f"SELECT count(*), max(amount) {good} AND amount >= ?", [FAR * median])[0]
    return [Trap("far amount", rows=rows, middle=median, largest=largest)] if rows else []


def _salutations(engine: Engine, mapping: Mapping) -> list[Trap]:
    return [
        Trap("salutations", source, dict.fromkeys(sorted(words), 0))
        for source, words in _words(engine, mapping)
        if words and {word.rstrip(".") for word in words} <= SALUTATIONS
    ]


def _addresses(engine: Engine) -> list[Trap]:
    email = "lower(trim(email))"
    wrong, given = engine.rows(f"SELECT count_if(NOT is_email({email})), count({email}) FROM {CHECKED} WHERE {GOOD}")[0]
    return [Trap("addresses", "email", {"wrong": wrong}, rows=given)] if wrong else []


def _say_left_out(trap: Trap) -> str:
    return f"rows left out by where: {'; '.join(f'{count:,} by {condition}' for condition, count in trap.counts.items())}."


def _say_no_sale(trap: Trap) -> str:
    ordered = sorted(trap.counts.items(), key=lambda item: (-item[1], item[0]))
    counted = ", ".join(f"{count:,} x '{word}'" for word, count in ordered)
    return f"{trap.column}: {counted} count as sales; leave them out with where if they are none."


def _say_currencies(trap: Trap) -> str:
    counted = ", ".join(f"{count:,} x '{word}'" for word, count in sorted(trap.counts.items(), key=lambda item: (-item[1], item[0])))
    return (
        f"{trap.column} names several currencies ({counted}), and amounts are added up as if they were one; convert them with derive, or "
        "keep one with where."
    )


def _say_far_amount(trap: Trap) -> str:
    times = f"at least {FAR:,} times the middle one ({_money(trap.middle)})"
    have = "1 amount is" if trap.rows == 1 else f"{trap.rows:,} amounts are"
    return f"{have} {times}, up to {_money(trap.largest)}; leave them out with where if nobody paid them."


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount < 1e15 else f"{amount:.3g}"


def _say_salutations(trap: Trap) -> str:
    return f"{trap.column} holds salutations ({', '.join(trap.counts)}): a gender read from them is a guess."


def _say_addresses(trap: Trap) -> str:
    return f"email is no possible address in {trap.counts['wrong']:,} of {trap.rows:,} rows that have one; these customers get no e-mail."


_SAID: dict[str, Callable[[Trap], str]] = {
    "left out": _say_left_out,
    "no sale": _say_no_sale,
    "far amount": _say_far_amount,
    "currencies": _say_currencies,
    "salutations": _say_salutations,
    "addresses": _say_addresses,
}
