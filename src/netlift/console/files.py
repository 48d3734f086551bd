"""The output files of a run, as the pages show them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from netlift.errors import NotFound
from netlift.records import Estimate, Measurement, Verdict
from netlift.reports import charts


def currency(folder: Path) -> str:
    """The project's currency."""
    return str(_json(folder / "settings.json")["settings"]["project"]["currency"])


def verdict(folder: Path) -> Verdict:
    """Whether segments exist and are worth money."""
    return Verdict(**_json(folder / "run.json")["verdict"])


def segments(folder: Path) -> list[dict[str, Any]]:
    """The segments, the most valuable first; empty where the verdict is none."""
    found: list[dict[str, Any]] = _json(folder / "segments.json")
    return found


def segment_names(found: list[dict[str, Any]]) -> dict[int, str]:
    """Names by number; 0 is everybody."""
    return {0: "Everybody"} | {s["segment"]: s["name"] for s in found}


def recommendations(folder: Path) -> list[dict[str, Any]]:
    """What to do, per segment, each with the segment's `label`."""
    names = segment_names(segments(folder))
    return [{**r, "label": f"{r['segment'] or ''} {names[r['segment']]}".strip()} for r in _json(folder / "recommendations.json")]


def proposals(folder: Path) -> list[dict[str, Any]]:
    """What the next offers could be about, per segment with anything clear, each with the segment's `label`."""
    path = folder / "proposals.json"
    names = segment_names(segments(folder))
    found = _json(path) if path.exists() else []
    return [{**p, "label": f"{p['segment'] or ''} {names[p['segment']]}".strip()} for p in found if p["categories"]]


def comparison(folder: Path) -> list[dict[str, Any]]:
    """One row per algorithm and number of segments."""
    rows: list[dict[str, Any]] = pq.read_table(_there(folder / "comparison.parquet")).to_pylist()
    return rows


def measurement(folder: Path) -> Measurement | None:
    """What the run earned; None until it is closed."""
    path = folder / "measurement.json"
    if not path.exists():
        return None
    kept = _json(path)
    return Measurement(
        estimates=tuple(_estimate(e) for e in kept["estimates"]),
        best=_estimate(kept["best"]) if kept["best"] else None,
        sentence=kept["sentence"],
        start=date.fromisoformat(kept["start"]),
        end=date.fromisoformat(kept["end"]),
    )


def report(folder: Path) -> bytes:
    """report.html."""
    return _there(folder / "report.html").read_bytes()


def map_picture(folder: Path, *, seed: int) -> str:
    """The segment map as SVG; drawn once as long as the customers stay the same."""
    path = _there(folder / "customers.parquet")
    return _drawn(path, path.stat().st_mtime_ns, seed)


@lru_cache(maxsize=8)
def _drawn(path: Path, _changed: int, seed: int) -> str:
    table = pq.read_table(path, columns=["x", "y", "segment"])
    names = segment_names(segments(path.parent))
    spec = charts.segment_map(table["x"].to_numpy(), table["y"].to_numpy(), table["segment"].to_numpy(), names=names, seed=seed)
    return charts.svg(spec)


def _estimate(kept: Mapping[str, Any]) -> Estimate:
    return Estimate(**{**kept, "warnings": tuple(kept["warnings"])})


def _json(path: Path) -> Any:  # noqa: ANN401 -- any JSON value
    return json.loads(_there(path).read_text(encoding="utf-8"))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise NotFound(f"The run's file {path.name} is no longer in its folder; prepare the run again.")
    return path
