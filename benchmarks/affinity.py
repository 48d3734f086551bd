"""Who buys what next? Complete Journey: categories foretold per customer and per segment, and what was bought in the 90 days after.

Per customer, three of the 40 (or 120) largest categories he has not bought are named, by what he bought and is bought together (netlift's
odds ratios, drawn to 1 by their errors), by popularity, by the cosine of categories (Linden, Smith, York 2003), by truncated SVD
(scikit-learn; Cremonesi, Koren, Turrin 2010) and by ALS (implicit, MIT; Hu, Koren, Volinsky 2008), the last only where it is installed.
SVD and ALS may use on how many days a category was bought as well. What each method must be told is chosen on an earlier date.

Per segment, netlift's own proposals are judged by the customers who had not bought them: how many then did, beside those of all others,
and beside the same figure of what was not proposed to the segment: who buys much buys more of everything.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from netlift import features, offers, sources
from netlift.demo import data
from netlift.engine import Engine
from netlift.offers import affinity
from netlift.offers.affinity import BOUGHT, pairs, purchases
from netlift.records import Features, Floats, Ints, Proposal, Segmentation, Verdict
from netlift.settings import parse

AHEAD, NAMED, DRAWS = 90, 3, 2_000  # days, categories per customer, resamples of customers
LARGEST = (40, 120)  # categories: as many as netlift looks at, and three times as many
CHOOSE, REPORT = date(2017, 4, 1), date(2017, 7, 1)
SETTINGS = {
    "project": {"name": "b", "currency": "USD", "time_zone": "America/New_York"},
    "tables": {
        "transactions": {
            "path": "transactions.parquet",
            "format": {"time_zone": "UTC"},
            "columns": {"customer_id": "household_id", "timestamp": "transaction_timestamp", "amount": "sales_value"},
        },
        "products": {"path": "products.parquet", "columns": {"category": "product_category"}},
    },
}
DAYS = """
SELECT t.customer_id, d.category, count(DISTINCT CAST(t.local_timestamp AS DATE)) FROM transactions AS t
JOIN products AS d ON d.product_id = t.product_id WHERE t.local_timestamp < ? GROUP BY t.customer_id, d.category
"""
LATER = """
SELECT t.customer_id, d.category, 1 FROM transactions AS t JOIN products AS d ON d.product_id = t.product_id
WHERE t.local_timestamp >= ? AND t.local_timestamp < ? GROUP BY t.customer_id, d.category HAVING round(sum(t.amount), 6) > 0
"""


@dataclass(frozen=True)
class World:
    """What was known at a date and what came after: n customers, c categories, s segments."""

    bought: Floats  # (n, c) 1 = before the date
    days: Floats  # (n, c) on how many days
    came: Floats  # (n, c) 1 = in the days after
    log_odds: Floats  # (c, c) netlift's, of all customers together
    error: Floats  # (c, c)
    segment: Ints  # (n,)
    proposals: tuple[Proposal, ...]
    categories: tuple[str, ...]


Score = Callable[..., Floats]


def run() -> dict[str, Any]:
    """By number of categories: precision and hits of each method with 95 % intervals, differences to netlift, and the proposals' fate."""
    with tempfile.TemporaryDirectory() as folder:
        data.write(Path(folder))
        told = {}
        for largest in LARGEST:
            with mock.patch.object(affinity, "LARGEST", largest):
                told[f"{largest} categories"] = _compared(*(_world(Path(folder), day) for day in (CHOOSE, REPORT)))
        return {"chosen_on": str(CHOOSE), "reported_on": str(REPORT), "days": AHEAD, **told}


