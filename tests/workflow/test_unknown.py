from __future__ import annotations

from pathlib import Path

import pytest

from netlift.campaigns.testing import Sink
from netlift.errors import InputError, NotFound, Refused
from netlift.store import audit, runs
from netlift.store.models import AuditEvent, Delivery, Run
from netlift.workflow import show
from netlift.workflow.launch import launch
from netlift.workflow.unknown import resolve
from netlift.workflow.worker import work
from tests.workflow import plans
from tests.workflow.plans import AUTHOR, OPERATOR


@pytest.fixture
def run_id(tmp_path: Path) -> str:
    """A completed run of 18 messages; those of c0001 to c0003 are unknown."""
    plans.opened(tmp_path / "netlift")
    with Sink() as sink:
        run = plans.approved(tmp_path / "run", port=sink.port)
        launch(run, actor=OPERATOR)
    Delivery.objects.filter(customer_id__in=["c0001", "c0002", "c0003"]).update(state="unknown", token="old")
    return run


def test_the_end_names_the_unknown(run_id: str) -> None:
    """A run with unknown messages says so, and does not pass for one that went through."""
    from netlift.workflow.sending import told

    sentence = told(runs.get(run_id), {"accepted": 15, "unknown": 3}, {})["sentence"]
    assert sentence.startswith("Run 1 is completed with 3 unknown: 15 accepted, 3 unknown.")


def test_found_to_have_arrived(run_id: str) -> None:
    """Some are closed as accepted, then the rest as failed; each act is in the audit trail with its number, without ids."""
    assert resolve(run_id, state="accepted", rows=["c0001", "c0002"], actor=OPERATOR)["resolved"] == 2
    told = resolve(run_id, state="failed", actor=OPERATOR)
    assert (told["resolved"], told["counts"]) == (1, {"accepted": 17, "excluded": 2, "failed": 1})
    acts = list(AuditEvent.objects.filter(act="resolve").order_by("pk"))
    assert len(acts) == 2
    assert "c0001" not in acts[0].details
    assert audit.verify().whole


def test_sent_once_more(run_id: str) -> None:
    """A resend opens the run again, and a worker sends exactly those."""
    assert resolve(run_id, state="resend", actor=OPERATOR)["state"] == "sending"
    port = runs.get(run_id).content["channels"]["email"]["port"]
    with Sink(port=port) as sink:
        (told,) = work(once=True)
        assert sorted(recipient for recipient, _ in sink.received) == [f"c000{i}@example.com" for i in (1, 2, 3)]
    assert told["sentence"] == "Run 1 is completed: 18 accepted, 2 excluded."


def test_wrong_orders_change_nothing(run_id: str) -> None:
    """Another word, a customer who is not unknown, no operator, no run, a stopped run: refused with the reason."""
    with pytest.raises(InputError, match="'lost' is no end of an unknown delivery; expected one of: accepted, failed, resend"):
        resolve(run_id, state="lost", actor=OPERATOR)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 of the 2 customers named have no unknown delivery in run 1, so nothing was changed"):
        resolve(run_id, state="failed", rows=["c0001", "c0009"], actor=OPERATOR)
    with pytest.raises(Refused, match="may not resolve unknown deliveries"):
        resolve(run_id, state="failed", actor=AUTHOR)
    with pytest.raises(NotFound):
        resolve("77", state="failed", actor=OPERATOR)
    Run.objects.update(state="stopped")
    with pytest.raises(Refused, match="Run 1 is stopped, so nothing of it can be sent again"):
        resolve(run_id, state="resend", actor=OPERATOR)
    assert show.counts(run_id)["unknown"] == 3
