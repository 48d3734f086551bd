"""The hash of many rows, in whatever order."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from netlift.store.set_hash import SetHash

ROWS = st.lists(st.binary(max_size=20), max_size=12, unique=True)


def hashed(rows: list[bytes]) -> str:
    """The hash of these."""
    found = SetHash()
    for row in rows:
        found.add(row)
    return found.hexdigest()


def test_the_hash_of_nothing_is_that_of_empty_lanes() -> None:
    """2,048 zero bytes behind a count of zero."""
    assert hashed([]) == hashlib.sha256(bytes(8 + 2048)).hexdigest()


def test_lanes_are_added_without_carry() -> None:
    """Every lane is the sum of the rows' 16-bit words, modulo 2^16."""
    words = [hashlib.shake_128(row).digest(2048) for row in (b"a", b"b", b"c")]
    sums = b"".join((sum(int.from_bytes(w[i : i + 2], "little") for w in words) % 2**16).to_bytes(2, "little") for i in range(0, 2048, 2))
    assert hashed([b"a", b"b", b"c"]) == hashlib.sha256((3).to_bytes(8, "little") + sums).hexdigest()


@given(ROWS, st.randoms())
def test_order_does_not_matter(rows: list[bytes], random: object) -> None:
    """Any order of the same rows has the same hash."""
    turned = list(rows)
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert hashed(turned) == hashed(rows)


@given(ROWS, ROWS)
def test_other_rows_have_another_hash(one: list[bytes], other: list[bytes]) -> None:
    """Sets that differ, differ in their hash."""
    assert (hashed(one) == hashed(other)) == (set(one) == set(other))
