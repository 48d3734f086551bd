"""Whom a contact moves: policies against known truth, data without any effect, Hillstrom beside other libraries, and a real pilot.

`known_truth`: 100,000 customers whose effects are known; what netlift decides for each is judged by the truth, beside what could be earned
with perfect knowledge of the effects. `no_effect`: 100 experiments in which a contact moves nobody, or everybody alike. `hillstrom`: the
same folds, customers and columns for netlift and for libraries in an environment of their own (`PEERS`). `pilot`: `marketing_campaign`.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from netlift import targets
from netlift.offers import columns as encoding
from netlift.offers import qini, uplift
from netlift.offers.targeting import DO_NOT, Ask, target
from netlift.offers.uplift import Trial
from netlift.records import Accounting, Floats, Ints

SHARED = Path(__file__).parents[2] / "shared" / "data"
CUSTOMERS, EXPERIMENTS, FEW = 100_000, 100, 4_000
SEEDS = 10
PEERS = ("lightgbm==4.7.0", "econml==0.17.0")
World = Callable[[np.random.Generator, int], tuple[dict[str, Floats], Floats, Floats, float]]  # columns, base (n,), effects (n, A), cost


def run() -> dict[str, Any]:
    """All four."""
    return {"known_truth": _known_truth(), "no_effect": _no_effect(), "hillstrom": _hillstrom(), "pilot": _pilot()}


# --- known truth --------------------------------------------------------------------------------------------------


def _features(rng: np.random.Generator, n: int) -> dict[str, Floats]:
    """Eight facts, two of them skewed and one of two values."""
    found = {f"x{j}": rng.normal(size=n) for j in range(5)}
    return {
        **found,
        "spend": rng.lognormal(3, 1, n),
        "visits": rng.poisson(3, n).astype(float),
        "member": rng.integers(0, 2, n).astype(float),
    }


def _linear(rng: np.random.Generator, n: int) -> tuple[dict[str, Floats], Floats, Floats, float]:
    x = _features(rng, n)
    return x, 0.15 + 0.03 * x["member"] + 0.02 * np.tanh(x["x1"]), (0.02 + 0.04 * np.tanh(x["x0"]))[:, None], 0.02


def _corner(rng: np.random.Generator, n: int) -> tuple[dict[str, Floats], Floats, Floats, float]:
    """Only customers who are high in two facts at once are moved, others are put off."""
    x = _features(rng, n)
    both = (x["x0"] > 0) & (x["x1"] > 0)
    return x, 0.2 + 0.03 * np.tanh(x["x2"]), np.where(both, 0.10, -0.02)[:, None], 0.02


def _few(rng: np.random.Generator, n: int) -> tuple[dict[str, Floats], Floats, Floats, float]:
    """One customer of twenty is moved much."""
    x = _features(rng, n)
    return x, 0.10 + 0.02 * x["member"], np.where(x["x0"] > 1.645, 0.30, 0.0)[:, None], 0.05


def _two_offers(rng: np.random.Generator, n: int) -> tuple[dict[str, Floats], Floats, Floats, float]:
    x = _features(rng, n)
    return x, np.full(n, 0.15), np.column_stack([0.05 * np.tanh(x["x0"]), 0.05 * np.tanh(x["x1"])]), 0.01


WORLDS: Mapping[str, World] = {"linear": _linear, "two facts at once": _corner, "one of twenty": _few, "two offers": _two_offers}


def _known_truth() -> dict[str, Any]:
    found = {}
    for number, (name, world) in enumerate(WORLDS.items()):
        rng = np.random.default_rng([11, number])
        columns, base, effects, cost = world(rng, CUSTOMERS)
        told, truth = _decided(rng, columns, base, effects, cost), effects - cost
        gain = np.column_stack([np.zeros(CUSTOMERS), truth])
        chosen = np.array([0 if d == DO_NOT else int(d[-1]) for d in told.decision])
        earned, best, everybody = gain[np.arange(CUSTOMERS), chosen].mean(), gain.max(axis=1).mean(), gain.mean(axis=0).max()
        assert told.policy is not None
        found[name] = {
            "learner": told.learner,
            "value_of_oracle": round(float((base.mean() + earned) / (base.mean() + best)), 4),
            "gain_of_oracle": round(float(earned / best), 3),
            "best_for_all_gain_of_oracle": round(float(everybody / best), 3),
            "personalised": bool(told.policy["gain_low"] > 0),
        }
    return found


def _decided(rng: np.random.Generator, columns: dict[str, Floats], base: Floats, effects: Floats, cost: float) -> Any:  # noqa: ANN401
    n, arms = effects.shape
    arm = rng.integers(0, arms + 1, n)
    chance = base + np.column_stack([np.zeros(n), effects])[np.arange(n), arm]
    table = {**columns, "y": (rng.random(n) < chance).astype(float), "arm": np.array([f"arm {a}" for a in arm], dtype=object)}
    ids = np.array([f"c{i}" for i in range(n)], dtype=object)
    return target(ids, table, Ask("y", Accounting("benchmark", cost, 1.0, "EUR"), "arm", "arm 0"))


# --- no effect ----------------------------------------------------------------------------------------------------


def _no_effect() -> dict[str, Any]:
    found = {}
    for name, effect in (("moves nobody", 0.0), ("moves everybody alike", 0.03)):
        silent = one_by_one = 0
        for number in range(EXPERIMENTS):
            rng = np.random.default_rng([12, number])
            x = _features(rng, FEW)
            told = _decided(rng, x, 0.15 + 0.05 * np.tanh(x["x0"]), np.full((FEW, 1), effect), 0.01)
            silent += "no uplift found" in told.sentence
            one_by_one += told.policy["gain_low"] > 0
        found[name] = {"experiments": EXPERIMENTS, "no_uplift_found": silent, "personalised": one_by_one}
    return found


# --- Hillstrom, beside other libraries ------------------------------------------------------------------------------

PEER = """
import sys, time
import numpy as np
from lightgbm import LGBMClassifier
from econml.dr import LinearDRLearner
from econml.dml import LinearDML
from sklearn.linear_model import LogisticRegression, RidgeCV
file, name = sys.argv[1:3]
d = np.load(file)
X, t, y, fold = d["X"], d["t"], d["y"], d["fold"]
def boosted():
    style = dict(n_estimators=100, max_depth=3, learning_rate=0.05, min_child_samples=200, reg_lambda=1.0)
    return LGBMClassifier(**style, verbose=-1, n_jobs=1, random_state=7)
