"""Several sessions at once, several commands in one write: the channel `smtp` against a server that offers PIPELINING."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from netlift.campaigns.channels import smtp
from netlift.campaigns.channels.smtp import Smtp
from netlift.errors import InputError
from netlift.records import Delivery, Receipt
from tests.campaigns.crowd import HANG_UP, Crowd, crowd
from tests.campaigns.letters import MESSAGE, delivery, every, settings


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to connect follow each other at once."""
    monkeypatch.setattr(smtp, "CONNECT_PAUSE", 0.01)


def sent(
    server: Crowd, batch: Sequence[Delivery], *, forbidden: frozenset[int] = frozenset(), **more: Any
) -> tuple[dict[int, Receipt], list[list[int]]]:
    """Receipts by number, and the groups that were committed."""
    groups: list[list[int]] = []

    def committing(group: Sequence[Delivery]) -> frozenset[int]:
        groups.append([one.delivery_id for one in group])
        return every(group) - forbidden

    with closing(Smtp(settings(server.port, **{"connections": 8, "reply_timeout": 3, **more}))) as channel:
        found = list(channel.send(batch, committing))
    assert len({r.delivery_id for r in found}) == len(found)
    return {r.delivery_id: r for r in found}, groups


def test_one_commit_and_one_round_trip_for_a_group() -> None:
    """Twenty messages over eight sessions: three groups, each committed once; a body goes with the next announcement."""
    with crowd() as server:
        found, groups = sent(server, [delivery(i) for i in range(20)])
    assert Counter(r.state for r in found.values()) == {"accepted": 20}
    assert [len(group) for group in groups] == [8, 8, 4]
    assert sorted(server.arrived) == sorted(f"c{i}" for i in range(20))
    assert server.sessions == 8
    busiest = max(server.pieces, key=len)
    assert busiest == ["ehlo", "mail+rcpt+data", "body+mail+rcpt+data", "body+mail+rcpt+data", "body"] or busiest[-1] == "quit"
    assert not [piece for mine in server.pieces for piece in mine if piece in {"mail", "rcpt", "data"}]


def test_a_server_without_pipelining_gets_one_command_at_a_time() -> None:
    """RFC 2920 section 3: only where it is offered."""
    with crowd(offers=()) as server:
        found, groups = sent(server, [delivery(i) for i in range(10)], connections=4)
    assert Counter(r.state for r in found.values()) == {"accepted": 10}
    assert [len(group) for group in groups] == [4, 4, 2]
    assert not [piece for mine in server.pieces for piece in mine if "+" in piece]


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
def test_each_refusal_is_its_own(offers: tuple[str, ...]) -> None:
    """Refused for now or for good, before or after the body: the others of the group are not touched, and nobody gets two."""
    answers = {
        "c1": {"rcpt": b"550 5.1.1 no such user", "data": b"554 5.5.1 no valid recipients"},
        "c2": {"rcpt": b"451 4.7.1 later", "data": b"554 5.5.1 no valid recipients"},
        "c3": {"data": b"452 4.3.1 no space"},
        "c4": {"body": b"554 5.7.1 spam"},
        "c5": {"body": b"451 4.3.0 busy"},
        "c6": {"body": b"421 closing"},
        "c7": {"rcpt": b"421 closing", "data": HANG_UP},
        "c8": {"body": HANG_UP},
        "c9": {"rcpt": HANG_UP},
        "c10": {"body": b"nonsense"},
        "c12": {"rcpt": b"550 5.1.1 no such user", "data": HANG_UP},
        "c11": {"rcpt": b"nonsense", "data": b"503 no"},
    }
    with crowd(answers, offers=offers) as server:
        found, _ = sent(server, [delivery(i) for i in range(24)], connections=5)
    states = {number: receipt.state for number, receipt in found.items()}
    refused = {1: "failed", 2: "retry", 3: "retry", 4: "failed", 5: "retry", 6: "retry", 7: "retry", 8: "unknown"}
    refused |= {9: "retry", 10: "unknown", 11: "retry", 12: "failed"}
    assert states == {i: refused.get(i, "accepted") for i in range(24)}
    assert max(Counter(server.arrived).values()) == 1
    assert server.empty == []
    assert found[1].reason == "550 5.1.1 no such user"


def test_a_body_for_nobody_is_an_empty_one() -> None:
    """A server that takes the body after it refused the recipient gets a lone dot, never the letter (RFC 2920 section 3.1)."""
    with crowd({"c1": {"rcpt": b"550 no", "body": b"554 nobody"}}) as server:
        found, groups = sent(server, [delivery(i) for i in range(4)], connections=2)
    assert [found[i].state for i in range(4)] == ["accepted", "failed", "accepted", "accepted"]
    assert server.empty == ["c1"]
    assert 1 not in [number for group in groups for number in group]


def test_who_may_not_go_stops_the_batch() -> None:
    """Of a group those that may go are sent, the others are taken back by ending their session; nothing is begun after that."""
    with crowd() as server:
        found, groups = sent(server, [delivery(i) for i in range(30)], forbidden=frozenset({9, 11}))
    assert groups == [list(range(8)), list(range(8, 16))]
    assert set(found) == set(range(16)) - {9, 11}
    assert sorted(server.arrived) == sorted(f"c{i}" for i in found)
    assert sum(piece.count("data") for mine in server.pieces for piece in mine) == 16


