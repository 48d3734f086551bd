"""Run every benchmark (or those named) and write its result as JSON beside it: python -m benchmarks [NAME …]."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> None:
    """Run, print and keep."""
    names = sys.argv[1:] or sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_") and p.stem != "measured")
    for name in names:
        result = importlib.import_module(f"benchmarks.{name}").run()
        text = json.dumps(result, indent=1) + "\n"
        print(f"{name}: {text}", end="")
        (FOLDER / "results" / f"{name}.json").write_text(text, encoding="utf-8")


main()
