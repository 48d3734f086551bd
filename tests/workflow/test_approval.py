from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.records import Audience, Message, Plan, ReviewResult
from netlift.review import POLICY_VERSION
from netlift.settings import Settings
from netlift.workflow.approval import approval_hash, audience_hash, freeze
from tests.workflow import plans

PASS = ReviewResult("pass", (), POLICY_VERSION)
PLAN, SETTINGS = plans.plan(), plans.settings()
CONTENT = freeze(PLAN, SETTINGS, PASS)
HASH = approval_hash(CONTENT)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every single value of a content."""
    if isinstance(value, dict | list):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(entry, (*path, key))
    else:
        yield path


def changed(content: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """A copy with one value changed."""
    one = copy.deepcopy(content)
    inside: Any = one
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return one


def at(content: Any, path: tuple[Any, ...]) -> Any:
    """The value there."""
    for key in path:
        content = content[key]
    return content


def with_row(column: str, value: object, row: int = 3) -> Audience:
    """The audience with one cell changed."""
    cells = getattr(PLAN.audience, column).copy()
    cells[row] = value
    return replace(PLAN.audience, **{column: cells})


def test_content_survives_json() -> None:
    """What is stored as JSON and read back has the same hash."""
    assert approval_hash(json.loads(json.dumps(CONTENT))) == HASH
    assert approval_hash(freeze(plans.plan(), plans.settings(), PASS)) == HASH


def test_parts_named_in_the_policy_are_there() -> None:
    """Messages, people, counts, holdout, salt, country, budget, segments, inputs, channels, quorum."""
    assert CONTENT["audience"]["counts"] == {"contacted": 18, "holdout": 2}
    assert (CONTENT["holdout"], CONTENT["budget"], CONTENT["country"], CONTENT["salt_id"], CONTENT["quorum"]) == (
        "0.1",
        "18.0",
        "US",
        "run 1",
        2,
    )
    assert CONTENT["segments"] == {"1": "Big baskets"}
    assert [one["name"] for one in CONTENT["inputs"]] == ["recency"]
    assert CONTENT["messages"][0]["text"] == plans.TEXT
    assert CONTENT["channels_used"] == ["email"]
    assert CONTENT["channels"]["email"]["host"] == "127.0.0.1"
    assert CONTENT["consent"]["contacted_without"] == 0


@pytest.mark.parametrize("path", list(paths(CONTENT)), ids=str)
def test_every_single_value_counts(path: tuple[Any, ...]) -> None:
    """Whatever value of the content is changed, the hash is another."""
    value = at(CONTENT, path)
    for other in (None if value is not None else "x", f"{value} ", (not value) if isinstance(value, bool) else 1234567):
        assert approval_hash(changed(CONTENT, path, other)) != HASH


@given(st.data())
def test_one_changed_character_changes_the_hash(data: st.DataObject) -> None:
    """One character changed in any text of any part changes the hash."""
    path = data.draw(st.sampled_from([p for p in paths(CONTENT) if isinstance(at(CONTENT, p), str) and at(CONTENT, p)]))
    text = at(CONTENT, path)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != text[place]))
    assert approval_hash(changed(CONTENT, path, text[:place] + letter + text[place + 1 :])) != HASH


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("customer_ids", "c9999"),
        ("offer", "Meat"),
        ("channel", "sms"),
        ("arm", "holdout"),
        ("arm", None),
        ("excluded_reason", "no consent"),
    ],
)
def test_every_person_counts(column: str, value: object) -> None:
    """One person more, less, elsewhere or in another arm changes the hash."""
    assert approval_hash(freeze(replace(PLAN, audience=with_row(column, value)), SETTINGS, PASS)) != HASH


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Shop 2"},
        {"country": "DE"},
        {"holdout": 0.1000001},
        {"salt_id": "run 2"},
        {"budget": 18.01},
        {"segments": {1: "Small baskets"}},
        {"inputs": ()},
        {"messages": ()},
        {"messages": (Message("Wine", "email", "Shop <news@shop.example>", "A letter for {{ name }}", plans.TEXT + " "),)},
        {"consent": plans.texts(["another form"] + ["web form, 2024-01-01"] * 19)},
    ],
    ids=str,
)
def test_every_part_of_a_plan_counts(change: dict[str, Any]) -> None:
    """Another plan has another hash."""
    assert approval_hash(freeze(replace(PLAN, **change), SETTINGS, PASS)) != HASH


@pytest.mark.parametrize("change", [{"host": "127.0.0.2"}, {"port": 2526}, {"sender": "X <x@shop.example>"}, {"password_env": "P"}])
def test_every_part_of_a_channel_counts(change: dict[str, Any]) -> None:
    """Another server, sender or place of the password has another hash."""
    assert approval_hash(freeze(PLAN, plans.settings(**change), PASS)) != HASH


def test_order_of_people_does_not_count() -> None:
    """The same people in another order are the same audience."""
    order = np.arange(20)[::-1]
    turned = Audience(*(getattr(PLAN.audience, name)[order] for name in Audience.__dataclass_fields__))
    assert audience_hash(turned) == audience_hash(PLAN.audience)


def test_people_without_consent_are_counted() -> None:
    """Only those who would be contacted; held out or excluded ones need none."""
    proofs = plans.texts([None, "", *["form"] * 16, None, None])
    assert freeze(replace(PLAN, consent=proofs), SETTINGS, PASS)["consent"]["contacted_without"] == 2


def test_secrets_stay_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The content names where a password is found, never the password."""
    monkeypatch.setenv("SECRET", "hunter2")
    with_env: Settings = plans.settings(user="shop", password_env="SECRET")
    assert "hunter2" not in json.dumps(freeze(PLAN, with_env, PASS))
    assert freeze(PLAN, with_env, PASS)["channels"]["email"]["password_env"] == "SECRET"
    with_file = plans.settings(user="shop", password_file="secret.txt").model_copy(update={"folder": tmp_path})
    assert freeze(PLAN, with_file, PASS)["channels"]["email"]["password_file"] == str(tmp_path / "secret.txt")


def test_no_contact_data_and_no_ids() -> None:
    """The people are in the content as hashes and counts only."""
    assert "c0001" not in json.dumps(CONTENT)


def test_channel_without_settings_is_not_hidden() -> None:
    """A channel that is used stands in the content even where nothing is known of it."""
    everybody = with_row("channel", "sms")
    content = freeze(replace(PLAN, audience=everybody), SETTINGS, PASS)
    assert content["channels_used"] == ["email", "sms"]
    assert list(content["channels"]) == ["email"]


def test_plan_is_a_plan() -> None:
    """The example is what the records say."""
    assert isinstance(PLAN, Plan)
