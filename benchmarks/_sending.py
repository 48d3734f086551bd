"""The processes of the benchmark `sending`: make an approved run; send it; send by a plain loop. Each prints one line of JSON."""

from __future__ import annotations

import json
import resource
import smtplib
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

import dkim as reference
from tests.workflow import plans

from netlift.campaigns import dkim, mime
from netlift.campaigns.channels import smtp
from netlift.campaigns.channels.session import Session
from netlift.campaigns.deliver import BATCH
from netlift.records import Delivery, Message
from netlift.settings import ChannelSettings, DkimSettings
from netlift.store import open_store, vault
from netlift.store.models import Run
from netlift.workflow import filling, sending
from netlift.workflow.launch import start

TEXT = "Hello {{ name }},\n\n" + "this week there is wine from small growers, tasted by our own people and cheaper than ever. " * 6 + "\n"
HTML = (
    "<heading>Wine for {{ name }}</heading><text>Hello {{ name }},</text><columns><column>"
    + "<text>This week there is wine from small growers, tasted by our own people.</text>" * 2
    + '</column></columns><button href="https://shop.example/wine">Look at it</button>'
)


ADDRESS = "1 Main Street, Springfield"
MESSAGE = Message("Wine", "email", "Shop <news@shop.example>", "A letter for {{ name }}", TEXT, HTML)


def prepare(folder: Path, people: int, port: int, key: str, *, connections: int) -> dict[str, Any]:
    """A store with an approved run for so many people, and everything that a launch does before the first message."""
    plans.opened(folder / "netlift")
    keys = [{"selector": "s", "key_file": key}] if key else []
    config = plans.settings(port, reply_timeout=30, postal_address=ADDRESS, dkim=keys, connections=connections)
    run_id = plans.approved(folder / "run", plans.plan(plans.audience(people, 0), messages=(MESSAGE,)), config=config)
    assert len(vault.fields([f"c{people - 1:04d}"])) == 1
    start(run_id, actor=plans.OPERATOR)
    return {"run_id": run_id}


def send(run_id: str, *, split: bool) -> dict[str, Any]:
    """Send what was begun, when a line comes in; with `split` also the CPU seconds of each part."""
    open_store()
    spent = _measured() if split else {}
    run = Run.objects.get(pk=run_id)
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.monotonic(), time.process_time()
    told = sending.send(run, lambda *_: None)
    found = {"began": began, "ended": time.monotonic(), "cpu_seconds": time.process_time() - cpu, "peak_mb": _peak(), "parts": dict(spent)}
    return {**found, "counts": told["counts"], "bytes": _bytes(run)}


def _bytes(run: Run) -> int:
    """Length of one message on the wire."""
    (message,) = filling.messages_of(run).values()
    settings: Any = filling.channels(run)["email"]
    of = mime.skeleton(message, settings, dkim.signers(settings))
    return len(mime.letter(of, _delivery(0)))


def channel(people: int, port: int, key: str, *, connections: int) -> dict[str, Any]:
    """The channel alone: rendering, MIME, signing and SMTP, with a ledger that only counts."""
    keys = (DkimSettings(selector="s", key_file=key),) if key else ()
    settings = ChannelSettings(
        sender="Shop <news@shop.example>", port=port, tls=False, postal_address=ADDRESS, dkim=keys, connections=connections
    )
    accepted = 0
    began, cpu = time.monotonic(), time.process_time()
    with closing(smtp.Smtp(settings)) as mail:
        for first in range(0, people, BATCH):
            written = [_delivery(i) for i in range(first, min(first + BATCH, people))]
            accepted += sum(r.state == "accepted" for r in mail.send(written, lambda group: frozenset(one.delivery_id for one in group)))
    assert accepted == people
    return {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}


def _delivery(i: int) -> Delivery:
    return Delivery(i, "t", f"c{i:04d}", f"c{i:04d}@example.com", {"name": f"Name c{i:04d}"}, MESSAGE, f"<{i:032x}@shop.example>", 0)


def loop(port: int, key: str, number: int, size: int) -> dict[str, Any]:
    """What anybody would write first: one connection, EmailMessage, dkimpy."""
    pem = Path(key).read_bytes()
    server = smtplib.SMTP("127.0.0.1", port)
    began, cpu = time.monotonic(), time.process_time()
    for i in range(number):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Shop <news@shop.example>", f"c{i}@example.com", f"A letter for Name {i}"
        message["Date"], message["Message-ID"] = formatdate(), f"<m{i}@shop.example>"
        message["List-Unsubscribe"] = "<mailto:news@shop.example?subject=unsubscribe>"
        message.set_content("w" * 70 + "\n" + "words and words " * (size // 48))
        message.add_alternative("<p>" + "words and words " * (size // 32) + "</p>", subtype="html")
        raw = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        signed = reference.sign(raw, b"s", b"shop.example", pem, canonicalize=(b"relaxed", b"relaxed")) + raw
        server.sendmail("news@shop.example", [f"c{i}@example.com"], signed)
    found = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu, "bytes": len(signed)}
    server.quit()
    return found


def _measured() -> dict[str, float]:
    """Wrap the functions of each part; what a part spends is CPU time without that of the parts inside it."""
    spent: dict[str, float] = defaultdict(float)
    mine = threading.local()

    def wrap(owner: object, name: str, part: str) -> None:
        act: Callable[..., Any] = getattr(owner, name)

        def timed(*args: object, **kwargs: object) -> object:
            inside: list[float] = mine.__dict__.setdefault("inside", [])
            began = time.thread_time()
            inside.append(0.0)
            try:
                return act(*args, **kwargs)
            finally:
                took = time.thread_time() - began
                spent[part] += took - inside.pop()
                if inside:
                    inside[-1] += took

        setattr(owner, name, timed)

    for name in ("claim", "committing", "record", "release"):
        wrap(sending.WatchedLedger, name, "ledger")
    wrap(mime, "write", "render")
    wrap(smtp, "letter", "MIME")
    wrap(dkim, "signature", "DKIM")
    wrap(dkim, "body_hash", "DKIM")
    for name in ("hand_over", "announce", "answer", "read"):
        wrap(Session, name, "SMTP")
    return spent


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """What to do, and with what, stands on the command line."""
    act, *given = sys.argv[1:]
    if act == "prepare":
        found = prepare(Path(given[0]), int(given[1]), int(given[2]), given[3], connections=int(given[4]))
    elif act == "send":
        found = send(given[0], split=given[1] == "split")
    elif act == "channel":
        found = channel(int(given[0]), int(given[1]), given[2], connections=int(given[3]))
    else:
        found = loop(int(given[0]), given[1], int(given[2]), int(given[3]))
    print(json.dumps(found))


main()
