from __future__ import annotations

import threading
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from netlift.store import jobs
from netlift.store.models import Job


def lapse() -> None:
    """Let every lease run out."""
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_jobs_are_done_once_in_order(owner: str) -> None:
    """First in, first out; nothing is handed out twice."""
    numbers = [jobs.enqueue("launch", actor=owner) for _ in range(3)]
    claimed = [jobs.claim() for _ in range(4)]
    assert [c.job_id if c else None for c in claimed] == [*numbers, None]


def test_another_worker_takes_over(owner: str) -> None:
    """After the lease the job goes to the next worker, and the late one can write nothing."""
    jobs.enqueue("launch", actor=owner)
    late = jobs.claim()
    assert late
    assert jobs.heartbeat(late)
    lapse()
    second = jobs.claim()
    assert second
    assert second.job_id == late.job_id
    assert not jobs.heartbeat(late)
    assert not jobs.finish(late)
    assert jobs.finish(second)
    assert Job.objects.get().state == "done"


def test_job_that_kills_its_workers_fails(owner: str) -> None:
    """After three dead workers nobody tries again."""
    jobs.enqueue("launch", actor=owner)
    for _ in range(jobs.MAX_ATTEMPTS):
        assert jobs.claim()
        lapse()
    assert jobs.claim() is None
    assert Job.objects.get().state == "failed"
    assert Job.objects.get().error == "Its worker died 3 times."


def test_error_and_cancel(owner: str) -> None:
    """A failed job keeps its sentence; only a waiting job can be taken back."""
    first, second = jobs.enqueue("launch", actor=owner), jobs.enqueue("launch", actor=owner)
    claimed = jobs.claim()
    assert claimed
    jobs.finish(claimed, error="No mail server answers.")
    assert not jobs.cancel(first)
    assert jobs.cancel(second)
    assert jobs.claim() is None
    assert list(Job.objects.order_by("pk").values_list("state", "error")) == [("failed", "No mail server answers."), ("cancelled", "")]


def test_workers_share_the_work(owner: str) -> None:
    """Three workers at once do each of 30 jobs exactly once."""
    for _ in range(30):
        jobs.enqueue("launch", actor=owner)
    done: list[int] = []

    def worker() -> None:
        while job := jobs.claim():
            done.append(job.job_id)
            jobs.finish(job)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 30


def test_log_and_step_are_kept_for_who_takes_over(owner: str) -> None:
    """The next worker finds the step; the log keeps its last lines; a late worker tells nothing."""
    jobs.enqueue("launch", actor=owner)
    late = jobs.claim()
    assert late
    for i in range(jobs.LOG_LINES + 5):
        assert jobs.tell(late, step="rows", text=f"line {i}", progress=0.5)
    lapse()
    assert jobs.claim()
    assert not jobs.tell(late, step="end", text="too late")
    (told,) = jobs.everything()
    assert (told["step"], told["progress"], len(told["log"])) == ("rows", 0.5, jobs.LOG_LINES)
    assert told["log"][-1][1] == f"line {jobs.LOG_LINES + 4}"


def test_a_running_job_is_asked_to_end(owner: str) -> None:
    """Its worker hears it at the next heartbeat; dead instead, the job is cancelled and nobody begins it again."""
    number = jobs.enqueue("launch", actor=owner)
    running = jobs.claim()
    assert running
    assert jobs.cancel(number)
    assert not jobs.heartbeat(running)
    lapse()
    assert jobs.claim() is None
    assert Job.objects.get().state == "cancelled"
    assert not jobs.cancel(number)
