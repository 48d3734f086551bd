"""The stand-in for Acoustic Campaign refuses what the platform refuses, and works with a third-party client."""

from __future__ import annotations

import sys
import urllib.parse
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from silverpop.api import Silverpop, SilverpopResponseException

from netlift.campaigns.testing.acoustic import CLIENT, DATABASE, TEMPLATE, Acoustic, Contact
from netlift.errors import MissingExtra
from tests.campaigns.acoustic.conftest import client, server

__all__ = ["client", "server"]  # fixtures
FORM = "application/x-www-form-urlencoded"


def token(server: Acoustic, **changes: str) -> httpx.Response:
    """The answer of the token endpoint."""
    return httpx.post(f"{server.url}/oauth/token", data={**CLIENT, "grant_type": "refresh_token", **changes})


def asked(server: Acoustic, inside: str, *, ticket: str | None = None, body: bytes | None = None, kind: str = "text/xml") -> str:
    """The answer to what is in the body of an envelope."""
    given = ticket or token(server).json()["access_token"]
    content = body if body is not None else f"<Envelope><Body>{inside}</Body></Envelope>".encode()
    return httpx.post(f"{server.url}/XMLAPI", content=content, headers={"Content-Type": kind, "Authorization": f"Bearer {given}"}).text


def mailing(**changes: str | None) -> str:
    """A ScheduleMailing that is right, but for the changes."""
    when = f"{datetime.now(UTC) + timedelta(hours=1):%m/%d/%Y %I:%M:%S %p}"
    elements = {
        "TEMPLATE_ID": TEMPLATE,
        "LIST_ID": DATABASE,
        "MAILING_NAME": "m",
        "VISIBILITY": "1",
        "SEND_HTML": "",
        "SCHEDULED": when,
        **changes,
    }
    return "<ScheduleMailing>" + "".join(f"<{k}>{v}</{k}>" for k, v in elements.items() if v is not None) + "</ScheduleMailing>"


WRONG = {
    "another operation": "<DropDatabase/>",
    "another case": f"<getlistmetadata><LIST_ID>{DATABASE}</LIST_ID></getlistmetadata>",
    "another element": f"<GetListMetaData><LIST_ID>{DATABASE}</LIST_ID><SIZE/></GetListMetaData>",
    "two operations": f"<GetListMetaData><LIST_ID>{DATABASE}</LIST_ID></GetListMetaData><GetJobStatus><JOB_ID>1</JOB_ID></GetJobStatus>",
    "no number": "<GetListMetaData><LIST_ID>one</LIST_ID></GetListMetaData>",
    "an element twice": "<GetJobStatus><JOB_ID>1</JOB_ID><JOB_ID>1</JOB_ID></GetJobStatus>",
    "no visibility": mailing(VISIBILITY=None),
    "an empty visibility": mailing(VISIBILITY=""),
    "a flag that says false": mailing(SEND_HTML="false"),
    "24 hours": mailing(SCHEDULED="12/31/2099 23:00:00"),
}


@pytest.mark.parametrize("inside", WRONG.values(), ids=WRONG)
def test_what_is_not_as_it_must_be_is_fault_51(server: Acoustic, inside: str) -> None:
    """HTTP 200, no success, errorid 51; nothing is ordered."""
    told = asked(server, inside)
    assert "<SUCCESS>false</SUCCESS>" in told
    assert "<errorid>51</errorid>" in told
    assert server.organisation.mailings == {}


@pytest.mark.parametrize(
    "body",
    [
        b"<Envelope><Body><GetJobStatus><JOB_ID>1 & 2</JOB_ID></GetJobStatus></Body></Envelope>",
        b"<!DOCTYPE Envelope><Envelope><Body><GetJobStatus><JOB_ID>1</JOB_ID></GetJobStatus></Body></Envelope>",
        b"<Envelope><GetJobStatus><JOB_ID>1</JOB_ID></GetJobStatus></Envelope>",
        b"",
        "<Envelope><Body>ü</Body></Envelope>".encode("latin-1"),
    ],
)
def test_what_is_no_envelope_is_fault_51(server: Acoustic, body: bytes) -> None:
    """A bare ampersand, a DTD, no body, nothing, a wrong charset."""
    assert "<errorid>51</errorid>" in asked(server, "", body=body)


def test_both_kinds_of_body(server: Acoustic) -> None:
    """Raw XML and the form field xml are one thing, also for letters outside ASCII."""
    elements = {"DATABASE_ID": DATABASE, "CONTACT_LIST_NAME": "Ü&amp;ber", "VISIBILITY": "1"}
    inside = "<CreateContactList>" + "".join(f"<{k}>{v}</{k}>" for k, v in elements.items()) + "</CreateContactList>"
    form = urllib.parse.urlencode({"xml": f"<Envelope><Body>{inside}</Body></Envelope>"}).encode()
    assert "<SUCCESS>TRUE</SUCCESS>" in asked(server, inside)
    assert "<SUCCESS>TRUE</SUCCESS>" in asked(server, "", body=form, kind=FORM)
    assert [one.name for one in server.organisation.lists.values()] == ["Ü&ber"] * 2


