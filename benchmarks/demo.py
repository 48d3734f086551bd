"""The whole demo: peak memory, and CPU of each stage as a share of all (the machine's absolute speed means nothing)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measured import measured

DEMO = """
import sys
from pathlib import Path
from netlift.demo import demo
from netlift.workflow.stages import Quiet
demo(Path(sys.argv[1]), Quiet())
"""


def run() -> dict[str, Any]:
    """Peak memory in GB, CPU seconds, and each stage's share of the seconds of `prepare`."""
    with tempfile.TemporaryDirectory() as folder:
        whole = measured(DEMO, folder)
        seconds = json.loads((Path(folder) / "run" / "run.json").read_text())["seconds"]
    total = sum(seconds.values())
    return {**whole, "share_of_prepare": {stage: round(s / total, 3) for stage, s in seconds.items()}}
