"""The draw: one number in [0, 1) per customer, the same in Python and in every SQL engine (`unit_hash`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from netlift.errors import InputError
from netlift.records import Floats


def draw(salt: str, experiment: str, customer_ids: Iterable[str]) -> Floats:
    """The first 52 bits of md5(`salt:experiment:customer_id`) as a share, shape (n,).

    A double holds 52 bits exactly, so no engine rounds. Ids count byte for byte: `007` is not `7`.

    Raises:
        InputError: salt or experiment is empty or holds ':', which would let two experiments share their draws.
    """
    for name, value in (("salt", salt), ("experiment", experiment)):
        if not value or ":" in value:
            shown = f"'{value}'" if name == "experiment" else "not usable"  # the salt is a secret
            raise InputError(f"The {name} of the draw is {shown}; give a name of at least one character and without ':'.")
    prefix = f"{salt}:{experiment}:"
    return np.array([_share(prefix + customer) for customer in customer_ids], dtype=np.float64)


def _share(text: str) -> float:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:13], 16) / 2**52
