"""The commands of sending: the worker, its jobs, and the delivery ledger."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from netlift.cli.printing import As, Bars, Config, Json, RunId, open_store, print_json, print_table, read_settings, say, visible
from netlift.errors import InputError

SHOWN = 100  # rows on the terminal; --json has all


class _ShownByDefault(typer.core.TyperGroup):
    """`netlift deliveries ID` means `netlift deliveries show ID`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- types of the vendored click
        """The command that the first word names, else `show`."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Options before the run's number belong to `show` too."""
        given = bool(args) and args[0].startswith("--") and args[0] != "--help"
        return super().parse_args(ctx, ["show", *args] if given else args)


deliveries_app = typer.Typer(
    cls=_ShownByDefault, no_args_is_help=True, help="The delivery ledger of a run: ID shows it, resolve ID closes what is unknown."
)


def worker(
    once: Annotated[bool, typer.Option("--once", help="stop when there is nothing left to do")] = False, as_json: Json = False
) -> None:
    """Deliver launched plans until stopped; any number of workers may run. SIGTERM finishes what is on the wire, then ends."""
    from netlift.workflow.worker import work

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    open_store()
    with Bars() as bars:
        done = work(once=once, display=bars, ended=ended.is_set)
    if as_json:
        print_json(done)
        return
    for told in done:
        say(told.get("error") or told["sentence"])
    if not done:
        say("Nothing waits to be sent.")


def jobs(as_json: Json = False) -> None:
    """Show the work that waits for workers, or that they do: state, progress, last line of the log."""
    from netlift.workflow import show

    open_store()
    found = show.jobs()
    if as_json:
        print_json(found)
        return
    rows = [
        (j["id"], j["kind"], j["run_id"], j["state"], _percent(j["sent"]), j["error"] or (j["log"][-1][1] if j["log"] else ""))
        for j in found
    ]
    print_table("Jobs", ("job", "kind", "run", "state", "sent", "last"), rows)


@deliveries_app.command("show")
def deliveries_show(
    run_id: RunId,
    state: Annotated[str | None, typer.Option(help="only rows in this state")] = None,
    as_json: Json = False,
) -> None:
    """Show counts per state, and rows: with --json all of them, else those that are unknown."""
    from netlift.workflow import show

    open_store()
    counts = show.counts(run_id)
    if as_json:
        _write_json(counts, show.rows(run_id, state=state))
        return
    print_table(f"Deliveries of run {run_id}", ("state", "people"), counts.items())
    wanted = state or "unknown"
    if not counts.get(wanted):
        return
    rows = [(r["customer_id"], r["channel"], r["message_id"], r["reason"]) for r in islice(show.rows(run_id, state=wanted), SHOWN)]
    title = "Unknown: held, never resent by itself" if wanted == "unknown" else wanted.capitalize()
    print_table(title, ("customer", "channel", "message id", "reason"), rows)
    if counts[wanted] > SHOWN:
        say(f"These are {SHOWN} of {counts[wanted]:,}; all of them: netlift deliveries {run_id} --state {wanted} --json")


@deliveries_app.command("resolve")
def deliveries_resolve(
    run_id: RunId,
    state: Annotated[str | None, typer.Option(help="accepted, failed or resend")] = None,
    rows: Annotated[Path | None, typer.Option(help="file with one customer id a line; default: all that are unknown")] = None,
    relay_log: Annotated[list[Path] | None, typer.Option(help="Postfix's log, the oldest first; who is not in it stays unknown")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Say what became of unknown messages, have them sent once more, or look them up in the relay's log."""
    from netlift.workflow.unknown import resolve, resolve_by_log

    if (state is None) == (not relay_log) or (relay_log and rows):
        raise InputError("To resolve takes --state (and perhaps --rows), or --relay-log; give one of them.")
    open_store()
    if relay_log:
        _say_found(resolve_by_log(run_id, relay_log, actor=user), as_json=as_json)
        return
    told = resolve(run_id, state=state, rows=_lines(rows), actor=user)  # type: ignore[arg-type]  # the verb checks it
    if as_json:
        print_json(told)
    else:
        say(f"{told['resolved']:,} unknown deliveries of run {run_id} are now {'to be sent again' if state == 'resend' else state}.")


def _say_found(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    print_table("Found in the relay's log", ("state", "deliveries"), told["found"].items())
    say(f"{told['counts'].get('unknown', 0):,} deliveries of run {told['run_id']} stay unknown.")


@deliveries_app.command("feedback")
def deliveries_feedback(run_id: RunId, as_json: Json = False) -> None:
    """Show what came back of a run: reports, complaints, opt-outs, and clicks of people and of machines."""
    from netlift.workflow import show

    open_store()
    told = show.came_back(run_id)
    if as_json:
        print_json(told)
        return
    rows = [(one["kind"], one["people"], one["by_machines"]) for one in told]
    print_table(f"What came back of run {run_id}", ("kind", "people", "by machines"), rows)


def inbox(config: Config, user: As = None, as_json: Json = False) -> None:
    """Read the mailbox of [inbox]: bounces and complaints go into the ledger, whoever must not be written to is suppressed."""
    from netlift.workflow.feedback import read_inbox

    told = read_inbox(read_settings(config), actor=user)
    if as_json:
        print_json(told)
        return
    print_table("Events", ("kind", "number"), told["kinds"].items())
    known = f", {told['known']:,} known before" if told["known"] else ""
    say(f"{told['mails']:,} mails: {told['applied']:,} applied{known}.")
    say(f"Left in the mailbox: {told['automatic']:,} automatic answers, {told['unknown']:,} that are no report about a message of netlift.")


def answers_address(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="of texts, as in netlift.toml")], user: As = None
) -> None:
    """Show the address that the provider of a channel of texts needs for what people answer, such as STOP."""
    from netlift.workflow.texts import answers_address

    open_store()
    say(answers_address(channel, actor=user))


def _lines(path: Path | None) -> list[str] | None:
    if path is None:
        return None
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list of customers '{path}' cannot be read ({error}); give a text file with one id a line.") from error


def _write_json(counts: dict[str, int], rows: Iterable[Mapping[str, Any]]) -> None:
    """One line of JSON, written row by row: a million people fit into no memory worth having."""
    out = sys.stdout
    out.write(f'{{"counts": {json.dumps(counts)}, "rows": [')
    for i, row in enumerate(rows):
        out.write((", " if i else "") + visible(json.dumps(row, ensure_ascii=False)))
    out.write("]}\n")
    out.flush()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"
