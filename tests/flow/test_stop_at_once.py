"""The emergency stop while messages go out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netlift.campaigns.testing import Sink
from netlift.store import ledger, runs, store_folder
from netlift.workflow import decide, launch
from tests.workflow import plans

PEOPLE, HELD_OUT = 420, 20
MOST = 2.0  # seconds that messages may still arrive after the stop
WORKER = "from netlift.cli import main; import sys; sys.argv = ['netlift', 'worker']; main()"


class Clocked(Sink):
    """A slow mail server that notes when each message arrived."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.moments.append(time.monotonic())
        return await super().handle_DATA(server, session, envelope)

    def __init__(self) -> None:
        super().__init__(delay=0.02)
        self.moments: list[float] = []


STOPS: dict[str, Callable[[str], object]] = {
    "of the run": lambda run_id: decide.stop(run_id, actor=plans.AUTHOR, reason="wrong price"),
    "of everything": lambda _: decide.stop_everything(actor=plans.AUTHOR, reason="breach"),
    "by a file": lambda _: (store_folder() / "STOP").touch(),
}


@pytest.mark.parametrize("kind", STOPS)
def test_nothing_arrives_two_seconds_after_a_stop(tmp_path: Path, kind: str) -> None:
    """A worker in the middle of a campaign: whichever stop is pressed, by whoever has no special role, it ends at once."""
    plans.opened(tmp_path / "netlift")
    with Clocked() as sink:
        run_id = plans.approved(tmp_path / "run", plans.plan(plans.audience(PEOPLE, HELD_OUT)), port=sink.port)
        launch.start(run_id, actor=plans.OPERATOR)
        with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
            try:
                _wait(lambda: len(sink.moments) > 20)
                STOPS[kind](run_id)
                pressed = time.monotonic()
                time.sleep(MOST + 1.5)
            finally:
                worker.kill()
    arrived = len(sink.moments)
    assert 20 < arrived < PEOPLE - HELD_OUT
    assert max(sink.moments) - pressed < MOST
    counts = ledger.counts(int(run_id))
    assert sum(counts.values()) == PEOPLE
    assert runs.get(run_id).state == ("stopped" if kind == "of the run" else "sending")


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not until():
        assert time.monotonic() < end, "the worker did not begin"
        time.sleep(0.01)
