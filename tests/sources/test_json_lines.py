"""JSON lines: values come back as written, bad lines go to quarantine with the reason."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlift.errors import SourceError
from tests.sources.conftest import Shop

GOOD = '{"customer_id": "007", "timestamp": "2026-01-01T10:00:00Z", "event": "view"}'


def test_events_with_nested_and_missing_keys(shop: Shop) -> None:
    """Nested keys are columns named a.b, numbers keep every digit, null and absent keys are missing."""
    lines = [
        GOOD,
        '{"timestamp": "2026-01-01 11:00:00", "customer_id": 9007199254740993, "event": "cart", "product": {"id": "p1"}}',
        '{"customer_id": "8", "timestamp": "2026-01-01 12:00:00", "event": "view", "product": {"id": null}}',
    ]
    shop.write("events.jsonl", "\n".join(lines) + "\n\n")
    read = shop.load("events", path="events.jsonl", columns={"product_id": "product.id"})
    assert (read.rows_in, read.rows_ok) == (3, 3)
    assert shop.rows("events", "customer_id, product_id") == [("007", None), ("8", None), ("9007199254740993", "p1")]


def test_packed_files_of_a_folder_are_one_table(shop: Shop) -> None:
    """Files may differ in their keys: the table has every key that is seen."""
    shop.write("log/a.jsonl.gz", gzip.compress(GOOD.encode()))
    shop.write("log/b.jsonl", GOOD.replace('"event"', '"platform": "mobile", "event"'))
    assert shop.load("events", path="log").rows_ok == 2
    assert shop.rows("events", "platform") == [("mobile",), (None,)]


BAD = {
    "[1, 2]": "is no JSON object",
    '{"customer_id": "1"': "is no JSON: expecting ',' delimiter at character 21",
    '{"customer_id": "1", "customer_id": "2"}': "holds a key twice",
    '{"customer_id": NaN}': "holds NaN, which JSON does not know",
    '{"customer_id": "a\\u0000b"}': "holds the control character U+0000",
    '{"customer_id": "\\ud800"}': "holds half of a pair of characters (a lone surrogate)",
    '{"a": {"b": 1}, "a.b": 2}': "holds the key a.b twice, once inside another object",
    '{"a":' * 12 + "1" + "}" * 12: "holds objects within objects, more than 8 deep",
    '{"": 1}': "has an empty key",
    "": "is an empty line",
}


@pytest.mark.parametrize(("line", "reason"), BAD.items())
def test_a_bad_line_goes_to_quarantine(shop: Shop, line: str, reason: str) -> None:
    """The line before and after are read, the bad one is refused with its number and the reason."""
    shop.write("events.jsonl", f"{GOOD}\n{line}\n{GOOD}\n")
    read = shop.load("events", path="events.jsonl", max_quarantined=0.5)
    assert (read.rows_in, read.rows_ok, read.rows_quarantined) == (3, 2, 1)
    assert [(row[0], row[2]) for row in shop.quarantined()] == [(2, reason)]


def test_a_file_without_objects_is_refused(shop: Shop) -> None:
    """An empty file, or one that is no JSON at all, says what is expected."""
    shop.write("events.jsonl", "customer_id,event\n1,view\n")
    with pytest.raises(SourceError, match="holds no JSON object; one object a line is expected"):
        shop.load("events", path="events.jsonl")


TEXTS = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=12)
ROWS = st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS, st.none() | TEXTS | st.integers() | st.booleans()), min_size=1, max_size=20)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS)
def test_any_table_survives_json(shop: Shop, rows: list[tuple[str, str, str | int | bool | None]]) -> None:
    """Whatever json.dumps writes comes back cell by cell as text."""
    objects = [{"customer_id": i, "timestamp": "2026-01-01", "event": e, "platform": p} for i, e, p in rows]
    shop.write("events.jsonl", "".join(json.dumps(o) + "\n" for o in objects))
    shop.load("events", path="events.jsonl", session_gap=1, bots="keep")
    text = {True: "true", False: "false"}
    expected = sorted((i, e, "" if p in (None, "") else text[p] if isinstance(p, bool) else str(p)) for i, e, p in rows)
    assert sorted(shop.engine.rows("SELECT customer_id, event, coalesce(platform, '') FROM events")) == expected
