"""The records hold their contracts: rows add up, everybody is counted once, money is what the accounting says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.records import Accounting, Audience, Outcome, TableInput, Tables

REASONS = st.sampled_from([None, "holdout", "no consent for email", "suppressed"])


def read(*, rows_in: int, ok: int, quarantined: int, left_out: int) -> TableInput:
    return TableInput("customers", "x.csv", rows_in, ok, quarantined, left_out, "", {"customer_id": "text"})


def test_rows_that_do_not_add_up_are_no_table() -> None:
    """A lost row cannot be recorded."""
    assert read(rows_in=6, ok=3, quarantined=2, left_out=1).rows_ok == 3
    with pytest.raises(AssertionError, match="rows of customers do not add up"):
        read(rows_in=7, ok=3, quarantined=2, left_out=1)


def test_tables_know_their_columns() -> None:
    """A table that was not given has no columns."""
    tables = Tables((read(rows_in=1, ok=1, quarantined=0, left_out=0),))
    assert tables.has("customers", "customer_id")
    assert not tables.has("customers", "age")
    assert not tables.has("products")
    assert tables.columns("products") == {}
    assert tables.parts("customers") == tables.parts("products") == ()


@given(st.lists(REASONS, min_size=1, max_size=50))
def test_everybody_is_counted_once(reasons: list[str | None]) -> None:
    """Contacted, held out and excluded add up to everybody, and only who has no reason is contacted."""
    n = len(reasons)
    texts = np.array([*reasons, None], dtype=object)[:n]
    arm = np.array([*("holdout" if r == "holdout" else None if r else "treated" for r in reasons), None], dtype=object)[:n]
    nobody = np.full(n, None, dtype=object)
    audience = Audience(np.array([str(i) for i in range(n)], dtype=object), np.ones(n, int), nobody, nobody, arm, np.zeros(n), texts)
    assert sum(audience.counts().values()) == n
    assert audience.counts().get("contacted", 0) == audience.contacted().sum() == reasons.count(None)


def test_profit_is_revenue_of_answers_less_cost_of_contacts() -> None:
    """The published accounting: 11 a response, 3 a contact, break-even at 3/11."""
    accounting = Accounting("last campaign", 3, 11, "USD")
    outcome = Outcome(accounting, ("a", "b"), np.array([[1, 0], [1, 2]]), np.array([[1, 0], [0, 1]]))
    assert outcome.profit().tolist() == [8, 2]
    assert accounting.break_even == pytest.approx(0.2727, abs=1e-4)
    assert str(accounting) == "last campaign: 11 USD per response, 3 USD per contact"
