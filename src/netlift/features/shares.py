"""Shares of customers with few facts, drawn to the mean of all: learnt from tallies, applied as SQL to everybody on any engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from netlift.engine import Session, quoted
from netlift.features.catalogue import Entry, Kind
from netlift.features.shrinkage import Tally, concentration

FEWEST = 50  # customers with a fact, below which nobody can say how much customers differ: shares stay as they are


def counts(entries: Sequence[Entry]) -> dict[str, str]:
    """The aggregates that count the facts behind shares, by the column they are kept in."""
    found = {}
    for entry in entries:
        if entry.kind is not None:
            found[_facts(entry.kind)] = f"CAST(coalesce({entry.kind.facts}, 0) AS DOUBLE)"
            found[_these(entry)] = f"CAST(coalesce({entry.kind.these}, 0) AS DOUBLE)"
    return found


def learn(session: Session, table: str, entries: Sequence[Entry]) -> dict[str, tuple[float, float]]:
    """By feature, the facts that the mean of all weighs and that mean, from a kept table with shares and `counts`."""
    learnt: dict[str, tuple[float, float]] = {}
    for facts in dict.fromkeys(_facts(e.kind) for e in entries if e.kind is not None):
        family = [e for e in entries if e.kind is not None and _facts(e.kind) == facts]
        known = _tally(session, table, quoted(facts))
        if known.customers[known.facts > 0].sum() < FEWEST:
            continue
        others = f"{quoted(facts)} - {' - '.join(quoted(_these(e)) for e in family)}"
        c = concentration(known, [_tally(session, table, column) for column in (*(quoted(_these(e)) for e in family), others)])
        found = session.rows(f"SELECT {', '.join(_mean(quoted(facts), quoted(e.feature.name)) for e in family)} FROM {table}")[0]
        learnt |= {e.feature.name: (c, float(mean)) for e, mean in zip(family, found, strict=True) if mean is not None and 0 < mean < 1}
    return learnt


def drawn(alias: str, entry: Entry, learnt: Mapping[str, tuple[float, float]]) -> str:
    """SQL for an entry of the joined table `alias`: (own facts x own share + c x mean) / (own facts + c) where it was learnt."""
    name = f"{alias}.{quoted(entry.feature.name)}"
    if entry.kind is None or entry.feature.name not in learnt:
        return name
    c, mean = learnt[entry.feature.name]
    facts = f"{alias}.{quoted(_facts(entry.kind))}"
    return f"({facts} * {name} + {c * mean:.16e}) / nullif({facts} + {c:.16e}, 0e0)"


def tiers(alias: str, entries: Sequence[Entry], learnt: Mapping[str, tuple[float, float]]) -> dict[str, str]:
    """SQL for the sufficiency of a customer in the joined table `alias`, by family of more than one share that was learnt."""
    found: dict[str, str] = {}
    known = [e for e in entries if e.kind is not None and e.feature.name in learnt]
    for family, number in Counter(e.kind.family for e in known if e.kind).items():
        if number > 1:
            c = next(learnt[e.feature.name][0] for e in known if e.kind and e.kind.family == family)
            facts = f"coalesce({alias}.{quoted(f'facts of {family}')}, 0e0)"
            found[family] = f"CASE WHEN {facts} = 0e0 THEN 'prior-only' WHEN {facts} > {c:.16e} THEN 'enough' ELSE 'shrunk' END"
    return found


def _tally(session: Session, table: str, column: str) -> Tally:
    rows = session.rows(f"SELECT facts, count(*) FROM (SELECT {column} AS facts FROM {table}) AS t GROUP BY facts")
    facts, customers = np.array(sorted(rows), dtype=np.int64).reshape(-1, 2).T
    return Tally(facts, customers)


def _mean(facts: str, share: str) -> str:
    """Of all customers, each by his facts; rounded, because engines add up in different orders."""
    weight = f"CASE WHEN {share} IS NULL THEN 0e0 ELSE {facts} END"
    return f"round(sum({facts} * {share}) / nullif(sum({weight}), 0e0), 9)"


def _facts(kind: Kind) -> str:
    return f"facts of {kind.family}"


def _these(entry: Entry) -> str:
    return f"facts of {entry.feature.name} alone"
