"""resolve: what an operator found out about messages that may or may not have arrived."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from django.db import transaction

from netlift.campaigns import relay_log
from netlift.errors import InputError, Refused
from netlift.review import committee
from netlift.store import audit, feedback, ledger, people, runs
from netlift.workflow import decide, kept

REASONS = {
    "accepted": "an operator found that it arrived",
    "failed": "an operator found that it did not arrive",
    "resend": "an operator had it sent again",
}


FOUND = {"taken": "accepted", "sent": "accepted", "bounced": "bounced"}  # what the relay's log tells -> state


def resolve_by_log(run_id: str, logs: Sequence[Path], *, actor: str | None = None) -> dict[str, Any]:
    """Close the unknown rows of a run whose messages stand in the relay's log; who is not in it stays unknown.

    Args:
        run_id: the run.
        logs: mail.log of Postfix, the oldest first; .gz is unpacked.
        actor: an operator; None = the user of the command line.

    Returns:
        run_id, state of the run, resolved (how many rows), found (rows by state), counts per state.

    Raises:
        InputError: a log cannot be read.
        Refused: no operator.
    """
    name = people.acting(actor)
    people.require(name, "operator", "resolve unknown deliveries")
    wanted = feedback.unknown(runs.get(run_id).pk)
    told = relay_log.outcomes(_lines(logs), wanted)
    with transaction.atomic():
        run = decide.locked(run_id, name).run
        found = Counter[str]()
        for message_id, outcome in told.items():
            state: Any = FOUND[outcome.state]
            if feedback.settle(wanted[message_id], state, f"the relay's log tells: {outcome.state} {outcome.status}".strip()):
                found[state] += 1
        if found:
            audit.record("resolve", actor=name, run_id=run.pk, details={"by": "relay log", **found})
        return {"run_id": run_id, "state": run.state, "resolved": found.total(), "found": dict(found), "counts": ledger.counts(run.pk)}


def _lines(logs: Sequence[Path]) -> Iterator[str]:
    for path in logs:
        try:
            with gzip.open(path, "rt", errors="replace") if path.suffix == ".gz" else path.open(errors="replace") as lines:
                yield from lines
        except (OSError, EOFError) as error:
            raise InputError(f"The relay's log '{path}' cannot be read ({error}); give Postfix's mail.log.") from error


def resolve(
    run_id: str, *, state: Literal["accepted", "failed", "resend"], rows: Sequence[str] | None = None, actor: str | None = None
) -> dict[str, Any]:
    """Close unknown rows, or have them sent once more; a run that was completed is being sent again then.

    Args:
        run_id: the run.
        state: what became of the messages, or resend.
        rows: customer ids; None = all unknown rows.
        actor: an operator; None = the user of the command line.

    Returns:
        run_id, state of the run, resolved (how many rows), counts per state.

    Raises:
        InputError: another word for `state`, or customers whose rows are not unknown; then nothing is changed.
        Refused: no operator, or a resend of a run that was stopped.
    """
    name = people.acting(actor)
    people.require(name, "operator", "resolve unknown deliveries")
    if state not in REASONS:
        raise InputError(f"'{state}' is no end of an unknown delivery; expected one of: {', '.join(REASONS)}.")
    wanted = None if rows is None else sorted(set(rows))
    with transaction.atomic():
        at = decide.locked(run_id, name)
        run = at.run
        if state == "resend" and run.state not in {"sending", "paused", "completed"}:
            raise Refused(f"Run {run_id} is {run.state.replace('_', ' ')}, so nothing of it can be sent again.")
        resolved = ledger.resolve(run.pk, state=state, customer_ids=wanted, reason=REASONS[state])
        if wanted is not None and resolved < len(wanted):
            told = f"{len(wanted) - resolved} of the {len(wanted)} customers named have no unknown delivery in run {run_id}"
            raise InputError(f"{told}, so nothing was changed; 'netlift deliveries {run_id} --state unknown' lists those that have.")
        if resolved:
            if state == "resend" and run.state == "completed":
                decide.keep("resend", at, committee.resend(at.case, at.everybody, name, found=kept.hash_of(run), now=at.now), {})
            audit.record("resolve", actor=name, run_id=run.pk, details={"state": state, "rows": resolved})
        return {"run_id": run_id, "state": run.state, "resolved": resolved, "counts": ledger.counts(run.pk)}
