"""The commands about what comes back: inbox, deliveries feedback, deliveries resolve --relay-log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netlift import cli
from netlift.store import tokens
from netlift.store.models import Delivery
from netlift.workflow.launch import start
from tests.campaigns.returned import block, report
from tests.workflow import plans
from tests.workflow.plans import OPERATOR

TOML = """
[project]
name = "Shop"
currency = "USD"

[tables.customers]
path = "c.csv"
"""


@pytest.fixture
def netlift(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command as the shell runs it, by an operator: exit code, output, errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("NETLIFT_USER", OPERATOR)
        monkeypatch.setattr(sys, "argv", ["netlift", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            raise SystemExit(0)
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A run whose messages the relay took, and a mailbox with two reports and a letter."""
    plans.opened(tmp_path / "netlift")
    start(plans.approved(tmp_path / "run"), actor=OPERATOR)
    Delivery.objects.filter(state="ready").update(state="accepted")
    (tmp_path / "box" / "new").mkdir(parents=True)
    for i, (action, status) in enumerate((("failed", "5.1.1"), ("delayed", "4.2.2"))):
        row = Delivery.objects.get(customer_id=f"c000{i}")
        raw = report(block(action, status), headers=f"To: b+{tokens.return_path(row.pk)}@shop.example\r\n", original="")
        (tmp_path / "box" / "new" / str(i)).write_bytes(raw)
    (tmp_path / "box" / "new" / "letter").write_bytes(b"Subject: hello\r\n\r\nhello")
    file = tmp_path / "netlift.toml"
    file.write_text(TOML + '[inbox]\nkind = "maildir"\npath = "box"\n')
    return file


def test_inbox(netlift: Callable[..., tuple[int, str, str]], config: Path) -> None:
    """For machines and for people; then what came back of the run."""
    code, out, _ = netlift("inbox", config, "--json")
    assert (code, json.loads(out)) == (
        0,
        {"mails": 3, "applied": 2, "known": 0, "automatic": 0, "unknown": 1, "kinds": {"hard bounce": 1, "delayed": 1}},
    )
    code, out, _ = netlift("inbox", config)
    assert (code, "1 mails: 0 applied." in out, "0 automatic answers, 1 that are no report" in out) == (0, True, True)
    assert json.loads(netlift("deliveries", "feedback", 1, "--json")[1]) == [
        {"kind": "delayed", "people": 1, "by_machines": 0},
        {"kind": "hard bounce", "people": 1, "by_machines": 0},
    ]
    assert "What came back of run 1" in netlift("deliveries", "feedback", 1)[1]


def test_inbox_is_set_up(netlift: Callable[..., tuple[int, str, str]], config: Path) -> None:
    """Without [inbox], and for who is no operator, one sentence and the right exit code."""
    assert netlift("inbox", config, "--as", plans.AUTHOR)[0] == 3
    config.write_text(TOML)
    assert netlift("inbox", config)[::2] == (1, "netlift.toml has no [inbox]; add it to say where returned mail comes to.\n")
    config.write_text(TOML + '[inbox]\nkind = "imap"\n')
    assert "imap needs user, and password_env or password_file" in netlift("inbox", config)[2]
    config.write_text(TOML + '[inbox]\nkind = "imap"\nuser = "u"\npassword = "p"\n')
    assert "a secret never stands in the file" in netlift("inbox", config)[2]


def test_resolve_by_log(netlift: Callable[..., tuple[int, str, str]], config: Path, tmp_path: Path) -> None:
    """What is in the log is closed, the rest stays; --state or --relay-log, never both or none."""
    Delivery.objects.filter(customer_id__in=["c0003", "c0004"]).update(state="unknown")
    named = Delivery.objects.get(customer_id="c0003").message_id
    log = tmp_path / "mail.log"
    log.write_text(
        f"mx postfix/cleanup[1]: 4F1AB2: message-id={named}\nmx postfix/qmgr[1]: 4F1AB2: from=<>, size=5, nrcpt=1 (queue active)\n"
    )
    for wrong in ((), ("--state", "failed", "--relay-log", log), ("--rows", log, "--relay-log", log)):
        assert netlift("deliveries", "resolve", 1, *wrong)[0] == 1
    code, out, _ = netlift("deliveries", "resolve", 1, "--relay-log", log)
    assert (code, "1 deliveries of run 1 stay unknown." in out) == (0, True)
    assert json.loads(netlift("deliveries", "resolve", 1, "--relay-log", log, "--json")[1])["resolved"] == 0
    assert netlift("deliveries", "resolve", 1, "--state", "failed")[0] == 0
