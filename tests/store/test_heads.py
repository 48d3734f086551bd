from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from netlift.errors import InputError
from netlift.store import audit, heads, store_folder


def lines(path: Path) -> list[int]:
    """The numbers of events in a file of heads."""
    return [json.loads(line)["events"] for line in path.read_text().splitlines()]


def older(path: Path, seconds: float) -> None:
    """Let a file have been written some time ago."""
    then = datetime.now(UTC).timestamp() - seconds
    os.utime(path, (then, then))


def act() -> None:
    """One more event."""
    with transaction.atomic():
        audit.record("act", actor="ada")


def test_noted_at_most_hourly(owner: str) -> None:
    """At once when there is none, then when the newest is an hour old."""
    path = store_folder() / "audit" / "heads.jsonl"
    assert audit.note_head() == []
    act()
    audit.note_head()
    assert lines(path) == [1]
    older(path, 3599)
    audit.note_head()
    assert lines(path) == [1]
    older(path, 3600)
    audit.note_head()
    assert lines(path) == [1, 2]
    assert path.stat().st_mode & 0o777 == 0o600
    assert audit.verify_all().text == "All 2 events are as they were written, and 2 noted heads agree."


def test_noted_in_a_second_folder_too(owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NETLIFT_AUDIT_HEADS names it; what is lost in one place is found in the other."""
    monkeypatch.setenv("NETLIFT_AUDIT_HEADS", str(tmp_path / "other disk"))
    audit.note_head()
    (store_folder() / "audit" / "heads.jsonl").unlink()
    assert lines(tmp_path / "other disk" / "heads.jsonl") == [1]
    assert audit.verify_all().heads == 1


def test_a_folder_that_is_away_does_not_stop_the_other(owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem is told in a sentence, and the data directory has its head."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NETLIFT_AUDIT_HEADS", str(tmp_path / "file"))
    (problem,) = audit.note_head()
    assert isinstance(problem, InputError)
    assert "cannot be noted in" in str(problem)
    assert lines(store_folder() / "audit" / "heads.jsonl") == [1]


def test_a_line_that_a_crash_left_unfinished_is_cut_off(owner: str) -> None:
    """The next head stands on a line of its own."""
    path = store_folder() / "audit" / "heads.jsonl"
    heads.append(path, audit.signed_head())
    with path.open("a") as file:
        file.write('{"events": 1, "ha')
    act()
    heads.append(path, audit.signed_head())
    assert lines(path) == [1, 2]


def test_a_file_that_cannot_be_read_is_named(owner: str, tmp_path: Path) -> None:
    """A head that was to be compared and is not there is an error, not a pass."""
    with pytest.raises(InputError, match="nowhere' cannot be read"):
        audit.verify_all([tmp_path / "nowhere"])


@pytest.mark.parametrize("content", ["nonsense", "{}", "\x00\xff", '{"events": "1"}'])
def test_a_line_without_a_head_is_a_finding(owner: str, tmp_path: Path, content: str) -> None:
    """Whoever spoils a file of heads is noticed."""
    (tmp_path / "head.json").write_text(content)
    check = audit.verify_all([tmp_path / "head.json"])
    assert not check.whole
    assert check.first_bad is None
    assert check.text == f"No head of the audit trail stands in {tmp_path / 'head.json'}, line 1."


def test_a_forged_head_is_a_finding(owner: str, tmp_path: Path) -> None:
    """A head whose signature does not fit says nothing of the trail, and is reported."""
    forged = {**json.loads(audit.signed_line()), "events": 99}
    (tmp_path / "head.json").write_text(json.dumps(forged))
    check = audit.verify_all([tmp_path / "head.json"])
    assert (check.whole, check.first_bad, check.heads) == (False, None, 0)
    assert "was not signed by the key of this data directory" in check.text
