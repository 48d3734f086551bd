"""A campaign on Acoustic Campaign through the verbs: only whom the committee approved, once, whatever step is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlift.campaigns.channels.acoustic import flow
from netlift.campaigns.testing.acoustic import DATABASE, Acoustic
from netlift.errors import SettingsError
from netlift.records import Message, Plan
from netlift.settings import parse
from netlift.store import audit, runs, vault
from netlift.workflow import show
from netlift.workflow.launch import launch
from tests.campaigns.acoustic import organisations
from tests.workflow import plans

PEOPLE, HELD_OUT, EXCLUDED = 60, 6, {"c0003": "no consent"}
LAUNCH = """
from netlift.campaigns.channels.acoustic import client, flow
from netlift.store import ledger
client.FIRST_WAIT, flow.FIRST_POLL, flow.LOOK_PAUSE, ledger.BACK_OFF = 0.05, 0.1, 0.1, (0.1, 0.1)
from netlift.cli import main
main()
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acoustic]:
    """The stand-in, a store with people, and short leases."""
    plans.opened(tmp_path / "netlift")
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", "1")
    with organisations.organisation(tmp_path / "vendor", monkeypatch) as running:
        yield running


def approved(server: Acoustic, folder: Path, the_plan: Plan | None = None, **section: Any) -> str:
    """A plan for the channel, everybody in the vault, approved by two members."""
    the_plan = the_plan or plans.plan(plans.audience(PEOPLE, HELD_OUT, EXCLUDED))
    channel = organisations.section(server, **{"sender": the_plan.messages[0].sender, "reply_timeout": 5, **section})
    project = {"name": "Shop", "currency": "USD", "country": "US"}
    settings = parse(
        {"project": project, "tables": {"customers": {"path": "c.csv"}}, "channels": {"email": channel}}, folder=folder, sha256="0"
    )
    return plans.approved(folder, the_plan, config=settings)


def mailed(server: Acoustic) -> Counter[str]:
    """Who got how many, when the time of the mailings has come."""
    server.advance(3600)
    return Counter(address for _, address in server.organisation.delivered)


def wanted(*without: str) -> dict[str, int]:
    """Everybody who was approved, once."""
    left_out = {*EXCLUDED, *without}
    return {f"c{i:04d}@example.com": 1 for i in range(PEOPLE - HELD_OUT) if f"c{i:04d}" not in left_out}


def launched(server: Acoustic, operation: str, when: str, *, number: int = 1) -> int:
    """A launch in a process of its own, killed at this moment of this operation; the answer is how it ended."""
    seen = 0

    def kill(called: str, at: str) -> None:
        nonlocal seen
        seen += (called, at) == (operation, when)
        if (called, at) == (operation, when) and seen == number:
            process.send_signal(signal.SIGKILL)
            process.wait()
            raise ConnectionAbortedError  # what was asked for is done only where the moment is after it

    command = [sys.executable, "-c", LAUNCH, "launch", "1", "--as", plans.OPERATOR]
    server.called = kill
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ}) as process:
        return process.wait(timeout=120)


def test_only_whom_the_committee_approved(server: Acoustic, tmp_path: Path) -> None:
    """Held out, excluded and suppressed people are in no file, on no list and in no mailing; all others are, once."""
    run_id = approved(server, tmp_path / "run")
    vault.suppress("c0007", reason="asked", actor=plans.AUTHOR)
    told = launch(run_id, actor=plans.OPERATOR)
    assert told["counts"] == {"accepted": 52, "excluded": 8}
    assert told["excluded"] == {"holdout": 6, "no consent": 1, "suppressed": 1}
    known = {c.values["EMAIL"] for c in server.organisation.databases[DATABASE].contacts.values()}
    assert known == set(wanted("c0007"))
    assert mailed(server) == wanted("c0007")
    assert show.plan(run_id)["state"] == "completed"
    assert audit.verify().whole


def test_several_mailings_where_a_batch_is_full(server: Acoustic, tmp_path: Path) -> None:
    """Batches of twenty: three mailings, everybody once."""
    told = launch(approved(server, tmp_path / "run", batch_size=20), actor=plans.OPERATOR)
    assert (told["counts"], len(server.organisation.mailings)) == ({"accepted": 53, "excluded": 7}, 3)
    assert mailed(server) == wanted()


def test_nothing_begins_where_the_channel_is_not_set_up(server: Acoustic, tmp_path: Path) -> None:
    """A template that is not there stops the launch before the ledger has a row."""
    run_id = approved(server, tmp_path / "run", template="99")
    with pytest.raises(SettingsError, match="no shared mailing template 99"):
        launch(run_id, actor=plans.OPERATOR)
    assert show.plan(run_id)["state"] == "approved"


