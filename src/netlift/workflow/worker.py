"""work: what `netlift worker` does. Any number of workers may run; each may be killed at any moment."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, close_old_connections, connection

from netlift import campaigns
from netlift.errors import InputError, NetliftError
from netlift.settings import environment
from netlift.store import audit, jobs, ledger
from netlift.store.models import Run
from netlift.workflow import decide
from netlift.workflow.launch import check_approval, start, start_scheduled
from netlift.workflow.outage import through_outages
from netlift.workflow.sending import send, told
from netlift.workflow.stages import Display, Quiet

POLL = 2.0  # seconds between two looks of a worker that has nothing to do
PAUSE = 30.0  # seconds after a run could not go on, for example because its mail server is away
NAP = 0.2  # seconds between two looks at whether to end


def work(*, once: bool = False, display: Display | None = None, ended: Callable[[], bool] = lambda: False) -> list[dict[str, Any]]:
    """Do what waits: queued jobs, then every run that is being sent. Several workers may run at once.

    Args:
        once: stop when nothing is due within a good minute, instead of looking again for ever.
        display: shown the progress.
        ended: whether to drain: what is on the wire is finished, nothing more is claimed, and the work ends.

    Returns:
        For each run what `launch` returns; where one could not go on, `error` says why.
    """
    shown, done = display or Quiet(), list[dict[str, Any]]()
    progress = shown.stage("campaigns")
    while not ended():
        done = through_outages(lambda: _round(shown, once=once, ended=ended), progress)
        if once:
            break
        _wait(PAUSE if any("error" in one for one in done) else POLL, ended)
    return done


def _round(display: Display, *, once: bool, ended: Callable[[], bool]) -> list[dict[str, Any]]:
    """All that is due now; what the database kept is the whole state, so a round that broke off is simply done again."""
    close_old_connections()  # a connection that the server has cut meanwhile is made anew
    decide.settle_all()
    for problem in (*audit.note_head(), *start_scheduled()):
        display.stage("audit")(0.0, str(problem))
    ledger.lapse()
    while not ended() and (job := jobs.claim()):
        _do(job)
    sending = Run.objects.filter(state="sending").order_by("pk")
    if once:
        return [_worked(run, display, patience=campaigns.PATIENCE, ended=ended) for run in sending]
    return [_worked(run, display, patience=0.0, ended=ended) for run in sending if ledger.is_due(run.pk)]


def _do(job: jobs.Claimed) -> None:
    with _heartbeat(job):
        try:
            if job.kind != "launch" or job.run_id is None:
                raise InputError(f"A job of the kind '{job.kind}' is not known to this version of netlift.")
            jobs.tell(job, step="start", text=f"checking run {job.run_id} and making its rows")
            start(job.run_id, actor=job.actor)
        except NetliftError as error:
            jobs.finish(job, error=str(error))
        else:
            jobs.finish(job)


@contextmanager
def _heartbeat(job: jobs.Claimed) -> Iterator[None]:
    """Renew the job's lease in a thread as long as the work goes on."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(environment().lease_seconds / 3):
            with contextlib.suppress(DatabaseError):  # busy for now: the next beat is soon
                if not jobs.heartbeat(job):
                    break
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _worked(run: Run, display: Display, *, patience: float, ended: Callable[[], bool]) -> dict[str, Any]:
    progress = display.stage("campaigns")
    try:
        check_approval(run)
        return send(run, progress, patience=patience, ended=ended)
    except NetliftError as error:
        progress(0.0, str(error))
        return {**told(run, ledger.counts(run.pk), ledger.exclusions(run.pk)), "error": str(error)}


def _wait(seconds: float, ended: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ended():
        time.sleep(NAP)
