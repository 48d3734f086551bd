"""The draw: one number in [0, 1) per customer, the same in every SQL engine (`unit_hash`)."""

from __future__ import annotations

import numpy as np

from netlift.engine import Session
from netlift.errors import InputError
from netlift.records import Floats

SQL = """
SELECT u FROM (SELECT customer_id, unit_hash(? || customer_id) AS u FROM features) AS drawn ORDER BY customer_id NULLS LAST
"""


def draw(session: Session, *, salt: str, experiment: str) -> Floats:
    """The first 52 bits of md5(`salt:experiment:customer_id`) as a share, (n,), for the customers of the session's table `features`.

    They are in the order of `Features.customer_ids`. A double holds 52 bits exactly, so no engine rounds. Ids count byte for byte:
    `007` is not `7`.

    Raises:
        InputError: salt or experiment is empty or holds ':', which would let two experiments share their draws.
    """
    for name, value in (("salt", salt), ("experiment", experiment)):
        if not value or ":" in value:
            shown = f"'{value}'" if name == "experiment" else "not usable"  # the salt is a secret
            raise InputError(f"The {name} of the draw is {shown}; give a name of at least one character and without ':'.")
    return np.asarray(session.arrow(SQL, [f"{salt}:{experiment}:"])["u"].to_numpy(), dtype=np.float64)
