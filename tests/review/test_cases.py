"""Campaigns from a file: the labelled ones get their verdict and reasons, lines that cannot be read are named."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.errors import InputError
from netlift.review import cases as read
from netlift.workflow.cases import cases, judged
from tests.review.conftest import POLICY, labelled

CASES = labelled()


def verdict_of(case: dict[str, Any]) -> dict[str, Any]:
    return judged(read.campaign(case), POLICY)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_labelled_campaigns_get_their_verdict_and_reasons(case: dict[str, Any]) -> None:
    """Shared and own labels: the verdict is the expected one, and every expected code is among the reasons."""
    got = verdict_of(case)
    assert (got["verdict"], set(case["expected"]["reason_codes"]) - set(got["reason_codes"])) == (case["expected"]["verdict"], set())


def _at(case: dict[str, Any], where: str) -> Any:
    value: Any = case
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", where.split(":", maxsplit=1)[0]):
        value = value[int(index)] if index else value[key]
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_evidence_is_the_campaigns_own_words(case: dict[str, Any]) -> None:
    """A field path with a range of characters gives exactly the words cited."""
    for found in verdict_of(case)["evidence"]:
        assert found["where"], found
        span = re.fullmatch(r"(.+):(\d+)-(\d+)", found["where"])
        if span:
            assert _at(case, span[1])[int(span[2]) : int(span[3])] == found["text"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_the_cheapest_fix_helps(case: dict[str, Any]) -> None:
    """Whoever does not pass is told edits after which the campaign passes."""
    got = verdict_of(case)
    if got["verdict"] == "pass":
        assert got["fix"] is None
        return
    assert got["fix"]["verdict"] == "pass", got["fix"]
    assert got["fix"]["edits"]
    assert got["fix"]["score"] <= got["score"]


def test_the_same_twice_and_fast(tmp_path: Path) -> None:
    """The same bytes twice, and less than 200 ms a campaign."""
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(case) for case in CASES), encoding="utf-8")
    first = json.dumps(list(cases(file)))
    start = time.process_time()
    assert json.dumps(list(cases(file))) == first
    assert (time.process_time() - start) / len(CASES) < 0.2


BAD = [
    ("{", "Line 1: This is not JSON"),
    ("[1]", "a JSON object was expected"),
    ("{}", "has no id"),
    ('{"id": "a"}', "The part 'audience' is missing"),
    ('{"id": "a", "audience": 3}', "The part 'audience' is int"),
    ('{"id": "a", "audience": {}, "message": {}}', "The channel is None"),
    ('{"id": "a", "audience": {}, "message": {}, "channel": "email"}', "'audience.size' is None"),
    ('{"id": "a", "audience": {"size": -1}, "message": {}, "channel": "email"}', "'audience.size' is -1"),
    ('{"id": "a", "audience": {"size": NaN}, "message": {}, "channel": "email"}', "'audience.size' is nan"),
    ('{"id": "a", "audience": {"size": 1, "rules": {}}, "message": {}, "channel": "email"}', "'audience.rules' is dict"),
    ('{"id": "a", "audience": {"size": 1, "rules": [{}]}, "message": {}, "channel": "email"}', "'audience.rules[0]' names no field"),
    (
        '{"id": "a", "audience": {"size": 1, "measured": {"protected_auc": {"x": "y"}}}, "message": {}, "channel": "email"}',
        "measured of 'x'",
    ),
    ('{"id": "a", "audience": {"size": 1, "inferred": 1}, "message": {}, "channel": "email"}', "'audience.inferred' is int"),
    ("[" * 100_000, "Line 1: "),
]


@pytest.mark.parametrize(("line", "why"), BAD)
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_judged(tmp_path: Path, line: str, why: str) -> None:
    """Number and reason stand where the verdict would; nothing after it is lost."""
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{line}\n\n{json.dumps(CASES[0])}\n", encoding="utf-8")
    bad, good = cases(file)
    assert (bad["line"], why in bad["error"]) == (1, True), bad
    assert good["id"] == CASES[0]["id"]


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """A line in another encoding is said to be so."""
    (tmp_path / "c.jsonl").write_bytes(b"\xff\xfe\n")
    assert next(cases(tmp_path / "c.jsonl"))["error"] == "Line 1 is not UTF-8; save the file as UTF-8."


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """One sentence, not a stack trace."""
    with pytest.raises(InputError, match="cannot be read"):
        next(cases(tmp_path / "none.jsonl"))


def test_little_said_is_never_taken_for_harmless() -> None:
    """Without consent and country the campaign is blocked."""
    got = verdict_of({"id": "a", "audience": {"size": 1000}, "message": {}, "channel": "email"})
    assert (got["verdict"], {"NO_LAWFUL_BASIS", "NO_COUNTRY"} <= set(got["reason_codes"])) == ("block", True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=8), c, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(CASES),
    st.sampled_from(["audience", "message", "offer", "consent", "pressure", "channel", "jurisdiction"]),
    st.text(max_size=8),
    JSON,
)
@settings(max_examples=150, deadline=None)
def test_any_json_is_judged_or_refused_in_a_sentence(case: dict[str, Any], part: str, name: str, value: Any) -> None:
    """Strange values in any part give a verdict or an InputError, never another error."""
    changed = {**case, part: {**case[part], name: value} if isinstance(case[part], dict) else value}
    try:
        assert verdict_of(changed)["verdict"] in {"block", "review", "pass"}
    except InputError as error:
        said = str(error)
        assert said, part
