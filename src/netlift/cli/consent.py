"""The commands about consents and do-not-call lists."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from netlift.cli.printing import As, Json, print_json, print_table, say

consent_app = typer.Typer(
    no_args_is_help=True,
    help="Consents: show (why somebody may or may not be contacted), withdraw, import-list (do-not-call).",
)
Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="the customer's id")]


@consent_app.command("show")
def consent_show(customer: Customer, user: As = None, as_json: Json = False) -> None:
    """Show what a customer agreed to, and by which rule each channel is open or closed now."""
    from netlift.workflow import consent

    told = consent.show(customer, actor=user)
    if as_json:
        print_json(told)
        return
    for pack in told["jurisdictions"]:
        say(f"Rules of {pack['name']} ({pack['id']}, version {pack['version']}, {pack['signed']}).")
    rows = [(channel, one["verdict"], one["rule"], one["reason"]) for channel, one in told["channels"].items()]
    print_table("Now", ("channel", "verdict", "rule", "why"), rows)
    said = [(str(r["given_at"] or "not recorded")[:16], r["channel"], r["purpose"], r["status"], r["source"]) for r in told["history"]]
    print_table("What was said", ("when", "channel", "purpose", "status", "by what"), said)
    for one in told["suppressed"]:
        say(f"Suppressed on {one['channel'] or 'every channel'} since {one['at']}: {one['reason']}.")


@consent_app.command("withdraw")
def consent_withdraw(
    customer: Customer,
    channel: Annotated[str, typer.Option(help="email, sms, phone, post or export; a text message ends calls too, and the other way round")],
    source: Annotated[str, typer.Option(help="how the customer asked, without contact data, e.g. 'reply STOP'")] = "",
    user: As = None,
    as_json: Json = False,
) -> None:
    """Take a consent back for a customer who asked for it, in force at once."""
    from netlift.workflow import consent

    cancelled = consent.withdraw(customer, channel, source=source, actor=user)
    if as_json:
        print_json({"channel": channel, "cancelled": cancelled})
    else:
        say(f"Taken back on {channel}; {cancelled:,} waiting messages cancelled.")


@consent_app.command("import-list")
def consent_import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="numbers, one a line")],
    name: Annotated[str, typer.Option("--list", help="the list that a rule asks for: US, UK or IN")],
    dated: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the day the list is of; too old a list stops calls and texts")],
    user: As = None,
    as_json: Json = False,
) -> None:
    """Import a do-not-call list in place of the one before; only keyed hashes of the numbers are kept."""
    from netlift.workflow import consent

    count = consent.import_list(file, name, dated=dated.date(), actor=user)
    if as_json:
        print_json({"list": name, "dated": dated.date(), "numbers": count})
    else:
        say(f"The do-not-call list of {name} of {dated.date()} has {count:,} numbers.")
