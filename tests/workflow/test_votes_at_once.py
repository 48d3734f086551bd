"""Votes against each other and against the author's acts, at the same moment: an approval is only ever of what was voted for."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.db import connections

from netlift.errors import NetliftError
from netlift.store import audit, runs
from netlift.store.models import Run, Vote
from netlift.workflow import decide
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, MEMBERS

ROUNDS = 250  # a fifth of them with each act of THIRD
Act = Callable[[int], object]


def again(run_id: str) -> None:
    """The author takes the plan back and submits it anew."""
    decide.withdraw(run_id, actor=AUTHOR)
    decide.submit(run_id, actor=AUTHOR)


def changes(run_id: str) -> None:
    """A third member gives the plan back."""
    decide.request_changes(run_id, actor=MEMBERS[2], text="no")


def stopped(run_id: str) -> None:
    """Somebody stops it, and the author submits it anew."""
    decide.stop(run_id, actor=AUTHOR)
    decide.submit(run_id, actor=AUTHOR)


def edited(run_id: str) -> None:
    """The author changes the words and submits the next version."""
    words = decide.message(run_id, offer=None, channel=None, subject=f"Version {runs.get(run_id).version + 1}")
    decide.edit(run_id, actor=AUTHOR, messages=[words])
    decide.submit(run_id, actor=AUTHOR)


def nothing(_run_id: str) -> None:
    """The votes are alone."""


THIRD: tuple[Callable[[str], None], ...] = (nothing, edited, again, changes, stopped)


class Party:
    """Three threads with connections of their own that act at the same moment, round after round."""

    def __init__(self, run_id: str) -> None:
        self.errors: list[BaseException] = []
        self.refused = 0
        self._together = threading.Barrier(4, timeout=60)
        vote = [lambda _number, m=member: plans.approve(run_id, actor=m) for member in MEMBERS[:2]]
        acts = (*vote, lambda number: THIRD[number % len(THIRD)](run_id))
        self._threads = [threading.Thread(target=self._act, args=(act,)) for act in acts]
        for thread in self._threads:
            thread.start()

    def round(self) -> None:
        """Let all act once, and wait for the last."""
        self._together.wait()
        self._together.wait()

    def end(self) -> None:
        """Wait for the threads."""
        for thread in self._threads:
            thread.join()

    def _act(self, act: Act) -> None:
        draw = random.Random(threading.get_ident())
        try:
            for number in range(ROUNDS):
                self._together.wait()
                threading.Event().wait(draw.random() * 0.002)
                try:
                    act(number)
                except NetliftError:
                    self.refused += 1
                self._together.wait()
        except BaseException as error:
            self.errors.append(error)
            self._together.abort()
            raise
        finally:
            connections.close_all()


def counted(run: Run) -> set[str]:
    """Whose votes stand for the version the run has now, as the audit trail tells."""
    return {
        actor
        for actor, told in audit.events(run.pk, "approve")
        if (told["version"], told["approval_hash"]) == (run.version, run.approval_hash)
    }


def ready(run_id: str) -> None:
    """Before the committee again, without a vote that counts."""
    if runs.get(run_id).state in {"in_review", "approved"}:
        decide.stop(run_id, actor=AUTHOR)
    decide.submit(run_id, actor=AUTHOR)


def test_never_a_version_that_was_not_voted_for(tmp_path: Path, both_databases: str) -> None:
    """Two votes and a third act at once: whatever the order, approved means two votes for just this version; no vote is lost."""
    plans.opened(tmp_path / "netlift")
    run_id = plans.draft(tmp_path / "run", plans.plan(plans.audience(402)))
    party, ends = Party(run_id), Counter[str]()
    for number in range(ROUNDS):
        ready(run_id)
        party.round()
        run = runs.get(run_id)
        ends[run.state] += 1
        standing = Vote.objects.filter(run=run, void=False, vote="approve")
        assert {(v.version, v.approval_hash) for v in standing} <= {(run.version, run.approval_hash)}
        assert (run.state == "approved") == (len(standing) == 2)
        if run.state == "approved":
            assert counted(run) >= set(MEMBERS[:2])
        if THIRD[number % len(THIRD)] is nothing:
            assert run.state == "approved"
    party.end()
    assert party.errors == []
    assert ends["approved"] >= ROUNDS // len(THIRD)
    assert len(ends) > 1
    assert audit.verify().whole
