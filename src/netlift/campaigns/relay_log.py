"""What a Postfix relay's log tells of messages, by Message-ID: whether it took them, and what became of them.

postfix/cleanup[9]: 4F1: message-id=<…>      a queue file is written: the message is on its way in
postfix/qmgr[9]: 4F1: from=<…>, size=…       the relay has taken it
postfix/smtp[9]: 4F1: to=<…>, … dsn=2.0.0, status=sent (…)
postfix/qmgr[9]: 4F1: removed                the name of the queue file may be used again
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

LINE = re.compile(r"postfix[\w/.-]*/(\w+)\[\d+\]: ([0-9A-Za-z]{5,20}): (.*)")
MESSAGE_ID = re.compile(r"(?:resent-)?message-id=(\S+)")
OUTCOME = re.compile(r"to=<[^>]*>,.*? dsn=([245]\.\d{1,3}\.\d{1,3}), status=(\w+)")


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one message: taken = it is in the queue or was tried, without an end yet."""

    state: Literal["taken", "sent", "bounced"]
    status: str = ""  # enhanced status code of the last try


def outcomes(lines: Iterable[str], wanted: Collection[str]) -> dict[str, Found]:
    """What the log tells of these messages; who is not in the answer is not in the log, or was given up before its end.

    A message may pass the relay more than once, as through a filter: its last end counts, and of several recipients the best.

    Args:
        lines: of the log, in order of time.
        wanted: Message-IDs with their angle brackets.
    """
    queued: dict[str, str] = {}  # queue id -> Message-ID
    found: dict[str, Found] = {}
    ended: dict[str, Found] = {}  # the end in the queue file at hand, by queue id
    for line in lines:
        if (parts := LINE.search(line)) is None:
            continue
        service, queue_id, said = parts.groups()
        if named := MESSAGE_ID.match(said) if service == "cleanup" else None:
            queued.pop(queue_id, None)
            ended.pop(queue_id, None)
            if named[1] in wanted:
                queued[queue_id] = named[1]
        elif queue_id in queued:
            message_id = queued[queue_id]
            if said == "removed":
                del queued[queue_id]
                ended.pop(queue_id, None)
            elif service == "qmgr" and said.startswith("from="):
                found.setdefault(message_id, Found("taken"))
            elif told := OUTCOME.match(said):
                ended[queue_id] = _better(ended.get(queue_id), _found(told[2], told[1]))
                found[message_id] = ended[queue_id]
    return found


def _found(status: str, code: str) -> Found:
    return Found({"sent": "sent", "bounced": "bounced", "expired": "bounced"}.get(status, "taken"), code)  # type: ignore[arg-type]


def _better(before: Found | None, now: Found) -> Found:
    """Of several recipients of one queue file the one that got it; else the last."""
    return before if before and before.state == "sent" else now
