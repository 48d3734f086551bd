from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from netlift.campaigns.channels.smtp import Smtp
from netlift.campaigns.testing import FastSink, Sink
from netlift.errors import MissingExtra
from tests.campaigns.letters import delivery, every, settings


def states(port: int, number: int = 40) -> list[str]:
    """What becomes of some messages."""
    with closing(Smtp(settings(port))) as channel:
        return [r.state for r in channel.send([delivery(i) for i in range(number)], every)]


def test_takes_everything() -> None:
    """Without faults every message is taken and listed."""
    with Sink() as sink:
        assert states(sink.port, 5) == ["accepted"] * 5
        assert [recipient for recipient, _ in sink.received] == [f"c{i}@example.com" for i in range(5)]


def test_faults_come_in_their_shares() -> None:
    """Refusals are certain and leave nothing; drops leave the message and no answer."""
    with Sink(refuse=0.25, reject=0.25, drop=0.25, seed=3) as sink:
        got = states(sink.port)
        assert set(got) == {"accepted", "retry", "failed", "unknown"}
        assert len(sink.received) == got.count("accepted") + got.count("unknown")


def test_the_fast_one_lists_the_same(tmp_path: Path) -> None:
    """The fast server takes every message, and lists recipient and Message-ID as the other does, in memory and in the file."""
    with Sink() as usual, FastSink(record=tmp_path / "arrived") as fast:
        assert states(usual.port, 5) == states(fast.port, 5) == ["accepted"] * 5
        assert fast.received == usual.received
    lines = (tmp_path / "arrived").read_text().splitlines()
    assert lines == [f"{recipient}\t{message_id}" for recipient, message_id in usual.received]


def test_faults_of_the_fast_one() -> None:
    """A refused message is not listed; a dropped one is, and is counted."""
    with FastSink(refuse=0.25, drop=0.25, seed=3) as sink:
        got = states(sink.port)
        assert set(got) == {"accepted", "retry", "unknown"}
        assert len(sink.received) == got.count("accepted") + got.count("unknown")
        assert sink.dropped == got.count("unknown")


def test_as_a_process_with_a_list(tmp_path: Path) -> None:
    """Started as a command it says its port, and lists what it takes in a file."""
    record = tmp_path / "arrived"
    command = [sys.executable, "-m", "netlift.campaigns.testing", "--record", str(record), "--delay", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline().split()[-1])
        assert states(port, 2) == ["accepted"] * 2
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert record.read_text() == "c0@example.com\t<m0@shop.example>\nc1@example.com\t<m1@shop.example>\n"


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiosmtpd it says what to install."""
    monkeypatch.delitem(sys.modules, "netlift.campaigns.testing")
    monkeypatch.delitem(sys.modules, "netlift.campaigns.testing.mail")
    monkeypatch.setitem(sys.modules, "aiosmtpd.controller", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netlift\[demo\]'"):
        __import__("netlift.campaigns.testing")
