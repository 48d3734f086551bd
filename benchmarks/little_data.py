"""Very little data per customer: what each remedy gains where the truth is known (the simulations of notes/segmentation.md 10)."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from netlift import features, sources
from netlift.engine import Engine
from netlift.insight import opinions
from netlift.offers.evidence import rates
from netlift.offers.whom_to_ask import evpi
from netlift.records import Feature, Features, Floats, Segmentation, TableInput, Tables, Verdict
from netlift.settings import parse

SHARES, CONCENTRATION, CUSTOMERS = np.array([0.3, 0.25, 0.2, 0.12, 0.08, 0.05]), 8.0, 20_000
SURVEYS, BASE = 200, 20_000
SEGMENTS, CAMPAIGNS = 8, 2000
ASKED, BASES, PROFIT = 300, 40, np.array([-2, -0.5, 1, 4.0])


def run() -> dict[str, Any]:
    """Errors with and without each remedy, and how often 95 % intervals hold the truth."""
    return {"shares": _shares(), "rates": _rates(), "survey": _survey(), "whom_to_ask": _whom()}


def _shares() -> dict[str, Any]:
    """Features of the shares of six categories as netlift builds them, and as they are in the few lines; one line of two is the rule."""
    rng = np.random.default_rng(1)
    truth = rng.dirichlet(CONCENTRATION * SHARES, CUSTOMERS)
    lines = rng.geometric(0.35, CUSTOMERS)
    counts = rng.multinomial(lines, truth)
    customer = np.repeat(np.arange(CUSTOMERS), lines)
    kind = np.concatenate([np.repeat(np.arange(len(SHARES)), row) for row in counts])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        at = np.datetime64("2026-01-01T12:00:00") + np.arange(len(customer)).astype("timedelta64[s]")
        ids, products = pa.array([f"c{i:06d}" for i in customer]), pa.array([f"p{i}" for i in kind])
        sold = {"customer_id": ids, "timestamp": at, "amount": np.ones(len(at)), "product_id": products}
        pq.write_table(pa.table(sold), folder / "sales.parquet")
        pq.write_table(pa.table({"product_id": [f"p{i}" for i in range(6)], "category": list("abcdef")}), folder / "products.parquet")
        tables = {"transactions": {"path": "sales.parquet", "format": {"time_zone": "UTC"}}, "products": {"path": "products.parquet"}}
        settings = parse({"project": {"name": "b", "currency": "EUR", "time_zone": "UTC"}, "tables": tables}, folder=folder, sha256="")
        with Engine() as engine:
            known = features.build(settings, engine, sources.load(settings, engine, landing=folder / "landing"))
    shrunk = np.column_stack([known.column(f"share_{c}") for c in "abcdef"])
    few = lines <= 2
    off = {"raw": np.abs(counts / lines[:, None] - truth).sum(axis=1), "netlift": np.abs(shrunk - truth).sum(axis=1)}
    return {
        "concentration": round(known.learnt.shares["share_a"][0], 1),
        "true_concentration": CONCENTRATION,
        "error": {name: round(float(e.mean()), 3) for name, e in off.items()},
        "error_of_one_or_two_lines": {name: round(float(e[few].mean()), 3) for name, e in off.items()},
    }


def _rates() -> dict[str, Any]:
    """Answer rates of eight segments with 5 to 60 contacts each, drawn anew for each campaign."""
    rng = np.random.default_rng(2)
    error: dict[str, list[float]] = {"raw": [], "netlift": []}
    inside = []
    for _ in range(CAMPAIGNS):
        truth, contacts = rng.beta(2, 14, SEGMENTS), rng.integers(5, 61, SEGMENTS)
        group = np.repeat(np.arange(SEGMENTS), contacts)
        answers = (rng.random(len(group)) < truth[group]).astype(np.int64)
        found = rates(np.ones_like(answers), answers, group, SEGMENTS)
        error["raw"].append(float(np.abs(found.responses / found.contacts - truth).mean()))
        error["netlift"].append(float(np.abs(found.rate - truth).mean()))
        inside.append((found.low <= truth) & (truth <= found.high))
    return {"error": {name: round(float(np.mean(e)), 4) for name, e in error.items()}, "inside": round(float(np.mean(inside)), 3)}


def _survey() -> dict[str, Any]:
    """Surveys whom the keen answer more often: the share of all who would say yes, as answered and as weighted."""
    rng = np.random.default_rng(3)
    error: dict[str, list[float]] = {"raw": [], "netlift": []}
    inside, effective = [], []
    with Engine() as engine:
        for _ in range(SURVEYS):
            segment = rng.choice([1, 2, 3], BASE, p=[0.2, 0.3, 0.5])
            recency = rng.gamma(2, 10 * segment)
            keen = np.clip(np.array([0, 0.8, 0.5, 0.2])[segment] - recency / 400, 0.02, 1)
            yes = rng.random(BASE) < keen
            rows = np.flatnonzero(rng.random(BASE) < 0.02 + 0.1 * keen)
            (said,) = (o for o in _asked(engine, segment, recency, rows, yes[rows]) if o.answer == "yes")
            error["raw"].append(said.raw - float(yes.mean()))
            error["netlift"].append(said.weighted - float(yes.mean()))
            inside.append(said.low <= yes.mean() <= said.high)
            effective.append(said.effective / said.answered)
    return {
        "too_high_by": {name: round(float(np.mean(e)), 3) for name, e in error.items()},
        "inside": round(float(np.mean(inside)), 3),
        "answers_worth": round(float(np.mean(effective)), 2),
    }


def _asked(engine: Engine, segment: Any, recency: Floats, rows: Any, yes: Any) -> Any:  # noqa: ANN401 - arrays in, opinions out
    ids = np.array([f"c{i:06d}" for i in range(len(segment))], dtype=object)
    feature = Feature("recency", "days", "time since the last purchase", "rhythm", "")
    known = Features(datetime(2026, 5, 1), (feature,), ids, recency[:, None], (), None, "", None)  # noqa: DTZ001 - local
    nothing = np.zeros(len(ids))
    found = Segmentation(Verdict("natural", True, "", {}), (), "kmeans", segment, nothing, nothing, nothing, ids, ())
    columns = {"customer_id": pa.array(ids[rows]), "question": ["?"] * len(rows), "answer": np.where(yes, "yes", "no").tolist()}
    engine.register("survey", pa.table(columns))
    told = Tables((TableInput("survey", "b", 1, 1, 0, 0, "", dict.fromkeys(columns, "text")),))
    said = opinions(known, found, told, session=engine, time_zone="UTC")
    engine.unregister("survey")
    return said


def _whom() -> dict[str, float]:
    """Extra profit of 300 invitations, mean of 40 bases of 6,000 customers in four segments that behaviour tells apart badly."""
    gains = np.mean([_gains(seed) for seed in range(BASES)], axis=0)
    return {name: round(float(g), 1) for name, g in zip(("random", "entropy", "evpi", "evpi_times_chance"), gains, strict=True)}


def _gains(seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    centres, z, o = rng.normal(0, 1.3, (4, 6)), rng.integers(0, 4, 6000), 1 + rng.geometric(0.4, 6000)
    x = centres[z] + rng.normal(0, 1, (6000, 6)) * 2.2 / np.sqrt(o)[:, None]
    logit = -((x[:, None, :] - centres) ** 2).sum(axis=2) * o[:, None] / (2 * 2.2**2)
    q = np.exp(logit - logit.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    respond = 0.15 + 0.35 * (o > 2)
    entropy = -(q * np.log(q + 1e-300)).sum(axis=1)
    gain = (rng.random(6000) < respond) * (np.maximum(PROFIT[z], 0) - (q @ PROFIT > 0) * PROFIT[z])
    scores = (rng.random(6000), entropy, evpi(q, PROFIT), evpi(q, PROFIT) * respond)
    return np.array([gain[np.argsort(-score)[:ASKED]].sum() for score in scores])