def two(a, b, Xl, tl, yl, Xs):
    return a.fit(Xl[tl == 1], yl[tl == 1]).predict_proba(Xs)[:, 1] - b.fit(Xl[tl == 0], yl[tl == 0]).predict_proba(Xs)[:, 1]
def solo(Xl, tl, yl, Xs):
    m, ones = boosted().fit(np.column_stack([Xl, tl]), yl), np.ones(len(Xs))
    one, zero = (m.predict_proba(np.column_stack([Xs, a * ones]))[:, 1] for a in (1, 0))
    return one - zero
def dr(Xl, tl, yl, Xs):
    m = LinearDRLearner(model_propensity=LogisticRegression(C=0.1), model_regression=RidgeCV(10.0 ** np.arange(6)), cv=5, random_state=7)
    return m.fit(yl, tl, X=Xl).effect(Xs)
def dml(Xl, tl, yl, Xs):
    m = LinearDML(model_y=RidgeCV(10.0 ** np.arange(6)), model_t=LogisticRegression(C=0.1), discrete_treatment=True, cv=5, random_state=7)
    return m.fit(yl, tl, X=Xl).effect(Xs)
learners = {"solo LightGBM": solo, "econml LinearDRLearner": dr, "econml LinearDML": dml}
learn = {**learners, "two models LightGBM": lambda *a: two(boosted(), boosted(), *a)}[name]
started, score = time.process_time(), np.empty(len(y))
for k in np.unique(fold):
    learning, scoring = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
    score[scoring] = learn(X[learning], t[learning], y[learning], X[scoring])
