"""The parts of a batch's way that whole batches do not show: crashes between two steps, odd files and exports."""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from netlift.campaigns import deliver
from netlift.campaigns.channels.acoustic import Acoustic, events, faults, files, flow, sftp
from netlift.campaigns.channels.acoustic.client import Client
from netlift.campaigns.channels.acoustic.steps import begun, kept
from netlift.campaigns.messages import CannotWrite
from netlift.campaigns.testing import acoustic as stand_in
from netlift.errors import InputError
from netlift.records import Receipt
from tests.campaigns import letters
from tests.campaigns.acoustic import organisations
from tests.campaigns.acoustic.organisations import people, settings
from tests.campaigns.letters import Memory, every

NEW_YORK = ZoneInfo("America/New_York")
HEADER = "Recipient Id,Mailing Id,Report Id,Email,Event Type,Event Timestamp,Click Name,URL,Suppression Reason,CUSTOMER_ID"


def test_a_crash_before_the_order_sends_again(server: stand_in.Acoustic) -> None:
    """Committed, and the process ended before it ordered: certainly nothing was mailed, so they come back."""
    with closing(Acoustic(settings(server))) as channel:
        with begun(channel.client().folder, "b1") as steps:
            steps.save(list="1")
            steps.save_people("t", [4, 5])
        told = list(channel.recovered(frozenset({"t", "u"})))
        assert told == [("t", [Receipt(n, "retry", "the process ended before the mailing was ordered") for n in (4, 5)])]
        assert list(channel.recovered(frozenset({"u"}))) == []
        with begun(channel.client().folder, "b1"):
            assert list(channel.recovered(frozenset({"t"}))) == [], "somebody is at work on it"
        with begun(channel.client().folder, "b1") as steps:
            steps.save(name="Wine/b1", ordering=datetime.now(UTC).isoformat())
        assert list(channel.recovered(frozenset({"t"}))) == [], "ordered, and not there: nobody can tell"


def test_five_thousand_with_everything_going_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expired token, fault 145, one request too many, empty body, slow job, refused rows: all counts agree exactly."""
    with organisations.organisation(tmp_path / "v", monkeypatch, job_seconds=0.3, repeat=0.1, events="%m/%d/%y %I:%M %p") as server:
        for operation, what, more in (
            ("token", "busy", {}),
            ("GetLists", "fault", {"errorid": 145}),
            ("CreateContactList", "reset", {"after": True}),
            ("ImportList", "throttled", {}),
            ("GetJobStatus", "empty", {"times": 2}),
            ("GetListMetaData", "html", {}),
            ("ScheduleMailing", "empty", {"after": True}),
            ("RawRecipientDataExport", "truncated", {"after": True}),
        ):
            server.faults.order(operation, what, **more)  # type: ignore[arg-type]
        server.called = lambda operation, when: server.expire() if (operation, when) == ("ImportList", "after") else None
        batch = [
            letters.delivery(i, fields={"name": "Zoë"}, address=f"c{i}@{'nowhere' if i % 100 == 0 else 'example.com'}") for i in range(5000)
        ]
        ledger = Memory(batch)
        with closing(Acoustic(settings(server, reply_timeout=10))) as channel:
            deliver(ledger, channel)
            server.advance(3600)
            kinds = Counter(event.kind for event in channel.events(since=datetime(2020, 1, 1, tzinfo=UTC)))
            (steps,) = kept(channel.client().folder)
            told = events.counts(channel.client(), steps)
        assert Counter(ledger.states.values()) == {"accepted": 4950, "failed": 50}
        assert {number for number, state in ledger.states.items() if state == "failed"} == set(range(0, 5000, 100))
        assert (kinds["sent"], told["NumSent"], events.differences(kinds, told)) == (4950, 4950, {})
        assert Counter(Counter(address for _, address in server.organisation.delivered).values()) == {1: 4950}
        assert (server.calls("ScheduleMailing"), server.calls("CreateContactList")) == (1, 1)


def test_a_job_that_takes_too_long_is_waited_for_later(server: stand_in.Acoustic, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its patience netlift gives everybody back; the next launch waits for the same job."""
    server.job_seconds = 0.5
    monkeypatch.setattr(flow, "PATIENCE", 0.1)
    with closing(Acoustic(settings(server))) as channel:
        with pytest.raises(faults.Throttled, match=r"The import \(job \d+\) of Acoustic Campaign is not done after 0 seconds"):
            list(channel.send(people(3), every))
        monkeypatch.setattr(flow, "PATIENCE", 10)
        assert [r.state for r in channel.send(people(3), every)] == ["accepted"] * 3
    assert (server.calls("ImportList"), server.calls("ScheduleMailing")) == (1, 1)


