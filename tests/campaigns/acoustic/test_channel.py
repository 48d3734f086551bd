"""Whole batches through the channel: what the platform has afterwards is what the receipts say."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from netlift.campaigns import deliver
from netlift.campaigns.channels import BatchChannel, open_channel
from netlift.campaigns.channels.acoustic import Acoustic, events, flow
from netlift.campaigns.channels.acoustic.steps import begun, kept
from netlift.campaigns.testing import acoustic as stand_in
from netlift.errors import Busy, InputError, MissingExtra, SettingsError
from netlift.records import Delivery, Receipt
from tests.campaigns.acoustic import organisations
from tests.campaigns.acoustic.organisations import MESSAGE, people, settings
from tests.campaigns.letters import Memory, every

FAULTS = ("fault", "empty", "reset", "truncated", "html", "busy", "throttled", "late")
STEPS = ("GetLists", "CreateContactList", "ImportList", "GetJobStatus", "GetListMetaData", "ScheduleMailing")


def handed_over(server: stand_in.Acoustic, batch: Sequence[Delivery], committing: Any = every, **more: Any) -> list[Receipt]:
    """The receipts of one batch."""
    with closing(Acoustic(settings(server, **more))) as channel:
        return list(channel.send(batch, committing))


def mailed(server: stand_in.Acoustic) -> Counter[str]:
    """Who got how many, when the time of the mailings has come."""
    server.advance(3600)
    return Counter(address for _, address in server.organisation.delivered)


def states(receipts: Sequence[Receipt]) -> Counter[str]:
    """How many of each."""
    return Counter(receipt.state for receipt in receipts)


def test_everybody_once(server: stand_in.Acoustic) -> None:
    """Twenty people are accepted and mailed once; columns arrive as they are, and nothing is left on either side's disk."""
    told = handed_over(server, people(20))
    (mailing,) = server.organisation.mailings.values()
    assert told == [Receipt(i, "accepted", f"mailing {mailing.mailing_id} ordered") for i in range(20)]
    assert mailed(server) == {f"c{i}@example.com": 1 for i in range(20)}
    contact = next(iter(server.organisation.databases[stand_in.DATABASE].contacts.values()))
    assert contact.values == {"EMAIL": "c0@example.com", "CUSTOMER_ID": "c0", "FIRST_NAME": 'Zoë "0", Söhne', "OFFER": "Wine & <meat>"}
    assert (mailing.sender, mailing.visibility) == ("news@shop.example", "1")
    assert mailing.scheduled - datetime.now(UTC) > timedelta(minutes=14)
    assert list((server.folder / "upload").iterdir()) == []


def test_an_offer_a_mailing(server: stand_in.Acoustic) -> None:
    """Each offer is a mailing of its own template, and nobody is on the list of the other one's."""
    server.organisation.templates["2002"] = "Another letter"
    other = replace(MESSAGE, offer="Fish")
    batch = [replace(one, message=other) if i % 2 else one for i, one in enumerate(people(10))]
    told = handed_over(server, batch, templates={"Fish": "2002"})
    assert states(told) == {"accepted": 10}
    assert {(m.template, m.name.split("/")[0]) for m in server.organisation.mailings.values()} == {
        ("2001", "Wine _ _meat_"),
        ("2002", "Fish"),
    }
    assert mailed(server) == {f"c{i}@example.com": 1 for i in range(10)}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("operation", STEPS)
def test_one_fault_anywhere(server: stand_in.Acoustic, operation: str, what: Any, after: Any) -> None:
    """Whatever one call answers, and whether it took effect: nobody is mailed twice, and the receipts say who is mailed."""
    server.faults.order(operation, what, after=after)
    told = handed_over(server, people(5))
    assert server.calls("ScheduleMailing") == 1
    not_done = operation == "ScheduleMailing" and not after
    state = "accepted" if not not_done else "retry" if what == "throttled" else "unknown"
    assert states(told) == {state: 5}
    if not_done and what == "late":  # why it is not ordered again: it may be done long after it was asked for
        time.sleep(1)
    assert mailed(server) == ({} if not_done and what != "late" else {f"c{i}@example.com": 1 for i in range(5)})


def test_a_lost_session_costs_one_token(server: stand_in.Acoustic) -> None:
    """A token that does not count any more is renewed once, in front of any operation, and the operation is done once."""
    with closing(Acoustic(settings(server))) as channel:
        channel.open()
        server.expire()
        assert states(list(channel.send(people(5), every))) == {"accepted": 5}
    assert (server.calls("token"), server.calls("CreateContactList"), server.calls("ScheduleMailing")) == (2, 1, 1)


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in whose jobs take half a second."""
    with organisations.organisation(tmp_path / "slow", monkeypatch, job_seconds=0.5) as running:
        yield running


def test_a_slow_job_keeps_the_claim(slow: stand_in.Acoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the platform works, signs of life come more often than a third of the lease."""
    monkeypatch.setenv("NETLIFT_LEASE_SECONDS", "0.3")
    ledger = Memory(people(5))
    with closing(Acoustic(settings(slow))) as channel:
        deliver(ledger, channel)
    assert set(ledger.states.values()) == {"accepted"}
    assert ledger.log.count("renew") >= 5
    assert slow.calls("GetJobStatus") >= 3