@pytest.mark.parametrize(
    ("changes", "told"), [({"TEMPLATE_ID": "1"}, "5999"), ({"LIST_ID": "1"}, "5999"), ({"SCHEDULED": "01/01/2020 01:00:00 AM"}, "5998")]
)
def test_a_mailing_that_cannot_be(server: Acoustic, changes: dict[str, str], told: str) -> None:
    """No such template or list, and a time that has gone."""
    assert f"<errorid>{told}</errorid>" in asked(server, mailing(**changes))


def test_one_name_twice_sends_twice(server: Acoustic) -> None:
    """The platform does not help against double orders, so that tests see them."""
    server.organisation.databases[DATABASE].contacts["1"] = Contact("1", {"EMAIL": "a@example.com", "CUSTOMER_ID": "a"})
    for _ in range(2):
        assert "<SUCCESS>TRUE</SUCCESS>" in asked(server, mailing())
    server.advance(24 * 3600)
    assert [address for _, address in server.organisation.delivered] == ["a@example.com"] * 2


def test_tokens(server: Acoustic) -> None:
    """The same one for three hours, then a new one, both until their own end; none for a wrong secret, and not too many."""
    first = token(server).json()["access_token"]
    server.advance(2.9 * 3600)
    assert token(server).json()["access_token"] == first
    server.advance(0.2 * 3600)
    second = token(server).json()["access_token"]
    assert second != first
    known = f"<GetListMetaData><LIST_ID>{DATABASE}</LIST_ID></GetListMetaData>"
    assert "true" in asked(server, known, ticket=first)
    server.advance(3600)
    assert "<errorid>145</errorid>" in asked(server, known, ticket=first)
    assert "true" in asked(server, known, ticket=second)
    assert token(server, client_secret="x").status_code == 401
    assert token(server, client_secret="x").json()["error"] == "invalid_client"
    assert [token(server).status_code for _ in range(20)][-1] == 429


@pytest.fixture
def third_party(server: Acoustic, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes sessions of pysilverpop with the stand-in."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    class Local(Silverpop):  # type: ignore[misc]
        oauth_endpoint = "http://127.0.0.1:%s/oauth/token"
        api_endpoint = "http://127.0.0.1:%s/XMLAPI"

    port = server.url.rpartition(":")[2]
    return lambda: Local(CLIENT["client_id"], CLIENT["client_secret"], CLIENT["refresh_token"], port)


def test_a_third_party_client_does_a_campaign(server: Acoustic, third_party: Any) -> None:
    """Contact, list, mailing, counts: what another implementation of the protocol sends is understood, and it understands the answers."""
    theirs = third_party()
    added = theirs.add_recipient(DATABASE, "1", columns={"EMAIL": "a@example.com", "CUSTOMER_ID": "a"})
    assert added.RecipientId in server.organisation.databases[DATABASE].contacts
    assert theirs.get_lists("1", "0", None).LIST["SIZE"] == "1"  # its GetListMetaData cannot read columns without a value
    made = theirs.create_contact_list(DATABASE, "A list", "1")
    assert server.organisation.lists[made.CONTACT_LIST_ID].name == "A list"
    theirs.add_recipient(DATABASE, "1", update_if_found="true", columns={"EMAIL": "a@example.com", "FIRST_NAME": "Ann"})
    assert theirs.select_recipient_data(DATABASE, email="a@example.com").COLUMNS["FIRST_NAME"] == "Ann"
    when = f"{datetime.now(UTC) + timedelta(hours=1):%m/%d/%Y %I:%M:%S %p}"
    ordered = theirs.schedule_mailing(TEMPLATE, DATABASE, "A mailing", send_html=True, shared="1", scheduled=when)
    window = [f"{datetime.now(UTC) + timedelta(days=days):%m/%d/%Y %H:%M:%S}" for days in (-1, 1)]
    assert theirs.get_sent_mailings_for_org(*window, scheduled=True).Mailing["MailingId"] == ordered.MAILING_ID
    server.advance(7 * 3600)  # without SCHEDULED_IN_GMT the time was that of the organisation
    theirs = third_party()
    sent = theirs.get_sent_mailings_for_org(*window, sent=True).Mailing
    assert sent["NumSent"] == "1"
    assert theirs.get_aggregate_tracking_for_mailing(sent["MailingId"], sent["ReportId"]).Mailing["NumSent"] == "1"
    assert {one["NAME"] for one in theirs.get_lists("1", "2", None).LIST} == {"Customers", "A list"}
    theirs.opt_out_recipient(DATABASE, email="a@example.com")
    assert server.organisation.databases[DATABASE].contacts[added.RecipientId].opted_out
    with pytest.raises(SilverpopResponseException, match="is already in the list"):
        theirs.add_recipient(DATABASE, "1", columns={"EMAIL": "a@example.com"})
    with pytest.raises(SilverpopResponseException, match="Invalid XML Request: VISIBILITY"):
        theirs.schedule_mailing(TEMPLATE, DATABASE, "A mailing", shared=True)


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asyncssh it says what to install."""
    for name in [name for name in sys.modules if name.startswith("netlift.campaigns.testing.acoustic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[acoustic\]'"):
        __import__("netlift.campaigns.testing.acoustic")
