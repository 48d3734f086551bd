"""Arrays, progress and amounts that all records use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]  # entries are str, or None where nothing applies

Progress = Callable[[float, str], None]  # share done (0..1) within the stage, and what is being done


def silent(share: float, doing: str) -> None:
    """The progress of somebody who does not want to see any."""