def test_refused_rows_are_named_and_the_rest_is_mailed(server: stand_in.Acoustic) -> None:
    """Rows that the platform does not take come back as failed people; counts add up, and they are not mailed."""
    batch = [replace(one, address=f"c{i}@nowhere") if i in {3, 17} else one for i, one in enumerate(people(40))]
    told = handed_over(server, batch)
    assert {r.delivery_id: r.reason for r in told if r.state == "failed"} == dict.fromkeys(
        (3, 17), "refused by Acoustic Campaign at import"
    )
    assert states(told) == {"failed": 2, "accepted": 38}
    assert mailed(server) == {f"c{i}@example.com": 1 for i in range(40) if i not in {3, 17}}


def test_too_many_refused_rows_mail_nobody(server: stand_in.Acoustic) -> None:
    """Above max_rejected nothing is ordered and nobody gets a receipt; a second try imports nothing again."""
    batch = [replace(one, address=f"c{i}@nowhere") if i < 3 else one for i, one in enumerate(people(40))]
    for _ in range(2):
        with pytest.raises(
            InputError, match=r"refuses 3 of 40 rows \(job \d+\), more than max_rejected \(0.05\) allows; nobody was mailed"
        ):
            handed_over(server, batch)
    assert (server.calls("ScheduleMailing"), server.calls("ImportList")) == (0, 1)


def test_a_row_that_nobody_accounts_for_mails_nobody(server: stand_in.Acoustic) -> None:
    """Where the contact list is not as large as the import says, somebody else is on it: nothing is ordered."""
    database = server.organisation.databases[stand_in.DATABASE]

    def intrude(operation: str, when: str) -> None:
        if (operation, when) == ("GetListMetaData", "before"):
            (one,) = server.organisation.lists.values()
            one.members["0"] = stand_in.Contact("0", {"EMAIL": "x@example.com"})

    server.called = intrude
    with pytest.raises(InputError, match=r"cannot be reconciled: of 5 rows 5 were taken, 0 refused .* and 6 contacts are on the list"):
        handed_over(server, people(5))
    assert (len(database.contacts), server.calls("ScheduleMailing")) == (5, 0)


def test_a_failed_import_says_so_and_can_be_repeated(server: stand_in.Acoustic) -> None:
    """A job that ends as ERROR mails nobody; the next launch uploads under a new name and goes through."""
    columns = server.organisation.databases[stand_in.DATABASE].columns
    server.organisation.databases[stand_in.DATABASE].columns = columns[:2]
    with pytest.raises(InputError, match=r"ended the import \(job \d+\) as error, nobody was mailed"):
        handed_over(server, people(5))
    server.organisation.databases[stand_in.DATABASE].columns = columns
    assert states(handed_over(server, people(5))) == {"accepted": 5}
    assert (server.calls("CreateContactList"), server.calls("ImportList")) == (1, 2)


def test_somebody_suppressed_meanwhile_stops_the_batch(server: stand_in.Acoustic) -> None:
    """The list holds a person who may not be mailed any more: nobody is, the others come again, without that person."""
    batch = people(6)
    told = handed_over(server, batch, lambda some: frozenset(d.delivery_id for d in some) - {2})
    assert (states(told), server.calls("ScheduleMailing")) == ({"retry": 5}, 0)
    assert states(handed_over(server, [one for one in batch if one.delivery_id != 2])) == {"accepted": 5}
    assert "c2@example.com" not in mailed(server)


def test_a_stopped_run_orders_nothing(server: stand_in.Acoustic) -> None:
    """Where nobody may be committed there is no order, and no receipt."""
    assert handed_over(server, people(3), lambda _: frozenset()) == []
    assert server.calls("ScheduleMailing") == 0


def test_who_cannot_be_written_fails_alone(server: stand_in.Acoustic) -> None:
    """A missing field or an address that cannot be costs that person's message only, before anything is uploaded."""
    batch = people(4)
    batch[1] = replace(batch[1], fields={})
    batch[2] = replace(batch[2], address="no address")
    told = handed_over(server, batch)
    assert {r.delivery_id: (r.state, r.reason) for r in told if r.state != "accepted"} == {
        1: ("failed", "missing field name"),
        2: ("failed", "invalid address"),
    }
    assert mailed(server) == {"c0@example.com": 1, "c3@example.com": 1}


