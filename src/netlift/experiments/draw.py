"""The draw: one number in [0, 1) per customer, the same in every SQL engine (`unit_hash`)."""

from __future__ import annotations

import hashlib

import numpy as np

from netlift.engine import Session, quoted
from netlift.errors import InputError
from netlift.records import Floats

SQL = """
SELECT u FROM (SELECT customer_id, unit_hash(? || customer_id) AS u FROM {of}) AS drawn ORDER BY customer_id NULLS LAST
"""
UNIVERSAL = "universal control"  # name of the long-lived draw, and the reason of whoever is in it
RESERVED = (UNIVERSAL, "layer ", "run ")  # beginnings of names under which netlift draws itself


def draw(session: Session, *, salt: str, experiment: str, of: str = "features") -> Floats:
    """The first 52 bits of md5(`salt:experiment:customer_id`) as a share, (n,), one a customer of the table `of`.

    They are in the order of the ids, as `Features.customer_ids` are. A double holds 52 bits exactly, so no engine rounds. Ids
    count byte for byte: `007` is not `7`.

    Raises:
        InputError: salt or experiment is empty or holds ':', which would let two experiments share their draws.
    """
    check_names(salt, experiment)
    return np.asarray(session.arrow(SQL.format(of=quoted(of)), [f"{salt}:{experiment}:"])["u"].to_numpy(), dtype=np.float64)


def unit_hash(text: str) -> float:
    """What the engine's function of this name gives, for a single text."""
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:13], 16) / 2**52


def check_names(salt: str, experiment: str) -> None:
    """Refuse names that could share their draws.

    Raises:
        InputError: salt or experiment is empty or holds ':'.
    """
    for name, value in (("salt", salt), ("experiment", experiment)):
        if not value or ":" in value:
            shown = f"'{value}'" if name == "experiment" else "not usable"  # the salt is a secret
            raise InputError(f"The {name} of the draw is {shown}; give a name of at least one character and without ':'.")
