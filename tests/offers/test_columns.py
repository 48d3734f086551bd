"""Columns become a matrix by what is seen on the customers fitted on, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from netlift.offers import columns as encoding

RNG = np.random.default_rng(5)
TABLE = {
    "amount": np.exp(RNG.normal(3, 2, 200)),
    "flag": RNG.integers(0, 2, 200).astype(float),
    "age": np.where(RNG.random(200) < 0.1, np.nan, RNG.normal(40, 10, 200)),
    "town": np.array(["A", "B", None, "rare"], dtype=object)[np.append(RNG.choice(3, 199, p=[0.5, 0.3, 0.2]), 3)],
}


def test_columns_are_standardised_on_the_customers_fitted_on() -> None:
    """Amount, flag, age with its missing flag, and the two common words: mean 0 and spread 1 on the learning customers."""
    rows = np.arange(150)
    X = encoding.fit(TABLE, rows).matrix(TABLE, rows)
    assert X.shape == (150, 6)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1, atol=1e-12)


def test_others_change_nothing() -> None:
    """A customer's row is the same alone and beside others, and customers not fitted on cannot change the encoding."""
    rows = np.arange(150)
    design = encoding.fit(TABLE, rows)
    changed = {name: values.copy() for name, values in TABLE.items()}
    changed["amount"][150:] = 1e12
    np.testing.assert_array_equal(encoding.fit(changed, rows).matrix(TABLE), design.matrix(TABLE))
    np.testing.assert_array_equal(design.matrix(TABLE, np.array([7])), design.matrix(TABLE)[[7]])


def test_equal_customers_share_a_group() -> None:
    """Missing equals missing, in numbers and words; any difference parts."""
    table = {"x": np.array([1.0, np.nan, np.nan, 1.0]), "w": np.array([None, "a", "a", ""], dtype=object)}
    group = encoding.groups(table)
    assert group[1] == group[2]
    assert len({int(g) for g in group}) == 3


def test_useless_columns_are_said() -> None:
    """A constant and a text that names single customers are left out with the reason; what is excluded is not even named."""
    table = {
        "same": np.full(100, 3.0),
        "name": np.array([f"n{i}" for i in range(100)], dtype=object),
        "y": np.arange(100.0),
        "kept": np.arange(100.0) % 7,
    }
    kept, remarks = encoding.usable(table, ["y"])
    assert list(kept) == ["kept"]
    assert remarks == (
        "same is the same for every customer and was left out.",
        "name is a text with 100 different values, which tell single customers apart; it was left out.",
    )


@pytest.mark.parametrize("values", [np.full(50, np.nan), np.full(50, 2.0)])
def test_a_column_without_information_is_nothing(values: np.ndarray) -> None:
    """All missing or all equal on the learning customers: zeros, no division by zero."""
    X = encoding.fit({"x": values}, np.arange(50)).matrix({"x": values})
    assert np.isfinite(X).all()
    assert (X == 0).all()