def _compared(earlier: World, later: World) -> dict[str, Any]:
    chosen = {
        name: max(values, key=lambda told, s=score: _right(earlier, s(earlier, **told)).mean()) for name, (score, values) in METHODS.items()
    }
    right = {name: _right(later, score(later, **chosen[name])) for name, (score, _) in METHODS.items()}
    rng = np.random.default_rng(7)
    draws = rng.integers(0, len(later.segment), (DRAWS, len(later.segment)))
    return {
        "customers": len(later.segment),
        "methods": {name: _told(r, draws, chosen[name]) for name, r in right.items()},
        "netlift_above": {
            name: _interval((right["netlift"] - r).mean() / NAMED, (right["netlift"] - r)[draws].mean(axis=1) / NAMED)
            for name, r in right.items()
            if name != "netlift"
        },
        "proposals": _proposals_told(later, draws),
    }


def _world(folder: Path, as_of: date) -> World:
    settings = parse({**SETTINGS, "features": {"as_of": str(as_of)}}, folder=folder, sha256="")
    with tempfile.TemporaryDirectory() as landing, Engine() as engine:
        tables = sources.load(settings, engine, landing=Path(landing))
        known = features.build(settings, engine, tables)
        n = len(known.customer_ids)
        everybody = purchases(engine, tables, known, np.zeros(n, dtype=np.int64), offers=(), sensitivity=features.sensitivity)
        if everybody is None:
            raise AssertionError("nobody buys anything")
        bought = _matrix(known, range(len(everybody.categories)), engine.rows(f"SELECT customer_id, item, 1 FROM {BOUGHT}"))
        days = _matrix(known, everybody.categories, engine.rows(DAYS, (as_of,)))
        came = _matrix(known, everybody.categories, engine.rows(LATER, (as_of, as_of + timedelta(days=AHEAD))))
        segment = _segments(known)
        made = offers.proposals(engine, tables, known, _segmentation(segment), offers=(), sensitivity=features.sensitivity)
    together = pairs(everybody, 0)
    return World(bought, days * bought, came, together.log_odds, together.error, segment, made, everybody.categories)


def _matrix(known: Features, categories: Iterable[Any], rows: list[tuple[Any, ...]]) -> Floats:
    row = {customer: i for i, customer in enumerate(known.customer_ids)}
    column = {category: i for i, category in enumerate(categories)}
    found = np.zeros((len(row), len(column)))
    for customer, category, value in rows:
        if customer in row and category in column:
            found[row[customer], column[category]] = value
    return found


def _segments(known: Features) -> Ints:
    """Five groups of customers by how much, how often and how lately they bought: not by what."""
    facts = np.column_stack([np.log1p(np.maximum(known.column(name), 0)) for name in ("monetary", "frequency", "recency")])
    return KMeans(5, n_init=10, random_state=7).fit_predict((facts - facts.mean(axis=0)) / facts.std(axis=0)).astype(np.int64) + 1


def _segmentation(segment: Ints) -> Segmentation:
    nothing = np.zeros(len(segment))
    verdict = Verdict("constructed", useful=False, reason="")
    return Segmentation(verdict, (), "kmeans", segment, nothing, nothing, nothing, np.full(len(segment), "", dtype=object), ())


def _popular(world: World) -> Floats:
    return np.tile(world.bought.mean(axis=0), (len(world.bought), 1))


def _netlift(world: World, weight: float) -> Floats:
    """Log odds of the category, moved by what was bought and what was not; odds ratios are drawn to 1 by their errors."""
    share = world.bought.mean(axis=0)
    usable = np.isfinite(world.log_odds) & np.isfinite(world.error)
    log_odds, error = np.where(usable, world.log_odds, 0), np.where(usable, world.error, 1)
    spread = max(float((log_odds[usable] ** 2 - error[usable] ** 2).mean()), 0)  # true variance around 0, by moments
    drawn = np.where(usable, log_odds * spread / (spread + error**2), 0)
    return np.asarray(np.log(share / (1 - share)) + weight * (world.bought - share) @ drawn)


def _cosine(world: World) -> Floats:
    both = world.bought.T @ world.bought
    cosine = both / np.sqrt(np.outer(np.diag(both), np.diag(both)))
    np.fill_diagonal(cosine, 0)
    return np.asarray(world.bought @ cosine)


def _svd(world: World, factors: int, *, days: bool) -> Floats:
    svd = TruncatedSVD(factors, random_state=7)
    return np.asarray(svd.inverse_transform(svd.fit_transform(np.log1p(world.days) if days else world.bought)))


