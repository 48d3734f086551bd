"""No address, number or name of a customer stands anywhere but in the encrypted vault: the whole way, with faults and errors."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netlift import cli
from netlift.campaigns.channels import smtp
from netlift.campaigns.testing import Sink
from netlift.segments import structure
from netlift.store import ledger, open_store, store_folder
from netlift.store.models import AuditEvent, Delivery, Run
from tests.workflow import canary
from tests.workflow.canary import EMAIL, ID, NAME, PHONE

KEY = "k" * 43 + "="  # draws the arms: with this one the canary is not held out
PERSONAL = (EMAIL, PHONE, NAME, "tweety.canary", "2125550177")


class Telltale(Sink):
    """A mail server that names the recipient in every refusal, as many do."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if address == EMAIL and not self.asked:
            self.asked = True
            return f"451 4.7.1 <{address}>: greylisted"
        if address == EMAIL:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 ok"
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        return answer if answer.startswith("250") else answer.replace("no such user", f"<{address}> no such user")

    asked = False


@pytest.fixture
def netlift(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command line: its exit code and all it wrote."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["netlift", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            raise SystemExit(0)
        told = capfd.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


def personal(text: str) -> list[str]:
    return [needle for needle in PERSONAL if needle.lower() in text.lower()]


def test_the_whole_way_shows_nobody(
    netlift: Callable[..., tuple[int, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """check, prepare, vote, launch with faults, close, why, assign: output, logs, reports, audit and files of the data directory."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("NETLIFT_VAULT_KEY", KEY)
    monkeypatch.setattr(structure, "COPIES", 19)
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)
    monkeypatch.setattr(ledger, "BACK_OFF", (0.1, 0.1, 0.1, 0.1, 0.1))
    with Telltale(refuse=0.1, reject=0.1, drop=0.1, seed=3) as sink:
        config = canary.write(tmp_path / "shop", port=sink.port)
        told = [netlift("check", config), netlift("prepare", config, "--out", tmp_path / "run"), netlift("review", "submit", 1)]
        for name, role in (("ann", "reviewer"), ("ben", "privacy")):
            told += [netlift("user", "add", name, "--role", role), netlift("review", "approve", 1, "--as", name, "--reason", "seen")]
        told += [netlift("review", "show", 1), netlift("launch", 1, "--json"), netlift("deliveries", 1), netlift("close", 1)]
        told += [netlift("privacy", "why", ID), netlift("assign", 1, config, "--why", ID), netlift("audit", "verify")]
        letters = b"".join(sink.letters)
    assert [code for code, _ in told] == [0] * len(told)
    assert NAME.encode() in letters  # the letter itself has the name
    assert set(Delivery.objects.values_list("state", flat=True)) >= {"accepted", "failed", "unknown", "excluded"}
    assert personal("\n".join(text for _, text in told)) == []
    assert personal("\n".join(r.getMessage() for r in caplog.records if r.name != "mail.log")) == []  # that is the test's mail server
    assert personal(json.dumps(list(Run.objects.values_list("facts", "content", "findings")))) == []
    trail = "\n".join(AuditEvent.objects.values_list("details", flat=True))
    assert (personal(trail), ID in trail) == ([], False)
    assert canary.found(store_folder(), tmp_path / "run", needles=PERSONAL) == []


ROW = f"{ID},{EMAIL},{NAME},US,{PHONE}\n"
CONTACTS = 'path = "contacts.csv"'
FAULTS: dict[str, tuple[str, Callable[[str], str]]] = {  # file, and what is done to it
    "twice": ("contacts.csv", lambda text: text + ROW),
    "no header": ("contacts.csv", lambda _: ROW * 3),
    "too many cells": ("contacts.csv", lambda text: text + f"{ROW.strip()},{EMAIL},{NAME}\n" * 200),
    "amounts": ("sales.csv", lambda text: text + f"{ID},2026-01-05T10:00:00,{NAME}\n" * 900),
    "numbers for amounts": ("sales.csv", lambda text: text + f"{ID},2026-01-05T10:00:00,{PHONE}\n" * 900),
    "addresses for moments": ("sales.csv", lambda text: text + f"{ID},{EMAIL},3\n" * 900),
    "derive": ("netlift.toml", lambda text: text.replace(CONTACTS, f'{CONTACTS}\nderive = {{ x = "CAST(email AS DOUBLE)" }}')),
    "where": ("netlift.toml", lambda text: text.replace(CONTACTS, f'{CONTACTS}\nwhere = "CAST(name AS DOUBLE) > 1"')),
    "status": ("consents.csv", lambda text: text + f"{ID},email,{EMAIL},marketing,2026-01-01,form,,\n" * 900),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_error_shows_nobody(
    netlift: Callable[..., tuple[int, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Each fault in the data is told in a sentence, by command and as JSON, without a person's values; no address stays behind."""
    caplog.set_level(logging.DEBUG)
    open_store()
    config = canary.write(tmp_path / "shop")
    file, change = FAULTS[name]
    (tmp_path / "shop" / file).write_text(change((tmp_path / "shop" / file).read_text(encoding="utf-8")), encoding="utf-8")
    for more in ((), ("--json",)):
        code, told = netlift("prepare", config, *more)
        assert code == 1
        assert "Traceback" not in told
        assert (personal(told), ID in told) == ([], False)
    assert (personal(caplog.text), ID in caplog.text) == ([], False)
    assert canary.found(store_folder(), needles=(EMAIL, PHONE)) == []  # refused rows are kept: a name in them is not to be recognised
