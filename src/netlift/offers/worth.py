"""What customers are worth and what they buy: who is a good customer, and which new offer is near or far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from netlift.engine import Engine, quoted
from netlift.records import Floats, Ints, Tables
from netlift.settings import OfferSettings

Standing = Literal["above", "average", "below", "unknown"]

CLEARLY = 0.2  # a segment is clearly better or worse when its interval lies 20 % of the mean off the mean

PEOPLE = "offers_people"  # view: customer_id, place (0..n-1)


@dataclass(frozen=True, slots=True)
class Worth:
    """Mean worth of a segment's customers, with 95 % interval, beside the mean of all customers."""

    mean: float
    low: float
    high: float
    base: float

    @property
    def standing(self) -> Standing:
        """Clearly above or below the mean customer, or neither."""
        if self.low > self.base + CLEARLY * abs(self.base):
            return "above"
        return "below" if self.high < self.base - CLEARLY * abs(self.base) else "average"


def worths(value: Floats | None, segment: Ints) -> dict[int, Worth]:
    """What the customers of each segment are worth; empty where nothing is known.

    Args:
        value: (n,) worth per customer, NaN where missing; None = unknown.
        segment: (n,) the customers' segments.
    """
    if value is None or not np.isfinite(value).any():
        return {}
    base = float(np.nanmean(value))
    found = {}
    for s in np.unique(segment):
        known = value[(segment == s) & np.isfinite(value)]
        if len(known) > 1:
            mean, half = float(known.mean()), 1.96 * float(known.std(ddof=1)) / float(np.sqrt(len(known)))
            found[int(s)] = Worth(mean, mean - half, mean + half, base)
    return found


def bought(engine: Engine, tables: Tables, offers: Sequence[OfferSettings], *, as_of: datetime, n: int) -> dict[str, Floats]:
    """Money spent on each offer's categories before `as_of` by every customer, (n,) each, by offer.

    Categories are numeric columns of customers, or values of products.category. An offer about something that
    nobody could have bought so far is left out. Needs the view PEOPLE.
    """
    found = {}
    for offer in offers:
        columns = wide_columns(tables, offer)
        if columns:
            found[offer.name] = _from_columns(engine, columns, n)
        elif offer.categories and tables.has("products", "category") and tables.has("transactions", "product_id"):
            money = _from_transactions(engine, offer.categories, as_of, n)
            if money.any():
                found[offer.name] = money
    return found


def wide_columns(tables: Tables, offer: OfferSettings) -> tuple[str, ...]:
    """The offer's categories that are numeric columns of customers."""
    kinds = tables.columns("customers")
    return tuple(c for c in offer.categories if kinds.get(c) == "number")


def money_columns(engine: Engine, tables: Tables, offers: Sequence[OfferSettings], n: int) -> Floats | None:
    """Money on all wide columns that offers name, (n,): what a customer is worth where nothing better is known."""
    columns = dict.fromkeys(c for offer in offers for c in wide_columns(tables, offer))
    return _from_columns(engine, tuple(columns), n) if columns else None


def _from_columns(engine: Engine, columns: tuple[str, ...], n: int) -> Floats:
    money = " + ".join(f"coalesce(c.{quoted(column)}, 0e0)" for column in columns)
    return _placed(
        engine, f"SELECT p.place, {money} AS money FROM {PEOPLE} AS p JOIN customers AS c ON c.customer_id = p.customer_id", (), n
    )


def _from_transactions(engine: Engine, categories: tuple[str, ...], as_of: datetime, n: int) -> Floats:
    sql = f"""
        SELECT p.place, sum(t.amount) AS money
        FROM {PEOPLE} AS p
        JOIN transactions AS t ON t.customer_id = p.customer_id
        JOIN products AS d ON d.product_id = t.product_id
        WHERE t.local_timestamp < ? AND d.category IN ({", ".join("?" for _ in categories)})
        GROUP BY p.place"""
    return _placed(engine, sql, (as_of, *categories), n)


def _placed(engine: Engine, sql: str, parameters: tuple[object, ...], n: int) -> Floats:
    rows = engine.arrow(sql, parameters)
    money = np.zeros(n)
    money[rows["place"].to_numpy()] = rows["money"].to_numpy()
    return money