def _als(world: World, factors: int, alpha: float, regularization: float) -> Floats:
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - not a dependency

    model = AlternatingLeastSquares(factors, alpha=alpha, regularization=regularization, random_state=7, num_threads=1)
    model.fit(csr_matrix(world.days), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T)


FACTORS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
METHODS: dict[str, tuple[Score, tuple[dict[str, Any], ...]]] = {
    "netlift": (_netlift, tuple({"weight": w} for w in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0))),
    "most popular": (_popular, ({},)),
    "cosine of categories": (_cosine, ({},)),
    "truncated SVD": (_svd, tuple({"factors": f, "days": d} for f in FACTORS for d in (False, True))),
}
if find_spec("implicit"):
    METHODS["ALS"] = (
        _als,
        tuple(
            {"factors": f, "alpha": a, "regularization": r}
            for f in (1, 2, 4, 8, 16, 32)
            for a in (0.1, 1.0, 10.0)
            for r in (0.01, 1.0, 30.0)
        ),
    )


def _right(world: World, score: Floats) -> Ints:
    """How many of the categories named to each customer he then bought, (n,); who has bought nearly all is named fewer."""
    open_ = np.where(world.bought > 0, -np.inf, score)
    named = np.argsort(-open_, axis=1, kind="stable")[:, :NAMED]
    return np.asarray((np.take_along_axis(world.came * (world.bought == 0), named, axis=1)).sum(axis=1), dtype=np.int64)


def _told(right: Ints, draws: Ints, told: Mapping[str, Any]) -> dict[str, Any]:
    hit = right > 0
    return {
        "told": told,
        "precision_at_3": _interval(right.mean() / NAMED, right[draws].mean(axis=1) / NAMED),
        "hit_rate": _interval(hit.mean(), hit[draws].mean(axis=1)),
    }


def _interval(figure: float, drawn: Floats) -> list[float]:
    return [round(float(x), 4) for x in (figure, *np.quantile(drawn, [0.025, 0.975]))]


def _proposals_told(world: World, draws: Ints) -> dict[str, Any]:
    """Who had not bought a proposed category and then did, in the segment and elsewhere; and the same of what was not proposed."""
    named = {(p.segment, world.categories.index(c.category)) for p in world.proposals for c in p.categories}
    segments = sorted({segment for segment, _ in named})
    others = {(segment, item) for segment in segments for item in range(len(world.categories))} - named
    (here, there), (here_others, there_others) = (_rates(world, which, draws) for which in (named, others))
    return {
        "proposals": len(named),
        "of_segments": len(segments),
        "rate_in_segment": _interval(*_split(here)),
        "rate_elsewhere": _interval(*_split(there)),
        "ratio": _interval(*_split(here / there)),
        "ratio_of_what_was_not_proposed": _interval(*_split(here_others / there_others)),
        "ratio_of_ratios": _interval(*_split(here / there / (here_others / there_others))),
    }


def _split(figures: Floats) -> tuple[float, Floats]:
    return float(figures[0]), figures[1:]


def _rates(world: World, named: Iterable[tuple[int, int]], draws: Ints) -> tuple[Floats, Floats]:
    """New buyers / customers who had not bought, over all pairs of segment and category, in the segments and elsewhere.

    The first figure is of all customers, the others of the resamples.
    """
    n = len(world.segment)
    here, there = (np.zeros((n, 2)) for _ in range(2))  # who had not bought it, and who of them then did
    for segment, item in named:
        new = (1 - world.bought[:, item])[:, None] * np.column_stack([np.ones(n), world.came[:, item]])
        inside = (world.segment == segment)[:, None]
        here, there = here + new * inside, there + new * ~inside
    sums = [np.concatenate([x.sum(axis=0)[None], x[draws].sum(axis=1)]) for x in (here, there)]
    inside_rate, outside_rate = (x[:, 1] / x[:, 0] for x in sums)
    return inside_rate, outside_rate
