"""Calibrate the review's score on the labelled campaigns and tell how good verdict and score are.

Weights: logistic regression of the label (block 1, review 1/2, pass 0) on the factors, all weights >= 0, with a small ridge penalty:
labels are few. Every campaign is a family with its variants that keep the label; a family weighs 1 and is never split between folds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from scipy.optimize import minimize

from benchmarks._review_variants import ALWAYS, OF_COPY, changed, variants
from netlift import review
from netlift.review.cases import campaign
from netlift.review.scorecard import FACTORS, factors
from netlift.settings import ReviewSettings

ROOT = Path(__file__).parent.parent
RIDGE, FOLDS, BINS = 0.5, 10, 5
VERSION = "2026-12-2"  # raise it with every refit: it is a change of policy
LABEL = {"block": 1.0, "review": 0.5, "pass": 0.0}
SAME = ("reorder rules", "camouflage", "rename fields", "homoglyphs", "zero width", "upper case")  # that keep every label
SPLITS = ("shared", "tuning", "held back", "second", "third", "fourth")
PEOPLE = 1_000_000


def run() -> dict[str, Any]:
    """Fit, cross-validate, write the scorecard."""
    cases = [json.loads(line) for name in ("shared_cases", "campaigns") for line in _lines(name)]
    judged = [campaign(c) for c in cases]
    start = time.process_time()
    found = [review.judge(described, ReviewSettings()) for described in judged]
    seconds = (time.process_time() - start) / len(cases)
    family, x, y = _grown(cases)
    weight = 1 / np.bincount(family)[family]
    base, weights = _fit(x, y, weight)
    card = {"version": VERSION, "labelled": len(cases), "base": base, "weights": dict(zip(FACTORS, weights, strict=True))}
    (ROOT / "src/netlift/review/scorecard.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    out = _out_of_fold(x, y, weight, family)
    first = np.unique(family, return_index=True)[1]  # the campaign itself
    told = [(c["split"], c["expected"]["verdict"], review.verdict(f)) for c, f in zip(cases, found, strict=True)]
    return {
        "version": VERSION,
        "labelled": len(cases),
        "variants": len(y) - len(cases),
        "labels": {name: sum(c["expected"]["verdict"] == name for c in cases) for name in LABEL},
        "verdicts": {split: _verdicts([t for t in told if t[0] == split]) for split in SPLITS},
        "first_run": _first_runs(),
        "brier": round(float(np.average((out - y) ** 2, weights=weight)), 3),
        "brier_of_the_base_rate": round(float(np.average((np.average(y, weights=weight) - y) ** 2, weights=weight)), 3),
        "reliability": _reliability(out[first], y[first]),
        "disagrees": _disagrees(out[first], y[first]),
        "milliseconds": round(1000 * seconds, 1),
        "seconds_of_a_million": _of_a_million(),
        "weights": {"base": base, **card["weights"]},
    }


def _grown(cases: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Family (m,), factors (m, p) and labels (m,) of every campaign and of its variants that keep the label."""
    rows = [(i, case, c["expected"]["verdict"]) for i, c in enumerate(cases) for case in (c, *_kept(c))]
    described = [campaign(case) for _, case, _ in rows]
    x = [factors(d, review.judge(d, ReviewSettings())) for d in described]
    return np.array([i for i, _, _ in rows]), np.array([[f[n] for n in FACTORS] for f in x]), np.array([LABEL[v] for _, _, v in rows])


def _kept(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is blocked stays blocked in every variant; other labels stay in those that change nothing."""
    if case["expected"]["verdict"] == "block":
        yield from (new for _, new in variants(case))
    else:
        yield from (changed(case, {**ALWAYS, **OF_COPY}[name]) for name in SAME)


def _first_runs() -> dict[str, Any]:
    """Campaigns judged unseen, with the 95 % upper bound (Clopper and Pearson, one-sided) of the share of blocks that pass."""
    told = json.loads((ROOT / "benchmarks/results/review_first_run.json").read_text(encoding="utf-8"))
    for counts in told.values():
        missed, blocks = counts["block_passed"], counts["blocks"]
        counts["missed_at_most"] = round(float(stats.beta.ppf(0.95, missed + 1, blocks - missed)), 3)
    return dict(told)


def _of_a_million() -> float:
    """CPU seconds of the review of a plan for a million people that is blocked, so that a fix is looked for, too."""
    from tests.review.test_figures import a_million  # noqa: PLC0415 - the plan of the test

    features, plan = a_million()
    start = time.process_time()
    review.review(plan, ReviewSettings(), review.measured(features, plan, seed=1))
    return round(time.process_time() - start, 1)


def _disagrees(p: np.ndarray, y: np.ndarray) -> float:
    """Share of the campaigns to block or to pass on whose other side of one half the score stands."""
    sure = y != LABEL["review"]
    return round(float(np.mean((p[sure] > 0.5) != (y[sure] > 0.5))), 3)


def _lines(name: str) -> list[str]:
    return (ROOT / f"tests/review/{name}.jsonl").read_text(encoding="utf-8").splitlines()


def _verdicts(told: list[tuple[str, str, str]]) -> dict[str, int]:
    passed = sum(label == "block" and got == "pass" for _, label, got in told)
    flagged = sum(label == "pass" and got != "pass" for _, label, got in told)
    return {"campaigns": len(told), "right": sum(label == got for _, label, got in told), "block_passed": passed, "pass_flagged": flagged}


def _fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, list[float]]:
    """Base and weights, in log-odds."""

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        z = b[0] + x @ b[1:]
        p = 1 / (1 + np.exp(-z))
        grad = np.r_[np.sum(weight * (p - y)), x.T @ (weight * (p - y)) + RIDGE * b[1:]]
        return float(np.sum(weight * (np.logaddexp(0, z) - y * z)) + RIDGE / 2 * np.sum(b[1:] ** 2)), grad

    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    b = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return round(float(b[0]), 4), [round(float(w), 4) for w in b[1:]]


def _out_of_fold(x: np.ndarray, y: np.ndarray, weight: np.ndarray, family: np.ndarray) -> np.ndarray:
    """Score (0 to 1) of each row by weights that have seen nothing of its family."""
    fold = (np.random.default_rng(7).permutation(family.max() + 1) % FOLDS)[family]
    p = np.empty(len(y))
    for k in range(FOLDS):
        base, weights = _fit(x[fold != k], y[fold != k], weight[fold != k])
        p[fold == k] = 1 / (1 + np.exp(-(base + x[fold == k] @ np.array(weights))))
    return p


def _reliability(p: np.ndarray, y: np.ndarray) -> list[dict[str, float]]:
    rows = []
    for k in range(BINS):
        inside = (p >= k / BINS) & ((p < (k + 1) / BINS) | (k == BINS - 1))
        if inside.any():
            rows.append(
                {
                    "from": k / BINS,
                    "campaigns": int(inside.sum()),
                    "said": round(float(p[inside].mean()), 2),
                    "came": round(float(y[inside].mean()), 2),
                }
            )
    return rows
