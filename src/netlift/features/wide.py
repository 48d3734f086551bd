"""The query of the wide table in the making: a joined table per subject, a column per feature."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from netlift.engine import Session, quoted
from netlift.features import shares
from netlift.features.catalogue import Entry, Subject
from netlift.features.rollups import keep_by_range
from netlift.records import Feature, Learnt, Texts


@dataclass(slots=True)
class Wide:
    """Grows by subject; the customers are in `features_population`."""

    session: Session
    literals: Mapping[str, str]  # what stands for the names in braces
    features: list[Feature] = field(default_factory=list)
    shares: dict[str, tuple[float, float]] = field(default_factory=dict)  # as in Learnt
    _selected: list[str] = field(default_factory=lambda: ["p.customer_id AS customer_id"])
    _joins: list[str] = field(default_factory=list)
    _tiers: dict[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        """The wide query."""
        return f"SELECT {', '.join(self._selected)} {self._source}"

    def add(self, table: str, features: Sequence[Feature], *, columns: Sequence[str] = (), tiers: Mapping[str, str] | None = None) -> None:
        """Join a table: its columns of the features' names, or the SQL of `columns`; `tiers` is the SQL of sufficiencies by name."""
        self._joins.append(f"LEFT JOIN {table} ON {table}.customer_id = p.customer_id")
        known = columns or [f"{table}.{quoted(f.name)}" for f in features]
        self._selected += [f"CAST({sql} AS DOUBLE) AS {quoted(f.name)}" for f, sql in zip(features, known, strict=True)]
        self.features += [dataclasses.replace(f, unit=self.filled(f.unit)) for f in features]
        self._tiers.update(tiers or {})

    def add_subject(self, subject: Subject, entries: Sequence[Entry], *, ranges: Sequence[str] | None, learnt: Learnt | None) -> None:
        """Compute a subject's entries and join them; `learnt` are the means of an earlier run, else they are learnt here."""
        table = f"features_{subject.name}"
        made = {e.feature.name: e.sql if e.own else self.filled(e.sql) for e in entries} | shares.counts(entries)
        aggregates = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in made.items())
        relation = self.filled(subject.relation)
        keep_by_range(self.session, table, f"SELECT customer_id, {aggregates} FROM ({relation}) AS facts GROUP BY customer_id", ranges)
        known = shares.learn(self.session, table, entries) if learnt is None else learnt.shares
        self.shares.update({e.feature.name: known[e.feature.name] for e in entries if e.feature.name in known})
        columns = [self._shown(table, e) for e in entries]
        self.add(table, [self._told(e) for e in entries], columns=columns, tiers=shares.tiers(table, entries, self.shares))

    def sufficiency(self) -> dict[str, Texts]:
        """The sufficiency of every customer, sorted by id, by what it is of."""
        if not self._tiers:
            return {}
        named = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in self._tiers.items())
        rows = self.session.arrow(f"SELECT {named} {self._source} ORDER BY p.customer_id NULLS LAST")
        return {name: np.array(rows[name].to_pylist(), dtype=object) for name in self._tiers}

    def filled(self, text: str) -> str:
        """A text of the catalogue with the literals in place of their names."""
        for name, value in self.literals.items():
            text = text.replace(name, value)
        return text

    @property
    def _source(self) -> str:
        return f"FROM features_population AS p {' '.join(self._joins)}"

    def _told(self, entry: Entry) -> Feature:
        drawn = "; with few facts drawn to the mean of all customers" if entry.feature.name in self.shares else ""
        return dataclasses.replace(entry.feature, missing=entry.feature.missing + drawn)

    def _shown(self, table: str, entry: Entry) -> str:
        own = shares.drawn(table, entry, self.shares)
        return f"CASE WHEN {table}.customer_id IS NULL THEN {self.filled(entry.absent)} ELSE {own} END"
