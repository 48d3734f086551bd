"""Figures in the documentation are those that the benchmarks last wrote."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_maps_figures() -> None:
    """docs/methods/map.md shows what benchmarks/results/map.json holds."""
    page = (ROOT / "docs/methods/map.md").read_text(encoding="utf-8")
    for name, told in json.loads((ROOT / "benchmarks/results/map.json").read_text(encoding="utf-8")).items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        cells = [cell.strip().replace("−", "-") for cell in row.strip("|").split("|")][1:]
        kept, distances, silhouette, seconds = float(cells[0].removesuffix(" %")), *map(float, cells[1:])
        assert kept == round(100 * told["neighbours_kept"], 1)
        assert (distances, silhouette) == (told["distances_spearman"], told["silhouette_of_types"])
        assert abs(seconds - told["cpu_seconds"]) < 0.05