np.savez(file + ".out.npz", score=score, cpu=time.process_time() - started)
"""
NAMES = ("two models LightGBM", "solo LightGBM", "econml LinearDRLearner", "econml LinearDML")


def _hillstrom() -> dict[str, Any]:
    table = pyarrow.csv.read_csv(SHARED / "hillstrom" / "hillstrom_half_a.csv.gz")
    women = table.filter(np.isin(table["segment"].to_pylist(), ["No E-Mail", "Womens E-Mail"]))
    t = np.array([s == "Womens E-Mail" for s in women["segment"].to_pylist()]).astype(np.int64)
    given = [n for n in women.column_names if n not in {"row_id", "segment", "visit", "conversion", "spend"}]
    columns = {n: np.array(women[n].to_pylist(), dtype=object if pa.types.is_string(women[n].type) else float) for n in given}
    with tempfile.TemporaryDirectory() as folder:
        python = _peers(Path(folder))
        return {
            outcome: _compared(columns, t, women[outcome].to_numpy().astype(float), python, Path(folder)) for outcome in ("visit", "spend")
        }


def _compared(columns: Mapping[str, Any], t: Ints, y: Floats, python: str, folder: Path) -> dict[str, Any]:
    """Qini per 1,000 customers of each learner and its paired interval against netlift's default, and CPU as multiples of two models'."""
    trial = Trial(np.empty((len(y), 0)), t, y, np.bincount(t) / len(t), 7)
    scores: dict[str, tuple[Floats, float]] = {}
    for name in uplift.DEFAULT:
        started = time.process_time()
        found = uplift.effects(columns, trial, (name,))
        scores[f"netlift {name}"] = (found.by_learner[name][:, 0], time.process_time() - started)
    started = time.process_time()
    uplift.effects(columns, trial)
    together = time.process_time() - started
    design = encoding.fit(columns, np.arange(len(y)))
    np.savez(folder / "d.npz", X=design.matrix(columns), t=t, y=y, fold=found.fold)
    for name in NAMES if set(np.unique(y)) <= {0.0, 1.0} else NAMES[2:]:  # the boosted ones are classifiers
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run([python, "-W", "ignore", "-c", PEER, str(folder / "d.npz"), name], check=True, capture_output=True, env=environment)
        with np.load(folder / "d.npz.out.npz") as out:
            scores[name] = (out["score"], float(out["cpu"]))
    drawn = {name: qini.qini(qini.ranks(score, found.fold, seed=7), t, y, seed=7) for name, (score, _) in scores.items()}
    ours, unit = drawn[f"netlift {uplift.DEFAULT[0]}"], scores.get("two models LightGBM", (None, np.nan))[1]
    told: dict[str, Any] = {"all three of netlift": {"cpu_of_two_models": None if np.isnan(unit) else round(together / unit, 2)}}
    return told | {
        name: {
            "qini": round(1000 * q.q, 2),
            "low": round(1000 * q.low, 2),
            "high": round(1000 * q.high, 2),
            "ours_minus_this": [round(1000 * float(v), 2) for v in np.quantile(ours.draws - q.draws, [0.025, 0.975])],
            "cpu_of_two_models": None if np.isnan(unit) else round(scores[name][1] / unit, 2),
        }
        for name, q in drawn.items()
    }


def _peers(folder: Path) -> str:
    """The Python of an environment with the other libraries; NETLIFT_PEERS names one that is there already."""
    if "NETLIFT_PEERS" in os.environ:
        return os.environ["NETLIFT_PEERS"]
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peers")], check=True)
    python = str(folder / "peers" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


# --- a real pilot -------------------------------------------------------------------------------------------------


def _pilot() -> dict[str, Any]:
    """`marketing_campaign`: the same command on the same customers in ten orders, which make ten sets of folds."""
    table = pyarrow.csv.read_csv(
        SHARED / "marketing_campaign" / "marketing_campaign.csv.gz", parse_options=pyarrow.csv.ParseOptions(delimiter=_delimiter())
    )
    told = []
    with tempfile.TemporaryDirectory() as name:
        for seed in range(SEEDS):
            shuffled = table.take(np.random.default_rng([13, seed]).permutation(len(table)))
            ids = pa.array([f"{i:05d}" for i in range(len(table))])
            pq.write_table(shuffled.set_column(shuffled.column_names.index("ID"), "ID", ids), Path(name) / "pilot.parquet")
            told.append(targets(Path(name) / "pilot.parquet", customer="ID", outcome="Response", contact_cost=3, revenue=11))
    profit = [t.profit for t in told]
    return {
        "profit": round(float(np.mean(profit))),
        "least": round(min(profit)),
        "most": round(max(profit)),
        "low": round(float(np.mean([t.profit_low for t in told]))),
        "high": round(float(np.mean([t.profit_high for t in told]))),
        "profit_all": round(told[0].profit_all),
        "auc": round(float(np.mean([t.auc or np.nan for t in told])), 4),
        "calibration_error": round(float(np.mean([t.calibration_error or np.nan for t in told])), 4),
    }


def _delimiter() -> str:
    with gzip.open(SHARED / "marketing_campaign" / "marketing_campaign.csv.gz", "rt", encoding="utf-8") as file:
        head = file.readline()
    return max(",;\t", key=head.count)
