"""The hash of many rows that does not depend on their order, so that they are hashed as they are read.

Source: K. Lewi, W. Kim, I. Maykov, S. Weis, Securing Update Propagation with Homomorphic Hashing (2019), LtHash with n = 1024
lanes of 16 bits: finding two sets with one hash is as hard as a lattice problem (about 200 bits).
"""

from __future__ import annotations

import hashlib

import numpy as np

LANES = 1024


class SetHash:
    """A hash of rows that grows row by row; the rows must differ from one another."""

    def __init__(self) -> None:
        self._lanes = np.zeros(LANES, dtype="<u2")
        self._rows = 0

    def add(self, row: bytes) -> None:
        """Take in one row."""
        self._lanes += np.frombuffer(hashlib.shake_128(row).digest(2 * LANES), dtype="<u2")
        self._rows += 1

    def hexdigest(self) -> str:
        """SHA-256 of the lanes and the number of rows, as 64 hexadecimal digits."""
        return hashlib.sha256(self._rows.to_bytes(8, "little") + self._lanes.tobytes()).hexdigest()
