"""Calibrate the review's score on the labelled campaigns and tell how good verdict and score are.

Weights: logistic regression of "the label is block" on the factors, all weights >= 0, with a small ridge penalty: labels are few.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from netlift import review
from netlift.review.cases import campaign
from netlift.review.scorecard import FACTORS, factors
from netlift.settings import ReviewSettings

ROOT = Path(__file__).parent.parent
RIDGE, FOLDS, BINS = 0.5, 10, 5
VERSION = "2026-12-1"


def run() -> dict[str, Any]:
    """Fit, cross-validate, write the scorecard."""
    cases = [json.loads(line) for name in ("shared_cases", "campaigns") for line in _lines(name)]
    judged = [(c, campaign(c)) for c in cases]
    start = time.process_time()
    found = [review.judge(described, ReviewSettings()) for _, described in judged]
    seconds = (time.process_time() - start) / len(cases)
    x = np.array([[factors(d, f)[name] for name in FACTORS] for (_, d), f in zip(judged, found, strict=True)])
    y = np.array([c["expected"]["verdict"] == "block" for c in cases], dtype=float)
    base, weights = _fit(x, y)
    card = {"version": VERSION, "labelled": len(cases), "base": base, "weights": dict(zip(FACTORS, weights, strict=True))}
    (ROOT / "src/netlift/review/scorecard.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    out = _out_of_fold(x, y)
    told = [(c["split"], c["expected"]["verdict"], review.verdict(f)) for c, f in zip(cases, found, strict=True)]
    blocks = int(y.sum())
    return {
        "labelled": len(cases),
        "blocks": blocks,
        "verdicts": {split: _verdicts([t for t in told if t[0] == split]) for split in ("shared", "tuning", "held back", "second")},
        "brier": round(float(np.mean((out - y) ** 2)), 3),
        "brier_of_the_base_rate": round(float(y.mean() * (1 - y.mean())), 3),
        "reliability": _reliability(out, y),
        "milliseconds": round(1000 * seconds, 1),
        "weights": {"base": base, **card["weights"]},
    }


def _lines(name: str) -> list[str]:
    return (ROOT / f"tests/review/{name}.jsonl").read_text(encoding="utf-8").splitlines()


def _verdicts(told: list[tuple[str, str, str]]) -> dict[str, int]:
    passed = sum(label == "block" and got == "pass" for _, label, got in told)
    flagged = sum(label == "pass" and got != "pass" for _, label, got in told)
    return {"campaigns": len(told), "right": sum(label == got for _, label, got in told), "block_passed": passed, "pass_flagged": flagged}


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[float, list[float]]:
    """Base and weights, in log-odds."""

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        z = b[0] + x @ b[1:]
        p = 1 / (1 + np.exp(-z))
        grad = np.r_[np.sum(p - y), x.T @ (p - y) + RIDGE * b[1:]]
        return float(np.sum(np.logaddexp(0, z) - y * z) + RIDGE / 2 * np.sum(b[1:] ** 2)), grad

    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    b = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    return round(float(b[0]), 4), [round(float(w), 4) for w in b[1:]]


def _out_of_fold(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Probability of each campaign by weights that have not seen it."""
    fold = np.random.default_rng(7).permutation(len(y)) % FOLDS
    p = np.empty(len(y))
    for k in range(FOLDS):
        base, weights = _fit(x[fold != k], y[fold != k])
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