def test_what_an_order_is_refused_for_is_told(server: stand_in.Acoustic) -> None:
    """A fault that is known to mean no puts everybody off; one that nobody knows is looked up, and stays unknown."""
    with closing(Acoustic(settings(server))) as channel:
        server.faults.order("ScheduleMailing", "fault", errorid=51)
        told = list(channel.send(people(2), every))
        assert [r.state for r in told] == ["retry"] * 2
        assert "fault 51 (the request is not one that the platform understands)" in told[0].reason
        server.faults.order("ScheduleMailing", "fault", errorid=7777)
        assert [r.state for r in channel.send(people(2), every)] == ["unknown"] * 2


def test_the_file_is_one_row_a_person(server: stand_in.Acoustic, tmp_path: Path) -> None:
    """Header and cells in order, quoted as RFC 4180 says, UTF-8 without BOM, readable by its owner only."""
    given = settings(server)
    rows = [["a@b.de", "7", 'Zoë "Z", S', "x\ny"]]
    files.write_people(tmp_path / "p.csv", given, rows)
    assert (tmp_path / "p.csv").read_bytes() == 'EMAIL,CUSTOMER_ID,FIRST_NAME,OFFER\r\na@b.de,7,"Zoë ""Z"", S","x\ny"\r\n'.encode()
    assert stat.S_IMODE((tmp_path / "p.csv").stat().st_mode) == 0o600


def test_a_cell_that_no_file_takes(server: stand_in.Acoustic) -> None:
    """A NUL ends files of other programs: that person's message fails."""
    with pytest.raises(CannotWrite, match="control character"):
        files.row(settings(server, columns={"OFFER": "code"}), letters.delivery(1, fields={"name": "a", "code": "a\0b"}))


def test_whose_rows_were_refused(tmp_path: Path) -> None:
    """Whatever stands around the key, it is found as a whole cell; rows of nobody are counted."""
    (tmp_path / "e").write_text('BAD,x@y,7,"a\nb"\n\n8,x@y\nsomething about 9\n', encoding="utf-8")
    assert files.refused(tmp_path / "e", {"7", "8", "9"}) == (frozenset({"7", "8"}), 1)


def test_uploads_are_whole_and_never_replaced(server: stand_in.Acoustic, tmp_path: Path) -> None:
    """The same file again is left alone, another one under its name is refused; half a file is overwritten."""
    given, path = settings(server), tmp_path / "f"
    path.write_text("hello")
    (server.folder / "upload" / "f.csv.part").write_text("hel")
    sftp.put(given, {"f.csv": path})
    sftp.put(given, {"f.csv": path})
    assert [(p.name, p.read_text()) for p in (server.folder / "upload").iterdir()] == [("f.csv", "hello")]
    path.write_text("hello again")
    with pytest.raises(faults.Malformed, match="is on Acoustic Campaign's server already, with 5 bytes instead of 11"):
        sftp.put(given, {"f.csv": path})
    (server.folder / "download" / "big").write_bytes(b"x" * 100)
    with pytest.raises(faults.Malformed, match="has 100 bytes, and at most 99 are taken"):
        sftp.get(given, "big", tmp_path / "big", largest=99)
    with pytest.raises(faults.Malformed, match="which is not in its folder download"):
        sftp.get(given, "gone", tmp_path / "gone", largest=99)


