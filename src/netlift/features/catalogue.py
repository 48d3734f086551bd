"""The catalogue: what is known about a customer, each number as one SQL expression in its subject's file.

A subject is a relation with one row per fact and a `customer_id`; its expressions are aggregates over the facts of one customer.
All SQL is in the common subset of DuckDB and Spark. `{as_of}`, `{first}` and `{currency}` are filled in by `build`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netlift.records import Feature


@dataclass(frozen=True, slots=True)
class Kind:
    """How many facts a share is made of, as aggregates: with few of them, the share is drawn to the mean of all customers."""

    facts: str  # all facts of the customer, the same text throughout a family
    these: str  # those of the share's kind
    family: str  # shares of one family are of different kinds of the same facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature and the aggregate that computes it.

    `needs` are columns its table must have; `absent` is the value of a customer without any fact ("NULL" = missing); `kind` says that
    the feature is a share to be drawn to the mean of all where a customer has few facts.
    """

    feature: Feature
    sql: str
    needs: tuple[str, ...] = ()
    absent: str = "NULL"
    kind: Kind | None = None
    own: bool = False  # of the user: nothing is filled into its SQL


@dataclass(frozen=True, slots=True)
class Subject:
    """A relation of facts before `as_of`, and the features made from it."""

    name: str
    needs: Mapping[str, tuple[str, ...]]  # canonical table -> columns without which the subject does not exist
    optional_of: str  # the table in which Entry.needs are looked up
    relation: str  # SELECT with customer_id and the columns that the entries use
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()  # remarks for the reader of the features