def test_the_secrets_files_are_found_beside_netlift_toml(server: Acoustic, tmp_path: Path) -> None:
    """Relative names of files are those beside the settings, wherever the launch happens; the plan holds no secret."""
    files = {key: f"{key}.txt" for key in ("client_secret", "refresh_token", "sftp_password")}
    given: dict[str, Any] = {f"{key}_file": name for key, name in files.items()} | {
        "client_secret_env": None,
        "refresh_token_env": None,
        "sftp_password_env": None,
    }
    run_id = approved(server, tmp_path / "run", **given)
    for name, secret in zip(files.values(), organisations.SECRETS.values(), strict=True):
        (tmp_path / "run" / name).write_text(f"{secret}\n")
    assert launch(run_id, actor=plans.OPERATOR)["counts"]["accepted"] == 53
    assert not [secret for secret in organisations.SECRETS.values() if secret in str(runs.get(run_id).content)]


def test_killed_at_every_step(server: Acoustic, tmp_path: Path) -> None:
    """Nine launches, each killed at a later step, before or after it took effect: one list, one mailing, everybody once."""
    approved(server, tmp_path / "run")
    moments = (
        ("CreateContactList", "before", 1),
        ("CreateContactList", "after", 1),
        ("rename", "before", 1),
        ("rename", "after", 1),
        ("rename", "after", 1),  # of the second file
        ("ImportList", "before", 1),
        ("ImportList", "after", 1),
        ("GetJobStatus", "after", 1),
        ("ScheduleMailing", "after", 1),
    )
    ends = [launched(server, operation, when, number=number) for operation, when, number in moments]
    assert ends == [-signal.SIGKILL] * 9
    assert launched(server, "nothing", "") == 0
    assert show.deliveries("1")["counts"] == {"accepted": 53, "excluded": 7}
    assert show.plan("1")["state"] == "completed"
    assert len(server.organisation.lists) == len(server.organisation.mailings) == 1
    assert server.calls("ScheduleMailing") == 1
    assert len(server.organisation.jobs) == 2, "only the import whose answer was lost is asked for again"
    assert mailed(server) == wanted()
    assert audit.verify().whole


def test_an_order_that_cannot_be_found_stays_unknown(server: Acoustic, tmp_path: Path) -> None:
    """Killed with the order on its way and nothing there afterwards: nobody can know, so it is shown and not repeated."""
    approved(server, tmp_path / "run")
    assert launched(server, "ScheduleMailing", "before") == -signal.SIGKILL
    assert launched(server, "nothing", "") == 0
    assert show.deliveries("1")["counts"] == {"unknown": 53, "excluded": 7}
    assert (server.calls("ScheduleMailing"), mailed(server)) == (1, {})


def test_suppressed_while_the_batch_was_made(server: Acoustic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks to be left alone after the upload is not mailed: the batch is made again without that person."""
    monkeypatch.setattr("netlift.store.ledger.BACK_OFF", (0.1, 0.1))
    run_id = approved(server, tmp_path / "run")

    prepared = flow.prepared

    def and_then_asked(*given: Any) -> frozenset[str]:
        done = prepared(*given)
        vault.suppress("c0009", reason="asked", actor=plans.AUTHOR)
        return done

    monkeypatch.setattr(flow, "prepared", and_then_asked)
    assert launch(run_id, actor=plans.OPERATOR)["counts"] == {"accepted": 52, "cancelled": 1, "excluded": 7}
    assert mailed(server) == wanted("c0009")
    assert (len(server.organisation.lists), len(server.organisation.mailings)) == (2, 1)


def test_refused_rows_fail_with_their_reason(server: Acoustic, tmp_path: Path) -> None:
    """Who is refused at import is failed in the ledger, by name of the customer; the counts add up."""
    run_id = approved(server, tmp_path / "run")
    vault.put([{"customer_id": "c0011", "email": "c0011@nowhere", "name": "N"}])
    assert launch(run_id, actor=plans.OPERATOR)["counts"] == {"accepted": 52, "excluded": 7, "failed": 1}
    (row,) = [row for row in show.deliveries(run_id)["rows"] if row["state"] == "failed"]
    assert (row["customer_id"], row["reason"]) == ("c0011", "refused by Acoustic Campaign at import")
    assert mailed(server) == wanted("c0011")


def test_the_message_can_be_what_was_approved(server: Acoustic, tmp_path: Path) -> None:
    """With message.subject and message.text as columns the platform gets, for each person, the words that were approved."""
    database = server.organisation.databases[DATABASE]
    database.columns = (*database.columns, "SUBJECT", "TEXT")
    plan = plans.plan(messages=(Message("Wine", "email", "Shop <news@shop.example>", "For {{ name }}", "Dear {{ name }},\nhello"),))
    launch(approved(server, tmp_path / "run", plan, columns={"SUBJECT": "message.subject", "TEXT": "message.text"}), actor=plans.OPERATOR)
    contact = next(c for c in database.contacts.values() if c.values["CUSTOMER_ID"] == "c0001")
    assert (contact.values["SUBJECT"], contact.values["TEXT"]) == ("For Name c0001", "Dear Name c0001,\nhello")
