"""Traps of business data in words: what `where` left out, sales that are none, amounts and addresses that cannot be.

Nothing here changes a row. The rows are looked at as they came in (RAW) and as they were typed (CHECKED).
"""

from __future__ import annotations

from collections.abc import Iterator

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
LINES = 20_000  # the first lines of each file tell what a column is
WORDS = 30  # different values from which a column is no state any more
FAR = 1_000  # times the median from which an amount is worth a remark


def remarks(engine: Engine, mapping: Mapping, checked: Checked) -> list[str]:
    """Remarks on one table, before it takes its canonical form."""
    found = _left_out(engine, mapping)
    if mapping.table == "customers":
        found += _salutations(engine, mapping)
    if mapping.table == "transactions":
        found += [*_no_sales(engine, mapping), *_far_amounts(engine)]
    if mapping.table == "contacts" and "email" in checked.kinds:
        found += _addresses(engine)
    return found


def _left_out(engine: Engine, mapping: Mapping) -> list[str]:
    """How many rows each condition of `where` left out; a row counts for the first that it fails."""
    if not mapping.where:
        return []
    failed = engine.rows(f"SELECT __failed, count(*) FROM {CHECKED} WHERE __problem IS NULL GROUP BY __failed ORDER BY __failed NULLS LAST")
    conditions = expressions.conditions(mapping.where)
    counted = [f"{count:,} by {conditions[i]}" for i, count in failed if i is not None]
    return [f"rows left out by where: {'; '.join(counted)}."] if counted else []


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


def _no_sales(engine: Engine, mapping: Mapping) -> list[str]:
    found = []
    for source, words in _words(engine, mapping):
        if not words & NO_SALE:
            continue
        text = f"trim(CAST({mapping.raw(source)} AS VARCHAR))"
        rows = engine.rows(
            f"SELECT {text} AS t, count(*) AS n FROM {RAW} JOIN {CHECKED} USING (__file, __line) WHERE {GOOD} GROUP BY t ORDER BY n DESC, t"
        )
        counted = [f"{count:,} x '{word}'" for word, count in rows if word and word.lower() in NO_SALE]
        if counted:
            found.append(f"{source}: {', '.join(counted)} count as sales; leave them out with where if they are none.")
    return found


def _far_amounts(engine: Engine) -> list[str]:
    good = f"FROM {CHECKED} WHERE {GOOD} AND amount > 0"
    median = engine.rows(f"SELECT median(amount) {good} AND __line <= {LINES}")[0][0]
    if median is None:
        return []
    rows, largest = engine.rows(f"SELECT count(*), max(amount) {good} AND amount >= ?", [FAR * median])[0]
    if not rows:
        return []
    times = f"at least {FAR:,} times the middle one ({median:,.2f})"
    have = "1 amount is" if rows == 1 else f"{rows:,} amounts are"
    return [f"{have} {times}, up to {largest:,.2f}; leave them out with where if nobody paid them."]


def _salutations(engine: Engine, mapping: Mapping) -> list[str]:
    return [
        f"{source} holds salutations ({', '.join(sorted(words))}): a gender read from them is a guess."
        for source, words in _words(engine, mapping)
        if words and {word.rstrip(".") for word in words} <= SALUTATIONS
    ]


def _addresses(engine: Engine) -> list[str]:
    email = "lower(trim(email))"
    wrong, given = engine.rows(f"SELECT count_if(NOT is_email({email})), count({email}) FROM {CHECKED} WHERE {GOOD}")[0]
    return [f"email is no possible address in {wrong:,} of {given:,} rows that have one; these customers get no e-mail."] if wrong else []
