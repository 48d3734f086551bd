"""What is known of each customer as a matrix for linear models: fitted on some customers, applied to any.

Numbers: the log of skewed amounts, cut at the 0.5 and 99.5 % quantiles, a flag beside filled-in medians. Texts: a 0/1 column for
each word that enough customers have. All are standardised by the mean and spread of the customers they were fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from netlift.records import Floats, Ints, Texts

CLIP = (0.005, 0.995)
SKEWED = 1.0  # skewness from which amounts are taken as logs
COMMON = 20  # customers with a word, from which it gets a column of its own
MOST_WORDS = 50  # different words, above which a text tells single customers apart rather than groups

Column = Floats | Texts  # (n,) numbers with NaN, or words with None, where the fact is missing


@dataclass(frozen=True, slots=True)
class _Number:
    """How one column of numbers is bent."""

    filling: float
    flagged: bool
    logged: bool
    low: float
    high: float

    def apply(self, values: Floats) -> list[Floats]:
        missing = np.isnan(values)
        filled = np.where(missing, self.filling, values)
        bent = np.log1p(np.maximum(filled, 0.0)) if self.logged else filled
        return [np.clip(bent, self.low, self.high), *([missing.astype(float)] if self.flagged else [])]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that get a column."""

    words: tuple[str, ...]

    def apply(self, values: Texts) -> list[Floats]:
        return [(values == word).astype(float) for word in self.words]


@dataclass(frozen=True, slots=True)
class Design:
    """The fitted encoding of named columns as a standardised matrix of q columns."""

    parts: Mapping[str, _Number | _Words]
    mean: Floats  # (q,)
    spread: Floats  # (q,) 1 where a column does not vary

    def matrix(self, columns: Mapping[str, Column], rows: Ints | slice = slice(None)) -> Floats:
        """The customers `rows` of the columns, (m, q)."""
        return np.asarray((_stacked(self.parts, columns, rows) - self.mean) / self.spread)


def fit(columns: Mapping[str, Column], rows: Ints) -> Design:
    """Fit the encoding on the customers `rows`."""
    parts: dict[str, _Number | _Words] = {
        name: _words(values[rows]) if values.dtype == object else _number(values[rows].astype(float))  # type: ignore[arg-type]  # by kind
        for name, values in columns.items()
    }
    stacked = _stacked(parts, columns, rows)
    spread = stacked.std(axis=0)
    return Design(parts, stacked.mean(axis=0), np.where(spread > 0, spread, 1.0))


def _stacked(parts: Mapping[str, _Number | _Words], columns: Mapping[str, Column], rows: Ints | slice) -> Floats:
    found = [array for name, part in parts.items() for array in part.apply(columns[name][rows])]  # type: ignore[arg-type]  # by kind
    length = len(next(iter(columns.values()))[rows]) if columns else 0
    return np.column_stack(found) if found else np.empty((length, 0))


def _number(values: Floats) -> _Number:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return _Number(0.0, False, False, 0.0, 0.0)
    several = len(np.unique(known)) > 2
    logged = bool(several and known.min() >= 0 and skew(known) > SKEWED)
    bent = np.log1p(known) if logged else known
    low, high = np.quantile(bent, CLIP) if several else (bent.min(), bent.max())
    return _Number(float(np.median(known)), len(known) < len(values), logged, float(low), float(high))


def _words(values: Texts) -> _Words:
    words, counts = np.unique([v for v in values if v is not None], return_counts=True)
    return _Words(tuple(str(w) for w in words[counts >= COMMON]))


def groups(columns: Mapping[str, Column]) -> Ints:
    """A number for each customer, the same for customers that are equal in every column, (n,)."""
    coded = np.column_stack([_codes(values) for values in columns.values()])
    return np.asarray(np.unique(coded, axis=0, return_inverse=True)[1], dtype=np.int64).ravel()


def _codes(values: Column) -> NDArray[np.int64]:
    if values.dtype == object:
        return np.unique([("", "") if v is None else ("v", str(v)) for v in values], axis=0, return_inverse=True)[1].ravel()
    return np.unique(values.astype(float), return_inverse=True, equal_nan=True)[1].ravel()


def usable(columns: Mapping[str, Column], excluded: Sequence[str]) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns a model may learn from, and which others were left out and why, in words."""
    kept: dict[str, Column] = {}
    remarks = []
    for name, values in columns.items():
        if name in excluded:
            continue
        different = len(np.unique(_codes(values)))
        if different == 1:
            remarks.append(f"{name} is the same for every customer and was left out.")
        elif values.dtype == object and different > MOST_WORDS:
            remarks.append(f"{name} is a text with {different:,} different values, which tell single customers apart; it was left out.")
        else:
            kept[name] = values
    return kept, tuple(remarks)
