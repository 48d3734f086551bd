"""The wide table, and the sample of it that fits in memory."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.engine import Engine
from netlift.errors import SettingsError
from netlift.features import matrix

CUSTOMERS = "SELECT 'c' || (range + 1000) AS customer_id, CAST(range AS DOUBLE) AS \"Number\", CAST(NULL AS DOUBLE) AS none FROM range(500)"


def test_few_customers_are_read_whole_and_sorted() -> None:
    """Everybody's values, NaN where there is none, and the table is kept."""
    with Engine() as engine:
        read = matrix.read(engine, CUSTOMERS, ["Number", "none"])
        assert engine.rows("SELECT count(*) FROM features") == [(500,)]
    assert read.rows is None
    assert read.customer_ids[[0, -1]].tolist() == ["c1000", "c1499"]
    np.testing.assert_array_equal(read.column("Number"), np.arange(500.0))
    assert np.isnan(read.values[:, 1]).all()


def test_of_many_a_sample_is_read_that_more_customers_hardly_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows say whose values they are; a column is had of everybody; one customer more moves at most one into the sample."""
    monkeypatch.setattr(matrix, "LARGEST", 100)
    with Engine() as engine:
        read = matrix.read(engine, CUSTOMERS, ["Number", "none"])
        assert read.rows is not None
        assert read.values.shape == (100, 2)
        np.testing.assert_array_equal(read.values[:, 0], read.rows)
        np.testing.assert_array_equal(read.column("Number"), np.arange(500.0))
        sample = set(read.customer_ids[read.rows])
        more = matrix.read(engine, f"{CUSTOMERS} UNION ALL SELECT 'c0000', 7e0, 8e0", ["Number", "none"])
    assert more.rows is not None
    assert 150 < read.rows.mean() < 350
    assert len(sample - set(more.customer_ids[more.rows])) <= 1


def test_names_that_differ_by_case_only_are_refused() -> None:
    """SQL would take one for the other."""
    with Engine() as engine, pytest.raises(SettingsError, match="column 'Recency' of customers has the name of the feature 'recency'"):
        matrix.read(engine, "SELECT 1", ["recency", "Recency"])