def test_fewer_sessions_where_the_server_wants_no_more() -> None:
    """Three are let in: all messages go through these, and no further one is tried all the time."""
    with crowd(most=3) as server:
        found, groups = sent(server, [delivery(i) for i in range(12)])
    assert Counter(r.state for r in found.values()) == {"accepted": 12}
    assert max(map(len, groups)) == 3
    assert server.sessions == 3


def test_no_session_at_all_is_told() -> None:
    """What was not begun has no receipt: the ledger gives it back."""
    with crowd(most=0) as server, pytest.raises(InputError, match="No mail server answers"):
        sent(server, [delivery(i) for i in range(3)])


@pytest.mark.parametrize("limit", [{"messages_per_connection": 2}, {"seconds_per_connection": 0.000001}])
def test_sessions_do_not_last_for_ever(limit: dict[str, Any]) -> None:
    """After so many messages, or so long, a session is ended in good order and another one begun."""
    with crowd() as server:
        found, _ = sent(server, [delivery(i) for i in range(8)], connections=2, **limit)
        deadline = time.monotonic() + 3
        while not all(mine[-1] == "quit" for mine in server.pieces) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert Counter(r.state for r in found.values()) == {"accepted": 8}
    assert server.sessions == (4 if "messages_per_connection" in limit else 8)  # two messages each, or one


def test_a_silent_server_costs_one_limit_for_the_whole_group() -> None:
    """Eight sessions wait at the same time, not after each other."""
    with crowd() as server:
        usual = server._answer

        def slow(command: str, to: str) -> bytes:
            if command == "body":
                time.sleep(5)
            return usual(command, to)

        server._answer = slow  # type: ignore[method-assign]
        began = time.monotonic()
        found, _ = sent(server, [delivery(i) for i in range(8)], reply_timeout=0.5)
    assert Counter(r.state for r in found.values()) == {"unknown": 8}
    assert time.monotonic() - began < 3


def test_domains_in_any_script() -> None:
    """A domain beyond ASCII goes over the wire in its ASCII form (RFC 5891), in envelope and header."""
    with crowd() as server:
        found, _ = sent(server, [delivery(1, address="anna@bücher.example"), delivery(2, address="anna@faß.example")])
    assert [r.state for r in found.values()] == ["accepted", "accepted"]
    assert b"To: anna@xn--bcher-kva.example\r\n" in server.mails[0] + server.mails[1]
    assert b"To: anna@xn--fa-hia.example\r\n" in server.mails[0] + server.mails[1]


def test_names_in_any_script_need_a_server_that_takes_them() -> None:
    """SMTPUTF8 (RFC 6531) where it is offered; else this one has failed with the reason, and the others go."""
    people = [delivery(1, address="zoë@example.com"), delivery(2), delivery(3, address="用户@例子.example")]
    with crowd() as server:
        found, _ = sent(server, people)
    assert [found[i].state for i in (1, 2, 3)] == ["failed", "accepted", "failed"]
    assert found[1].reason == "the mail server takes no addresses beyond ASCII (SMTPUTF8)"
    with crowd(offers=("PIPELINING", "SMTPUTF8")) as server:
        found, _ = sent(server, people)
    assert {r.state for r in found.values()} == {"accepted"}
    assert any("To: zoë@example.com\r\n".encode() in mail for mail in server.mails)


def test_the_return_path_is_the_deliverys() -> None:
    """Where bounces go is told by the delivery (VERP), else it is the sender; what is no address is not sent."""
    with crowd() as server:
        heard: list[str] = []
        usual = server._answer

        def listening(command: str, to: str) -> bytes:
            heard.append(command)
            return usual(command, to)

        server._answer = listening  # type: ignore[method-assign]
        batch = [delivery(1, return_path="bounces+1.ab@shop.example"), delivery(2, return_path="x> SIZE=1\r\nRSET <")]
        found, _ = sent(server, batch)
    assert found[1].state == "accepted"
    assert (found[2].state, found[2].reason) == ("failed", "the return path is no address")
    assert "rset" not in heard


def test_nothing_more_is_said_to_a_session_that_waits_for_a_body() -> None:
    """When the ledger breaks after the announcement the sessions are cut: what came next would become somebody's letter."""
    with crowd() as server, closing(Smtp(settings(server.port, connections=4, reply_timeout=3))) as channel:

        def broken(group: Sequence[Delivery]) -> frozenset[int]:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            list(channel.send([delivery(i) for i in range(8)], broken))
        assert Counter(r.state for r in channel.send([delivery(i) for i in range(8)], every)) == {"accepted": 8}
    assert sorted(server.arrived) == sorted(f"c{i}" for i in range(8))
    assert server.sessions == 8
    assert not [piece for mine in server.pieces for piece in mine if piece.startswith("quit") and "body" not in "".join(mine)]


def test_a_message_with_mistakes_is_told_before_anything_is_sent() -> None:
    """Also where it is the last one's."""
    wrong = dataclasses.replace(MESSAGE, html="<script></script>")
    with crowd() as server, pytest.raises(InputError, match="<script> is not allowed"):
        sent(server, [*(delivery(i) for i in range(8)), delivery(9, message=wrong)])
    assert server.arrived == []


def test_a_header_that_would_break_fails_alone() -> None:
    """What only one person's data would break is that person's failure."""
    with crowd() as server:
        found, _ = sent(server, [delivery(1, unsubscribe_url="https://x\r\nBcc: y@z.example"), delivery(2)])
    assert (found[1].state, found[2].state) == ("failed", "accepted")
    assert "y@z.example" not in found[1].reason
