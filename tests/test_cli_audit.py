from __future__ import annotations

import json
from pathlib import Path

from django.db import connection

from netlift.store import store_folder
from netlift.store.models import AuditEvent
from tests.store import stores
from tests.test_cli import Netlift, netlift

__all__ = ["netlift"]


def test_head_and_verify(netlift: Netlift, tmp_path: Path, both_databases: str) -> None:
    """A head is printed, written, and found in the trail again; the public key lies where it says."""
    netlift("user", "add", "mia", "--role", "reviewer")
    head = json.loads(netlift("audit", "head").out)
    assert (sorted(head), head["events"]) == (["at", "events", "hash", "signature"], 2)
    said = netlift("audit", "head", "--out", tmp_path / "head.json").out
    assert said == f"2 events. Wrote {tmp_path / 'head.json'}; the public key is {store_folder() / 'audit.pub'}.\n"
    assert (store_folder() / "audit.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")
    netlift("user", "add", "max", "--role", "reviewer")
    ran = netlift("audit", "verify", "--head", tmp_path / "head.json")
    assert (ran.code, ran.out) == (0, "All 3 events are as they were written, and 1 noted heads agree.\n")


def test_a_cut_trail_is_told(netlift: Netlift, tmp_path: Path, both_databases: str) -> None:
    """Exit code 1, every finding on a line; for machines with the first bad event."""
    for name in ("mia", "max", "mona"):
        netlift("user", "add", name, "--role", "reviewer")
    netlift("audit", "head", "--out", tmp_path / "head.json")
    (tmp_path / "spoilt.json").write_text("spoilt")
    stores.drop_triggers()
    AuditEvent.objects.filter(pk__gt=2).delete()
    ran = netlift("audit", "verify", "--head", tmp_path / "head.json", "--head", tmp_path / "spoilt.json")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        f"The trail ends after event 2, but 4 events were noted in {tmp_path / 'head.json'}, line 1.",
        f"No head of the audit trail stands in {tmp_path / 'spoilt.json'}, line 1.",
    ]
    ran = netlift("audit", "verify", "--head", tmp_path / "head.json", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["whole"], told["events"], told["heads"], told["first_bad"]) == (1, False, 2, 1, 3)
    assert told["findings"][0]["event"] == 3
    assert connection.vendor == ("postgresql" if both_databases == "postgres" else "sqlite")


def test_a_file_that_is_not_there(netlift: Netlift, tmp_path: Path) -> None:
    """Neither a head that cannot be read nor a place that cannot be written passes in silence."""
    ran = netlift("audit", "verify", "--head", tmp_path / "nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert "nowhere' cannot be read" in ran.err
    ran = netlift("audit", "head", "--out", tmp_path)
    assert (ran.code, "cannot be written" in ran.err) == (1, True)


def test_the_worker_notes_heads(netlift: Netlift, tmp_path: Path) -> None:
    """A round of the worker leaves the head in the data directory."""
    netlift("user", "add", "mia", "--role", "reviewer")
    assert netlift("worker", "--once").code == 0
    (line,) = (store_folder() / "audit" / "heads.jsonl").read_text().splitlines()
    assert json.loads(line)["events"] == 2