def test_another_servers_key_is_refused(server: stand_in.Acoustic) -> None:
    """Nothing, not even the password, goes to a server that shows another key; nor to one where nobody listens."""
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJeXp0xCYsoEbXi5nZxcV0P0cNtbPDF7Ca8nkkFUV5TR"
    with pytest.raises(faults.AuthLost, match="shows another key than sftp_host_key"):
        sftp.sign_in(settings(server, sftp_host_key=other))
    with pytest.raises(faults.Throttled, match=r"127\.0\.0\.1:9 cannot be reached"):
        sftp.sign_in(settings(server, sftp_port=9))


def zipped(path: Path, *rows: str, name: str = "export.csv", more: dict[str, str] | None = None) -> Path:
    """An export."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, text in {name: "\n".join([HEADER, *rows]), **(more or {})}.items():
            archive.writestr(inside, text)
    return path


def test_an_export_is_read_by_names(tmp_path: Path) -> None:
    """Times of the organisation become UTC, words become kinds, an unknown word is kept, the same row counts once."""
    row = "1,2,3,a@b.de,Click Through,07/04/2026 12:00:00,to the shop,https://x,,c1"
    path = zipped(
        tmp_path / "e.zip", row, row, "1,2,3,a@b.de,Levitated,06/30/17 11:32 PM,,,,c1", "1,2,3,,Suppressed,01/01/2026 12:00:00,,,11,c2"
    )
    found = list(events.read(path, "CUSTOMER_ID", NEW_YORK))
    assert [(e.customer_id, e.kind, e.at, e.detail) for e in found] == [
        ("c1", "click", datetime(2026, 7, 4, 16, tzinfo=UTC), "to the shop"),
        ("c1", "other", datetime(2017, 7, 1, 3, 32, tzinfo=UTC), "Levitated"),
        ("c2", "suppressed", datetime(2026, 1, 1, 17, tzinfo=UTC), "11"),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"more": {"b.csv": ""}}, "holds 2 files where one without a folder was expected"),
        ({"name": "../../etc/passwd"}, "holds 1 files where one without a folder"),
        ({"name": "a\\b"}, "where one without a folder"),
        ({"rows": ["1,2,3,a@b.de,Open,tomorrow,,,,c"]}, "holds the time 'tomorrow'"),
        ({"more": {}, "key": "OTHER"}, "has no column 'OTHER'; check key_column"),
        ({"rows": ["x" * (2 << 20)]}, "would unpack to 2,097,2.. bytes, which is not believable"),
    ],
    ids=["two files", "a path", "another path", "no time", "no key", "a bomb"],
)
def test_an_export_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], told: str) -> None:
    """Each is one sentence, and nothing is unpacked to the disk."""
    monkeypatch.setattr(events, "MOST_PACKED", 1)
    path = zipped(tmp_path / "e.zip", *given.get("rows", ()), name=given.get("name", "export.csv"), more=given.get("more"))
    with pytest.raises(InputError, match=told):
        list(events.read(path, given.get("key", "CUSTOMER_ID"), NEW_YORK))
    assert [p.name for p in tmp_path.iterdir()] == ["e.zip"]


def test_an_export_goes_on_where_it_stopped(client: Client, server: stand_in.Acoustic) -> None:
    """A process that dies while it waits for an export leaves its job, and the next one waits for it."""
    with closing(Acoustic(settings(server))) as channel:
        list(channel.send(people(3), every))
        server.advance(3600)
        server.job_seconds = 0.3
        began: Iterator[Any] = channel.events(since=datetime(2020, 1, 1, tzinfo=UTC))
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(sftp, "get", _interrupted)
            next(began)
        assert Counter(e.kind for e in channel.events(since=datetime(2020, 1, 1, tzinfo=UTC)))["sent"] == 3
    assert server.calls("RawRecipientDataExport") == 1


def _interrupted(*given: Any, **named: Any) -> None:
    raise KeyboardInterrupt
