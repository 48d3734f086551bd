"""The comparison of all algorithms at k = 2..10: CPU as multiples of one full k-means fit in the same run, and peak memory.

The base is the one of notes/segmentation.md 15.3 after log and logit: six types, three factors, half a per cent of strangers. At a
million customers it stands in the engine, and memory holds a sample of it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from benchmarks.measured import measured
from netlift.engine import Engine
from netlift.features import matrix
from netlift.records import Accounting, Feature, Features, Outcome
from netlift.segments import algorithms, prep, screening, segment, selection, structure
from netlift.segments.task import Task
from netlift.settings import parse

SIZES = (100_000, 1_000_000)
CHUNK = 100_000
NAMES = ("recency", "frequency", "monetary", *(f"f{j}" for j in range(12)))
STUDY = "import sys; from benchmarks.comparison import study; study(int(sys.argv[1]), sys.argv[2])"


def run() -> dict[str, Any]:
    """For each size multiples of the unit, and the growth from the first to the second."""
    small, large = (_at(n) for n in SIZES)
    growth = round(large["cpu_seconds"]["whole"] / small["cpu_seconds"]["whole"], 2)
    return {"100,000 customers": small, "1,000,000 customers": large, "growth_of_whole": growth}


def _at(n: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told.json"
        memory = measured(STUDY, str(n), str(file))["peak_gb"]
        told = json.loads(file.read_text())
    seconds = {name: round(told[name], 2) for name in ("unit", "reading", "comparison", "null", "whole", "assignment")}
    multiples = {name: round(told[name] / told["unit"], 1) for name in ("comparison", "null", "whole", "assignment")}
    return {
        "in_units": multiples,
        "peak_gb": memory,
        "cpu_seconds": seconds,
        **{name: told[name] for name in ("candidates", "verdict", "chosen")},
    }


def study(n: int, file: str) -> None:
    """Write the CPU seconds of each step on n customers. `whole` is everything from scaling to the model, but for the assignment."""
    told: dict[str, Any] = {}

    def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever `work` takes and gives
            before = time.process_time()
            made = work(*given, **named)
            told[name] = told.get(name, 0.0) + time.process_time() - before
            return made

        return run

    settings = parse(
        {"project": {"name": "b", "currency": "EUR", "seed": 7}, "tables": {"customers": {"path": "c"}}}, folder=Path(), sha256=""
    )
    with Engine() as engine, threadpool_limits(1):
        known = timed("reading", _known)(engine, n)
        X = prep.fit(known, "auto")[0].apply(known.values)
        for seed in range(7):
            timed("unit", KMeans(6, n_init=1, random_state=seed).fit)(X[:CHUNK])
        told["unit"] /= 7
        task = Task(tuple(range(2, 11)), NAMES, 7)
        screened, _ = timed("comparison", screening.screen)(X, task, algorithms=algorithms.ALGORITHMS)
        with (
            mock.patch.object(selection, "_everybody", timed("assignment", selection._everybody)),  # noqa: SLF001 - to be timed apart
            mock.patch.object(structure, "examine", timed("null", structure.examine)),
        ):
            found = timed("whole", segment)(settings, known, session=engine)
    told["whole"] -= told["assignment"]
    told |= {"candidates": len(screened), "verdict": found.verdict.structure, "chosen": found.algorithm}
    Path(file).write_text(json.dumps(told))


def _known(engine: Engine, n: int) -> Features:
    rng = np.random.default_rng(7)
    centers, loadings = rng.normal(0, 1, (6, 15)), rng.normal(0, 0.5, (3, 15))
    answers = []
    for first in range(0, n, CHUNK):
        types = rng.choice(6, CHUNK, p=[0.30, 0.22, 0.18, 0.14, 0.10, 0.06])
        X = centers[types] + rng.normal(0, 1, (CHUNK, 3)) @ loadings + 0.8 * rng.standard_normal((CHUNK, 15))
        strange = rng.random(CHUNK) < 0.005
        X[strange] += 3 * rng.standard_t(2, (int(strange.sum()), 15))
        answers.append(rng.random(CHUNK) < np.array([0.02, 0.05, 0.08, 0.12, 0.16, 0.25])[types])
        ids = pa.array([f"c{i:07d}" for i in range(first, first + CHUNK)])
        engine.register("drawn", pa.table({"customer_id": ids, **dict(zip(NAMES, X.T, strict=True))}))
        engine.execute("INSERT INTO base SELECT * FROM drawn" if first else "CREATE TABLE base AS SELECT * FROM drawn")
        engine.unregister("drawn")
    read = matrix.read(engine, "SELECT * FROM base", NAMES)
    outcome = Outcome(
        Accounting("a", 3.0, 30.0, "EUR"), ("o",), np.ones((n, 1), np.int64), np.concatenate(answers).astype(np.int64)[:, None]
    )
    features = tuple(Feature(name, "", name, "attribute", "never") for name in NAMES)
    return Features(datetime(2020, 1, 1), features, read.customer_ids, read.values, NAMES, None, "", outcome, (), read.rows)  # noqa: DTZ001
