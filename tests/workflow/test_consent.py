"""The verbs about consents, through the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netlift.cli import app
from netlift.errors import InputError, NotFound, Refused
from netlift.store import audit, consents, ledger, people, runs, vault
from netlift.store.models import Delivery
from netlift.workflow import consent
from tests.workflow import plans

LATELY = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture(autouse=True)
def ann(tmp_path: Path) -> None:
    """A customer who agreed to e-mail."""
    plans.opened(tmp_path / "netlift")
    vault.put([{"customer_id": "ann", "email": "ann@example.com", "country": "DE"}])
    facts = {"given_at": LATELY, "source": "form", "confirmed_at": LATELY, "confirmed_from": "203.0.113.7"}
    consents.fill([{"customer_id": "ann", "channel": "email", "status": "given", **facts}])


def test_show_says_why_each_channel_is_open_or_closed() -> None:
    """By rule, with the packs and who signed them; nothing of the address."""
    shown = CliRunner().invoke(app, ["consent", "show", "ann", "--json"])
    told = json.loads(shown.output)
    assert [one["id"] for one in told["jurisdictions"]] == ["DE"]
    assert told["jurisdictions"][0]["signed"] == "not yet signed by counsel"
    assert told["channels"]["email"]["verdict"] == "allowed"
    assert (told["channels"]["sms"]["rule"], told["channels"]["sms"]["reason"]) == ("CONSENT", "no consent is on file")
    assert "ann@example.com" not in shown.output
    words = CliRunner().invoke(app, ["consent", "show", "ann"])
    assert words.exit_code == 0
    assert "Rules of Germany (DE, version 1, not yet signed by counsel)." in words.output


def test_a_suppressed_person_is_shown_as_opted_out() -> None:
    """The suppression list holds whatever the consents say."""
    vault.suppress("ann", reason="letter", actor=plans.OPERATOR)
    assert consent.show("ann")["channels"]["email"]["rule"] == "OPT_OUT"


def test_withdraw_cancels_what_waits() -> None:
    """At once, and told."""
    run_id = runs.create(name="x", author=plans.AUTHOR)
    ledger.fill(int(run_id), [ledger.Row("ann", "email", "Wine", "treated", "", "<a@x>")])
    done = CliRunner().invoke(app, ["consent", "withdraw", "ann", "--channel", "email", "--source", "link"])
    assert "Taken back on email; 1 waiting messages cancelled." in done.output
    assert Delivery.objects.get().state == "cancelled"
    assert consent.show("ann")["channels"]["email"]["rule"] == "OPT_OUT"
    assert all("ann" not in event.values() for event in audit.acts("withdraw consent"))


def test_import_of_a_list(tmp_path: Path) -> None:
    """A header and empty lines are no numbers."""
    file = tmp_path / "list.csv"
    file.write_text("number\n+1 212 555 0100\n\n+12125550101\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["consent", "import-list", str(file), "--list", "US", "--dated", "2026-11-20"])
    assert done.output.strip() == "The do-not-call list of US of 2026-11-20 has 2 numbers."


def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    """Unknown customers, channels, lists and files."""
    with pytest.raises(NotFound, match="Nothing is held of a customer with this id"):
        consent.show("nobody")
    with pytest.raises(InputError, match="'fax' is no channel; the channels are email, sms, phone, post, export"):
        consent.withdraw("ann", "fax", source="link")
    with pytest.raises(InputError, match="To take a consent back needs how the customer asked for it"):
        consent.withdraw("ann", "email", source=" ")
    with pytest.raises(InputError, match="No rule asks for a do-not-call list 'DE'; the rules ask for IN, UK, US"):
        consent.import_list(tmp_path / "x", "DE", dated=LATELY.date())
    with pytest.raises(InputError, match="cannot be read"):
        consent.import_list(tmp_path / "x", "US", dated=LATELY.date())


def test_who_may_do_it() -> None:
    """A director reads reports and neither looks up nor changes consents; a reviewer imports no list."""
    people.add("dora", "director")
    for act in (lambda: consent.show("ann", actor="dora"), lambda: consent.withdraw("ann", "email", source="link", actor="dora")):
        with pytest.raises(Refused):
            act()
    with pytest.raises(Refused):
        consent.import_list(Path("x"), "US", dated=LATELY.date(), actor=plans.MEMBERS[0])
