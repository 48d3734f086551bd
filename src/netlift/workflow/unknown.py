"""resolve: what an operator found out about messages that may or may not have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.db import transaction

from netlift.errors import InputError, Refused
from netlift.review import committee
from netlift.store import audit, ledger, people
from netlift.workflow import decide, kept

REASONS = {
    "accepted": "an operator found that it arrived",
    "failed": "an operator found that it did not arrive",
    "resend": "an operator had it sent again",
}


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
