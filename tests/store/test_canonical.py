from __future__ import annotations

import pytest

from netlift.store.canonical import canonical, digest


def test_one_spelling() -> None:
    """Order of keys, lists for tuples and composed characters make no difference."""
    assert canonical({"b": (1, None, True), "a": "u\u0308"}) == '{"a":"ü","b":[1,null,true]}'.encode()


def test_published_digest() -> None:
    """SHA-256 of the two bytes {} is the well-known one."""
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("value", [0.1, {1: "a"}, {"a": {2, 3}}, b"bytes"])
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    """Floats, other keys, sets and bytes must be written as text first."""
    with pytest.raises(TypeError):
        canonical(value)
