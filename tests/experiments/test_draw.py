"""The draw is the published hash, and equal in Python and SQL."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.errors import InputError
from netlift.experiments.draw import draw

VECTORS = {
    "1": 0.3819219702028065,
    "007": 0.4941411669392084,
    "7": 0.33288683477214387,
    "Müller-ü": 0.5188755116689774,
    "123456": 0.513651044246485,
}


def test_the_draws_are_the_ones_checked_in_three_engines() -> None:
    """The five vectors of experiments.md section 6 come out bit for bit."""
    assert draw("s1", "exp42", VECTORS).tolist() == list(VECTORS.values())


def test_sql_draws_the_same() -> None:
    """`unit_hash` of the engine gives the same bits as Python, also for non-Latin ids."""
    ids = [*VECTORS, *(f"H{i}" for i in range(2000)), "", "a:b", "客户", "O'Neil", " 7"]
    with Engine() as engine:
        engine.register("people", pa.table({"customer_id": ids}))
        rows = engine.rows("SELECT customer_id, unit_hash('s1:exp42:' || customer_id) FROM people")
    assert dict(rows) == dict(zip(ids, draw("s1", "exp42", ids).tolist(), strict=True))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_draws_are_shares(ids: list[str]) -> None:
    """Whatever the id, the draw is at least 0 and below 1."""
    u = draw("s", "e", ids)
    assert len(u) == len(ids)
    assert ((u >= 0) & (u < 1)).all()


@pytest.mark.parametrize(("salt", "experiment"), [("a:b", "c"), ("a", "b:c"), ("", "c"), ("a", "")])
def test_names_that_could_collide_are_refused(salt: str, experiment: str) -> None:
    """`a:b` + `c` would be `a` + `b:c`; neither is taken."""
    with pytest.raises(InputError, match="without ':'"):
        draw(salt, experiment, ["1"])


def test_the_salt_stays_secret() -> None:
    """A refused salt is not repeated in the message."""
    with pytest.raises(InputError) as refusal:
        draw("my:secret", "e", ["1"])
    assert "secret" not in str(refusal.value)
