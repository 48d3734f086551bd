"""The draw is the published hash, and equal in Python and SQL."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.errors import InputError
from netlift.experiments import draw
from netlift.records import Floats

VECTORS = {
    "007": 0.4941411669392084,
    "1": 0.3819219702028065,
    "123456": 0.513651044246485,
    "7": 0.33288683477214387,
    "Müller-ü": 0.5188755116689774,
}


def drawn(ids: Sequence[str], salt: str = "s1", experiment: str = "exp42") -> Floats:
    """What the engine draws for these customers, in the order of their ids."""
    with Engine() as engine:
        engine.register("features", pa.table({"customer_id": pa.array(list(ids), pa.string())}))
        return draw(engine, salt=salt, experiment=experiment)


def by_hand(ids: Sequence[str], prefix: str = "s1:exp42:") -> Floats:
    """The same from Python's md5, in the order given."""
    digests = [hashlib.md5((prefix + i).encode(), usedforsecurity=False).hexdigest() for i in ids]
    return np.array([int(d[:13], 16) / 2**52 for d in digests])


def test_the_draws_are_the_ones_checked_in_three_engines() -> None:
    """The five vectors of experiments.md section 6 come out bit for bit, in the order of the ids."""
    assert drawn(list(VECTORS)[::-1]).tolist() == list(VECTORS.values())


def test_python_draws_the_same() -> None:
    """`unit_hash` of the engine gives the same bits as Python, also for non-Latin ids."""
    ids = sorted([*VECTORS, *(f"H{i}" for i in range(2000)), "", "a:b", "客户", "O'Neil", " 7"], key=lambda i: i.encode())
    assert drawn(ids).tolist() == by_hand(ids).tolist()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), max_size=20, unique=True))
def test_draws_are_shares(ids: list[str]) -> None:
    """Whatever the id, the draw is Python's, at least 0 and below 1."""
    u = drawn(ids)
    assert u.tolist() == by_hand(sorted(ids, key=lambda i: i.encode())).tolist()
    assert ((u >= 0) & (u < 1)).all()


@pytest.mark.parametrize(("salt", "experiment"), [("a:b", "c"), ("a", "b:c"), ("", "c"), ("a", "")])
def test_names_that_could_collide_are_refused(salt: str, experiment: str) -> None:
    """`a:b` + `c` would be `a` + `b:c`; neither is taken."""
    with pytest.raises(InputError, match="without ':'"):
        drawn(["1"], salt, experiment)


def test_the_salt_stays_secret() -> None:
    """A refused salt is not repeated in the message."""
    with pytest.raises(InputError) as refusal:
        drawn(["1"], "my:secret", "e")
    assert "secret" not in str(refusal.value)
