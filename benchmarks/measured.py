"""Run a piece of code in a process of its own and tell its CPU seconds and peak memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap

ENDING = """
import json as _json, resource as _resource
_own, _children = _resource.getrusage(_resource.RUSAGE_SELF), _resource.getrusage(_resource.RUSAGE_CHILDREN)
_cpu = _own.ru_utime + _own.ru_stime + _children.ru_utime + _children.ru_stime
print(_json.dumps({"cpu_seconds": round(_cpu, 2), "peak_gb": round(max(_own.ru_maxrss, _children.ru_maxrss) / 2**20, 3)}))
"""


def measured(code: str, *arguments: str) -> dict[str, float]:
    """CPU seconds (of the process and its children) and peak memory in GB of `code`, which finds its arguments in sys.argv.

    A number that the code prints, alone on its last line, is `own_cpu_seconds`: what it measured of itself.
    """
    # as on a user's machine, where modules are compiled once
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", textwrap.dedent(code) + ENDING, *arguments]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    *before, last = ran.stdout.splitlines()
    told: dict[str, float] = json.loads(last)
    if before and re.fullmatch(r"[\d.]+", before[-1]):
        told["own_cpu_seconds"] = round(float(before[-1]), 2)
    return told