def test_one_process_a_batch(server: stand_in.Acoustic) -> None:
    """While one process hands a batch over, another that claims the same people is told to wait."""
    batch = people(3)
    with (
        closing(Acoustic(settings(server))) as channel,
        begun(channel.client().folder, flow.key_of(batch, stand_in.TEMPLATE)),
        pytest.raises(Busy, match="Another process hands over the batch"),
    ):
        list(channel.send(batch, every))


def test_unknown_learns_the_truth_later(server: stand_in.Acoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order whose answer was lost, and that could not be looked up, is found when sending goes on; it is not repeated."""
    monkeypatch.setattr(flow, "LOOKS", 1)
    server.faults.order("ScheduleMailing", "reset", after=True)
    server.faults.order("GetSentMailingsForOrg", "busy", times=5)
    ledger = Memory(people(4), due=[None, None])
    with closing(Acoustic(settings(server))) as channel:
        deliver(ledger, channel)
        assert set(ledger.states.values()) == {"unknown"}
        deliver(ledger, channel)
    assert set(ledger.states.values()) == {"accepted"}
    assert server.calls("ScheduleMailing") == 1
    assert mailed(server) == {f"c{i}@example.com": 1 for i in range(4)}


def test_what_a_person_gives_back_is_looked_up_first(server: stand_in.Acoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown people who are sent to again are only mailed if the platform has no mailing of their batch."""
    monkeypatch.setattr(flow, "LOOKS", 1)
    server.faults.order("ScheduleMailing", "reset", after=True)
    server.faults.order("GetSentMailingsForOrg", "busy", times=5)
    assert states(handed_over(server, people(4))) == {"unknown": 4}
    assert states(handed_over(server, people(4))) == {"accepted": 4}
    server.faults.order("ScheduleMailing", "empty")
    assert states(handed_over(server, people(5))) == {"unknown": 5}
    assert states(handed_over(server, people(5))) == {"accepted": 5}
    assert (server.calls("ScheduleMailing"), len(server.organisation.mailings)) == (3, 2)


def test_open_sees_what_is_not_set_up(server: stand_in.Acoustic) -> None:
    """Before anything is begun: wrong column, wrong template, wrong password, another server's key."""
    for more, told in (
        ({"columns": {"First_Name": "name"}}, "has no column 'First_Name' .capitals count.; it has: CUSTOMER_ID, EMAIL, FIRST_NAME, OFFER"),
        ({"template": "7"}, "no shared mailing template 7"),
    ):
        with pytest.raises(SettingsError, match=told), closing(Acoustic(settings(server, **more))) as channel:
            channel.open()
    with (
        pytest.raises(InputError, match="refuses the sign-in; check sftp_user"),
        closing(Acoustic(settings(server, sftp_user="x"))) as channel,
    ):
        channel.open()
    with closing(Acoustic(settings(server))) as channel:
        channel.open()
        assert channel.problem("no") == "invalid address"


def test_it_is_a_batch_channel(server: stand_in.Acoustic) -> None:
    """The table opens it by its kind, and the loop knows that it wants whole batches."""
    channel = open_channel(settings(server, batch_size=500))
    assert isinstance(channel, BatchChannel)
    assert channel.batch_size == 500
    assert not isinstance(open_channel(organisations.mail_settings()), BatchChannel)


def test_events_reconcile(server: stand_in.Acoustic) -> None:
    """What people did comes back by customer id, repeated rows once, and as the platform itself counts it."""
    server.organisation.suppression["3001"] = frozenset({"c7@example.com"})
    with closing(Acoustic(settings(server, suppression_lists=["3001"]))) as channel:
        list(channel.send(people(800), every))
        server.advance(3600)
        server.repeat = 0.3
        began = datetime.now(UTC) - timedelta(hours=1)
        found = list(channel.events(since=began))
        again = list(channel.events(since=began))
        (steps,) = kept(channel.client().folder)
        told = events.counts(channel.client(), steps)
    kinds = Counter(event.kind for event in found)
    assert events.differences(kinds, told) == {}
    assert (kinds["sent"], kinds["suppressed"]) == (799, 1)
    assert set(kinds) == {"sent", "suppressed", "open", "click", "hard bounce", "soft bounce", "opt-out"}
    assert {e.customer_id for e in found if e.kind == "sent"} == {f"c{i}" for i in range(800) if i != 7}
    assert [(e.customer_id, e.detail) for e in found if e.kind == "suppressed"] == [("c7", "8")]
    assert sorted(e.event_id for e in found) == sorted(e.event_id for e in again)
    assert len({e.event_id for e in found}) == len(found)
    assert list((server.folder / "download").glob("*.zip")) == []


def test_missing_package_names_the_extra(server: stand_in.Acoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asyncssh the channel says what to install."""
    for name in [name for name in sys.modules if name.startswith("netlift.campaigns.channels.acoustic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[acoustic\]'"):
        open_channel(settings(server))
