"""The ledger of consents."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from netlift import rules
from netlift.errors import InputError
from netlift.store import audit, consents, vault
from netlift.store.models import Consent, ListedNumber

pytestmark = pytest.mark.usefixtures("owner")
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def row(**changes: Any) -> dict[str, Any]:
    """A row of the table of consents."""
    return {"customer_id": "c1", "channel": "email", "status": "given", "given_at": EARLY, "source": "form", **changes}


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([row()], "given"),
        ([row(), row(status="withdrawn", given_at=LATE)], "withdrawn"),
        ([row(status="withdrawn"), row(given_at=LATE)], "given"),
        ([row(), row(status="withdrawn")], "withdrawn"),  # at the same time
        ([row(), row(status="withdrawn", given_at=None)], "withdrawn"),  # nobody knows when
        ([row(given_at=None), row(status="soft_opt_in")], "soft_opt_in"),
        ([row(), row(status="withdrawn", given_at=LATE, purpose="service")], "given"),
        ([row(), row(status="withdrawn", given_at=LATE, channel="sms")], "given"),
    ],
)
def test_the_latest_row_counts(rows: list[dict[str, Any]], status: str) -> None:
    """Of the same channel and purpose; where time does not tell, a refusal before a consent. The order of coming in does not matter."""
    consents.fill(rows)
    consents.fill({**one, "customer_id": "c2"} for one in reversed(rows))
    found = consents.latest(["c1", "c2", "c3"], "email")
    assert {who: held.status for who, held in found.items()} == {"c1": status, "c2": status}


def test_the_same_row_comes_in_once_and_history_only_grows() -> None:
    """Filling again adds nothing; a new row stands beside the old one."""
    assert consents.fill([row(), row(given_at=LATE)]) == 2
    assert consents.fill([row(), row(given_at=LATE), row(status="withdrawn", given_at=LATE)]) == 1
    assert [one["status"] for one in consents.history("c1")] == ["given", "given", "withdrawn"]


def test_the_database_refuses_to_change_a_consent() -> None:
    """History is append-only, whoever writes."""
    consents.fill([row()])
    with pytest.raises(DatabaseError, match="consents are only added"), transaction.atomic():
        Consent.objects.update(status="withdrawn")


def test_all_facts_are_kept_and_nobody_is_named() -> None:
    """What the rules need comes back; the customer id and the network address are keyed hashes."""
    naive = datetime(2027, 1, 1)  # noqa: DTZ001 - as the engine has it
    told = row(kind="Purchase", facts="notice, in_sale;own_similar no_objection", wording="v3", proof="form 7", expires_at=naive)
    consents.fill([{**told, "status": "soft_opt_in", "confirmed_at": LATE, "confirmed_from": "203.0.113.7"}])
    held = consents.latest(["c1"], "email")["c1"]
    assert (held.kind, held.wording, held.proof, held.facts) == ("purchase", "v3", "form 7", frozenset(rules.SOFT))
    assert (held.given_at, held.confirmed_at, held.expires_at) == (EARLY, LATE, datetime(2027, 1, 1, tzinfo=UTC))
    (kept,) = Consent.objects.values()
    assert "c1" not in map(str, kept.values())
    assert len(kept["confirmed_from"]) == 64


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"facts": "in_sale weather"}, "The table consents has the fact 'weather', which is not known; there are in_sale, own_similar"),
        ({"kind": "gift"}, "The table consents has the kind 'gift', which is not known; there are express, purchase, inquiry."),
    ],
)
def test_unknown_facts_are_refused(changes: dict[str, str], says: str) -> None:
    """A slip must not become a missing fact that nobody looks for."""
    with pytest.raises(InputError) as error:
        consents.fill([row(**changes)])
    assert says in str(error.value)


def test_a_withdrawal_holds_at_once_and_by_text_for_calls_too() -> None:
    """47 CFR 64.1200(a)(10): one revocation, both channels; suppressed, audited by keyed hash, and e-mail is untouched."""
    vault.put([{"customer_id": "c1", "email": "c1@example.com"}])
    consents.fill([row(channel=channel) for channel in ("email", "sms", "phone")])
    consents.withdraw("c1", "sms", source="reply STOP", actor="oscar")
    assert {ch: consents.latest(["c1"], ch)["c1"].status for ch in ("email", "sms", "phone")} == {
        "email": "given",
        "sms": "withdrawn",
        "phone": "withdrawn",
    }
    assert (vault.suppressed("sms"), vault.suppressed("email")) == (frozenset({"c1"}), frozenset())
    (told,) = audit.acts("withdraw consent")
    assert "c1" not in told.values()


def test_who_is_forgotten_leaves_only_the_suppression() -> None:
    """No row is left, and nothing is given when the person comes in again."""
    vault.put([{"customer_id": "c1", "email": "c1@example.com"}])
    consents.fill([row(), row(customer_id="c2")])
    consents.withdraw("c1", "email", source="letter", actor="oscar")
    assert consents.forget("c1") == 2
    assert (consents.history("c1"), len(consents.history("c2"))) == ([], 1)
    assert vault.suppressed("email") == frozenset({"c1"})


def test_a_do_not_call_list_replaces_the_one_before() -> None:
    """Numbers however they are spaced, once each, hashed."""
    assert consents.import_list("US", ["+1 212 555 0100", "+12125550100", "+12125550101"], dated=date(2026, 11, 1), actor="oscar") == 2
    assert consents.listed({"c1": "+1 (212) 555-0100", "c2": "+12125550199", "c3": ""}) == {"c1": frozenset({"US"})}
    assert consents.import_list("US", ["+12125550102"], dated=date(2026, 11, 20), actor="oscar") == 1
    assert consents.lists() == {"US": date(2026, 11, 20)}
    assert consents.listed({"c1": "+12125550100"}) == {}
    assert all(len(one) == 64 for one in ListedNumber.objects.values_list("hash", flat=True))


def test_a_list_of_tomorrow_or_of_words_is_refused_and_the_old_one_stays() -> None:
    """All or nothing; the message shows no line of the file."""
    consents.import_list("US", ["+12125550100"], dated=date(2026, 11, 1), actor="oscar")
    with pytest.raises(InputError, match="which is still to come"):
        consents.import_list("US", [], dated=timezone.now().date() + timedelta(days=1), actor="oscar")
    with pytest.raises(InputError, match="A line of 9 characters holds no telephone number"):
        consents.import_list("US", ["+12125550101", "Ann Smith"], dated=date(2026, 11, 2), actor="oscar")
    assert consents.lists() == {"US": date(2026, 11, 1)}
    assert consents.listed({"c1": "+12125550100"}) == {"c1": frozenset({"US"})}
