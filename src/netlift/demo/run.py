"""Run the whole way: prepare, two members approve, launch into a local mail sink, close."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from netlift import settings
from netlift.campaigns.testing import Sink
from netlift.demo import data
from netlift.errors import SettingsError
from netlift.records import Measurement
from netlift.store import open_store, people
from netlift.workflow import decide
from netlift.workflow.close import close
from netlift.workflow.launch import launch
from netlift.workflow.prepare import prepare
from netlift.workflow.stages import Display

AUTHOR, OPERATOR = "demo-author", "demo-operator"
MEMBERS = {"demo-member-1": "reviewer", "demo-member-2": "privacy"}
REASON = "looked at in the demo"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made: its run, report, store, and the people who can sign in to its console."""

    run_id: str
    report: Path
    store: Path
    measurement: Measurement
    deliveries: dict[str, int]
    passwords: dict[str, str]


def demo(folder: Path, display: Display) -> Demo:
    """The whole way on Complete Journey; everything it writes is below `folder`, in a store of its own.

    Raises:
        MissingExtra: the extra `demo` is not installed.
        SettingsError: `folder` is a file.
    """
    folder = folder.absolute()
    if folder.is_file():
        raise SettingsError(f"--out '{folder}' is a file; name a folder.")
    strangers = sorted({p.name for p in folder.iterdir()} - {"data", "run", "store", "netlift.toml"}) if folder.is_dir() else []
    if strangers:
        raise SettingsError(f"--out '{folder}' holds '{strangers[0]}', which is not the demo's; name an empty or a new folder.")
    display.stage("data")(0.0, "Complete Journey, contact data made up")
    data.write(folder / "data")
    store = folder / "store"
    os.environ["NETLIFT_DATA_DIR"] = str(store)  # the demo's people must never get a vote in a real store
    open_store(store)
    passwords = _people()
    with _mail_sink() as port:
        config = folder / "netlift.toml"
        template = files("netlift.demo").joinpath("netlift.toml").read_text(encoding="utf-8")
        config.write_text(template.replace("port = 2525", f"port = {port}"), encoding="utf-8")
        prepared = prepare(settings.read(config), out=folder / "run", actor=AUTHOR, display=display)
        decide.submit(prepared.run_id, actor=AUTHOR)
        for member in MEMBERS:
            plan = decide.look(prepared.run_id, actor=member)
            decide.approve(prepared.run_id, actor=member, expected_hash=plan["approval_hash"], password=passwords[member], text=REASON)
        sent = launch(prepared.run_id, actor=OPERATOR, display=display)
    closed = close(prepared.run_id, actor=OPERATOR, display=display)
    report = folder / "run" / "report.html"
    report.write_bytes(closed.report.read_bytes())
    return Demo(prepared.run_id, report, store, closed.measurement, sent["counts"], passwords)


def _people() -> dict[str, str]:
    """The demo's people, with passwords made at random for the console."""
    passwords = {name: secrets.token_urlsafe(9) for name in (AUTHOR, *MEMBERS, OPERATOR)}
    roles = {AUTHOR: "author", OPERATOR: "operator", **MEMBERS}
    for name, role in roles.items():
        people.add(name, role, password=passwords[name])
    return passwords


@contextmanager
def _mail_sink() -> Iterator[int]:
    """A mail server on this machine that takes every message and keeps none; gives its port."""
    with Sink() as sink:
        yield sink.port
