"""What a message carries so that something can come back, and nothing where no way is set up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from netlift.errors import SettingsError
from netlift.settings import ChannelSettings, environment
from netlift.store import keys, ledger, tokens, ways_back
from netlift.store.models import Link
from netlift.store.tokens import OptOut, Tracked
from netlift.workflow.launch import start
from tests.workflow import plans
from tests.workflow.plans import OPERATOR


def claimed(tmp_path: Path, **channel: Any) -> Any:
    """The first delivery of a run whose channel is set up so."""
    plans.opened(tmp_path / "netlift")
    run = plans.approved(tmp_path / "run", config=plans.settings(**channel))
    ways_back.keep_links(int(run), ["https://shop.example/a"])
    start(run, actor=OPERATOR)
    message = plans.plan().messages[0]
    return ledger.RunLedger(int(run), "email", {"Wine": message}, address_field="email").claim(1)[0]


def test_no_way_is_set_up(tmp_path: Path) -> None:
    """The sender's own address, no link, no further fields."""
    one = claimed(tmp_path, track_clicks=True)
    assert (one.unsubscribe_url, one.return_path, set(one.fields)) == ("", "", {"email", "name", "country"})


def test_every_way_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each names this delivery and nobody, and is read back."""
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", "https://mail.shop.example/")
    one = claimed(tmp_path, bounces="bounces@shop.example", track_clicks=True)
    base, page, token = one.unsubscribe_url.rpartition("/p/u/")
    assert (base, page) == ("https://mail.shop.example", "/p/u/")
    assert tokens.read_opt_out(token) == OptOut(one.delivery_id, keys.keyed_hash("customer", one.customer_id), "email")
    (told,) = re.findall(r"^bounces\+([a-z2-7]{32})@shop\.example$", one.return_path)
    assert tokens.read_return_path(told) == one.delivery_id
    link = Link.objects.get()
    click = one.fields[f"netlift_link_{link.pk}"].removeprefix("https://mail.shop.example/p/c/")
    assert tokens.read_tracked("click", click) == Tracked(one.delivery_id, link.pk)
    assert {"netlift_open", "netlift_trap"} <= set(one.fields)


def test_a_link_is_kept_once(tmp_path: Path) -> None:
    """However often a worker begins, and however long it is."""
    plans.opened(tmp_path / "netlift")
    long = "https://shop.example/" + "x" * 9000
    assert ways_back.keep_links(1, [long]) == ways_back.keep_links(1, [long])
    assert ways_back.keep_links(2, [long]) != ways_back.keep_links(1, [long])
    assert Link.objects.count() == 2


@pytest.mark.parametrize(
    "wrong", ["mail.shop.example", "http://mail.shop.example", "https://a@b.example", "https://a.example/x", "https://", "ftp://a"]
)
def test_a_public_address_is_https_and_a_name_alone(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """Anything else is named; http only on this machine."""
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", wrong)
    with pytest.raises(SettingsError, match="NETLIFT_PUBLIC_URL is wrong"):
        environment()
    monkeypatch.setenv("NETLIFT_PUBLIC_URL", "http://127.0.0.1:8000")
    assert environment().public_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("wrong", ["bounces", "a+b@c.example", "a b@c.example", "x" * 32 + "@c.example", "a@b@c"])
def test_an_address_for_returned_mail_is_plain(wrong: str) -> None:
    """So that plus and token fit behind its name."""
    with pytest.raises(ValueError, match="bounces"):
        ChannelSettings(sender="a@b.example", bounces=wrong)
