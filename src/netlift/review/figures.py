"""The statistical checks' figures of a run: whether being chosen, or what segments are made of, tells a held attribute.

AUC of a yes/no choice: 1/2 + (share chosen of the group - share chosen of the others) / 2. Its lower bound: percentile bootstrap of
the people, which for two yes/no facts is a multinomial draw of the four counts. Ratios: Pearson's chi-square, adjusted by Benjamini and
Hochberg (1995).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from netlift.records import Features, Floats, Plan
from netlift.review.campaign import Measured, Proxy, Rate

HELD = frozenset({"attribute", "survey"})  # groups of features that hold what people are, not what they did
MOST = 20_000  # customers for the cross-validated AUC; more do not move its second decimal
DRAWS, FOLDS = 1_000, 5
FEWEST = 50  # people a group and its counterpart must have each
CELL = 11  # people, below whom a cell is small
PIECES = 5  # a number with more values is cut at its quintiles for cells


def measured(features: Features, plan: Plan, *, seed: int) -> Measured:
    """AUC, ratio and leak of every protected attribute held; empty where none is held or nobody is contacted.

    Where there are very many customers the features are a random sample, and so are these figures.
    """
    rows = np.arange(len(features.customer_ids)) if features.rows is None else features.rows
    chosen = plan.audience.contacted()[rows]
    rng = np.random.default_rng(seed)
    groups = dict(_groups(features))
    tables = {name: _table(chosen, group) for name, group in groups.items()}
    if not chosen.any() or chosen.all():
        tables = {}
    q = _adjusted(tables)
    return Measured(
        auc={name: Proxy(_auc(t), _low(t, rng)) for name, t in tables.items()},
        ratio={name: Rate(_ratio(t), q[name]) for name, t in tables.items()},
        leak=_leaks(features, groups, tuple(f.name for f in plan.inputs), rng),
        small_cells=_small_cells(features, tuple(f.name for f in plan.inputs), chosen),
    )


def _groups(features: Features) -> Iterator[tuple[str, Floats]]:
    """Each protected attribute as 1, 0 or NaN per customer: few values as above the lowest, others as the lowest and highest fifth."""
    for i, feature in enumerate(features.features):
        values = features.values[:, i]
        known = values[np.isfinite(values)]
        if feature.sensitivity == "none" or feature.group not in HELD or known.size < 2 * FEWEST:
            continue
        if len(np.unique(known)) <= PIECES:
            parts = {feature.name: values > known.min()}
        else:
            low, high = np.quantile(known, [0.2, 0.8])
            parts = {f"{feature.name} (lowest fifth)": values <= low, f"{feature.name} (highest fifth)": values >= high}
        for name, inside in parts.items():
            group = np.where(np.isfinite(values), inside, np.nan).astype(float)
            if FEWEST <= np.nansum(group) <= known.size - FEWEST:
                yield name, group


def _table(chosen: NDArray[np.bool_], group: Floats) -> Floats:
    """Counts (2, 2): group yes/no x chosen yes/no."""
    return np.array([[np.sum((group == g) & (chosen == c)) for c in (True, False)] for g in (1, 0)], dtype=float)


def _auc(table: Floats) -> float:
    return float(_aucs(table[None])[0])


def _aucs(tables: Floats) -> Floats:
    """Of tables (d, 2, 2)."""
    share = tables[:, :, 0] / np.maximum(tables.sum(axis=2), 1)
    return np.asarray(0.5 + (share[:, 0] - share[:, 1]) / 2, dtype=float)


def _low(table: Floats, rng: np.random.Generator) -> float:
    """Lower end of the 95 % interval of the AUC, the right way round."""
    draws = rng.multinomial(int(table.sum()), (table / table.sum()).ravel(), size=DRAWS).reshape(DRAWS, 2, 2).astype(float)
    aucs = _aucs(draws)
    return float(np.quantile(aucs if _auc(table) >= 0.5 else 1 - aucs, 0.025))


def _ratio(table: Floats) -> float:
    """Selection rate of the group relative to the others."""
    rates = table[:, 0] / table.sum(axis=1)
    return float(rates[0] / rates[1]) if rates[1] > 0 else float("inf")


def _adjusted(tables: dict[str, Floats]) -> dict[str, float]:
    """Q values of all attributes together."""
    if not tables:
        return {}
    p = [float(stats.chi2_contingency(t, correction=False).pvalue) if (t.sum(axis=0) > 0).all() else 1.0 for t in tables.values()]
    return dict(zip(tables, stats.false_discovery_control(p).tolist(), strict=True))


def _leaks(features: Features, groups: dict[str, Floats], inputs: tuple[str, ...], rng: np.random.Generator) -> dict[str, float]:
    """Cross-validated AUC of each attribute from what segments are made of, without the attribute itself."""
    at = rng.permutation(len(features.values))[:MOST]
    names = [f.name for f in features.features]
    found = {}
    for name, group in groups.items():
        used = [names.index(i) for i in inputs if i in names and i != name.split(" (")[0]]
        known = at[np.isfinite(group[at])]
        if used and FEWEST <= group[known].sum() <= known.size - FEWEST:
            found[name] = _cross_validated(_standard(features.values[known][:, used]), group[known])
    return found


def _standard(values: Floats) -> Floats:
    """Ranks in (0, 1) per column, missing in the middle, and a column of ones: whatever the scale, nothing rules."""
    ranks = stats.rankdata(values, axis=0, nan_policy="omit") / (1 + np.isfinite(values).sum(axis=0))
    return np.column_stack([np.nan_to_num(ranks, nan=0.5) - 0.5, np.ones(len(values))])


def _cross_validated(x: Floats, y: Floats) -> float:
    """AUC of Fisher's linear discriminant, by ridge regression on the 0/1 outcome, on customers it was not fitted to."""
    fold = np.arange(len(y)) % FOLDS
    scores = np.empty(len(y))
    for k in range(FOLDS):
        a, b = x[fold != k], y[fold != k]
        weights = np.linalg.solve(a.T @ a + np.eye(a.shape[1]), a.T @ (b - b.mean()))
        scores[fold == k] = x[fold == k] @ weights
    ranks, positive = stats.rankdata(scores), y.sum()
    return float((ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def _small_cells(features: Features, inputs: tuple[str, ...], chosen: NDArray[np.bool_]) -> float | None:
    """Share of the audience in cells of fewer than 11 people, over the attributes that segments are made of; None = of one or none."""
    at = [i for i, f in enumerate(features.features) if f.group in HELD and f.name in inputs]
    if len(at) < 2 or not chosen.any() or features.rows is not None:
        return None
    cells = np.column_stack([_pieces(features.values[:, i]) for i in at])
    _, which, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    return float(np.mean(counts[which.ravel()][chosen] < CELL))


def _pieces(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    if len(np.unique(known)) <= PIECES:
        return np.nan_to_num(values, nan=-1.0)
    return np.where(np.isfinite(values), np.searchsorted(np.quantile(known, [0.2, 0.4, 0.6, 0.8]), values), -1.0)
