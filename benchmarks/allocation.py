"""Allocation of a million customers to 6 offers on 3 channels: gap, CPU and memory; on a sample beside HiGHS's linear program.

Profits are those of notes/experiments.md 14: something a customer has in common for all offers, something of his own for each, times the
channel's strength, less its cost. A second million are worth what their segment is, as in `prepare`, so that thousands are alike.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity, kron, vstack

from benchmarks.measured import measured
from netlift.offers.allocation import Allocation, Option, allocate
from netlift.records import Floats

CUSTOMERS, SAMPLE = 1_000_000, 20_000
SEGMENTS, ALIKE = 6, 10  # of the alike; runs with different segments
CHANNELS = {"email": (0.02, 1.0), "sms": (0.1, 1.5), "phone": (1.0, 4.0)}  # cost of a contact, strength
OPTIONS = tuple(Option(f"offer {i}", channel, cost) for i in range(6) for channel, (cost, _) in CHANNELS.items())
BUDGET, CAPACITY = 0.06, {"sms": 0.2, "phone": 0.05}  # per customer
ALLOCATE = "import sys; from benchmarks.allocation import everybody; everybody(sys.argv[1])"


def run() -> dict[str, Any]:
    """Everybody's allocation, and of a sample the profit and CPU beside the optimum of the linear program."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told.json"
        memory = measured(ALLOCATE, str(file))["peak_gb"]
        told = json.loads(file.read_text())
    alike = [_timed(_alike(seed)) for seed in range(ALIKE)]
    profit = _profits(SAMPLE)
    found, seconds = _timed(profit)
    best, theirs = _program(profit)
    return {
        "customers": CUSTOMERS,
        "options": len(OPTIONS),
        **told,
        "peak_gb": memory,
        "alike": {
            "runs": ALIKE,
            "segments": SEGMENTS,
            "largest_gap": round(max(each.gap for each, _ in alike), 6),
            "largest_cpu_seconds": round(max(cpu for _, cpu in alike), 1),
        },
        "sample": {
            "customers": SAMPLE,
            "gap": round(found.gap, 6),
            "share_of_highs": round(found.profit / best, 6),
            "bound_to_highs": round(found.bound / best, 6),
            "highs_cpu_to_ours": round(theirs / seconds, 1),
        },
    }


def everybody(file: str) -> None:
    """Write gap and seconds of everybody's allocation."""
    profit = _profits(CUSTOMERS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found, seconds = _timed(profit)
    told = {"gap": round(found.gap, 6), "cpu_seconds": round(seconds, 1), "contacted": round(float((found.choice >= 0).mean()), 3)}
    Path(file).write_text(json.dumps({**told, "prices": found.prices, "profits_alone_gb": round(before, 2)}))


def _profits(n: int) -> Floats:
    rng = np.random.default_rng(11)
    own = rng.normal(0, 0.6, (n, 1)) + rng.normal(0.2, 1, (n, 6))
    return np.column_stack([own[:, i] * strength - cost for i in range(6) for cost, strength in CHANNELS.values()])


def _alike(seed: int) -> Floats:
    """Profits of six segments; three of ten customers do not get a channel's messages."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(1.5, 1, (SEGMENTS, 6))[rng.integers(0, SEGMENTS, CUSTOMERS)]
    profit = np.column_stack([worth[:, i] - cost for i in range(6) for cost, _ in CHANNELS.values()])
    for j in range(len(CHANNELS)):
        profit[np.ix_(rng.random(CUSTOMERS) < 0.3, range(j, len(OPTIONS), len(CHANNELS)))] = np.nan
    return profit


def _timed(profit: Floats) -> tuple[Allocation, float]:
    n, before = len(profit), time.process_time()
    found = allocate(profit, OPTIONS, budget=BUDGET * n, capacity={c: int(share * n) for c, share in CAPACITY.items()})
    return found, time.process_time() - before


def _program(profit: Floats) -> tuple[float, float]:
    """Optimum of the linear program, which no allocation exceeds, and its CPU seconds."""
    n, m = profit.shape
    each = kron(identity(n), np.ones((1, m)))
    cost = csr_array(np.tile([o.cost for o in OPTIONS], n)[None])
    channels = [csr_array(np.tile([float(o.channel == c) for o in OPTIONS], n)[None]) for c in CAPACITY]
    rows = vstack([hstack([each]), cost, *channels], format="csr")
    most = np.concatenate([np.ones(n), [BUDGET * n], [int(share * n) for share in CAPACITY.values()]])
    before = time.process_time()
    solved = linprog(-profit.ravel(), rows, most, bounds=(0, 1), method="highs")
    return float(-solved.fun), time.process_time() - before
