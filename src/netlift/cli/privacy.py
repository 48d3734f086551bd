"""The commands about the rights of the people in the data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from netlift.cli.printing import As, Json, print_json, print_table, say
from netlift.errors import InputError

privacy_app = typer.Typer(
    no_args_is_help=True,
    help="People's rights: suppress (to object), why, export (a copy), erase; renew-keys encrypts contact data anew.",
)
Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="the customer's id")]


@privacy_app.command("suppress")
def privacy_suppress(
    customer: Annotated[str | None, typer.Argument(metavar="CUSTOMER", help="the customer's id; or --email or --phone")] = None,
    reason: Annotated[str, typer.Option("--reason", help="why, in words, without contact data")] = "",
    email: Annotated[str | None, typer.Option(help="whoever has this address, known or not")] = None,
    phone: Annotated[str | None, typer.Option(help="whoever has this number, known or not")] = None,
    channel: Annotated[str, typer.Option(help="this channel alone; default: every channel, and profiling")] = "",
    user: As = None,
    as_json: Json = False,
) -> None:
    """Never contact somebody again, at once; without --channel it is an objection, which ends profiling too."""
    from netlift.workflow import privacy

    done = privacy.suppress(customer, reason=reason, email=email, phone=phone, channel=channel, actor=user)
    if as_json:
        print_json(done)
        return
    where = "every channel" if done["channel"] == "all" else done["channel"]
    say(f"Suppressed on {where}; {done['cancelled']:,} waiting messages cancelled.")
    say(f"Profiling {done['profiling']}. Known customers: {done['known_customers']:,}.")


@privacy_app.command("why")
def privacy_why(
    customer: Customer,
    run_id: Annotated[str | None, typer.Option("--run", metavar="ID", help="of this run alone")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Tell why a customer got, or is to get, each message, from what was kept with its run."""
    from netlift.workflow import privacy

    told = privacy.why(customer, run_id=run_id, actor=user)
    if as_json:
        print_json(told)
        return
    for message in told["messages"]:
        _say_message(message)
    for run in told["not_contacted"]:
        say(f"Run {run['run_id']} sends nothing: {run['reason']}.")
    for one in told["suppressed"]:
        say(f"Suppressed on {one['channel'] or 'every channel'} since {one['at']}: {one['reason']}.")


def _say_message(told: dict[str, Any]) -> None:
    say(f"Run {told['run_id']}, {told['campaign']}: '{told['offer']}' by {told['channel']}, {told['state']}" + _at(told))
    if told["segment"]:
        say(f"Segment: {told['segment']['name']}. {told['segment']['summary']}")
    rows = [
        (f["meaning"], _shown(f["value"], f["unit"]), _shown(f["mean_of_all"], f["unit"]), f["kind"], ", ".join(f["from"]))
        for f in told["facts"]
    ]
    print_table(f"What was known on {told['as_of'][:10]}", ("fact", "value", "mean of all", "kind", "from"), rows)
    if told["expected"]:
        say(f"Inferred: {told['expected']}.")
    say(f"Arm: {told['arm']} ({told['arm_in_words']}).")
    say(f"Lawful basis: {told['lawful_basis']['basis']}, {told['lawful_basis']['proof']}.")
    say(f"{told['objection']}\n")


def _at(told: dict[str, Any]) -> str:
    return f" at {told['at']}." if told["at"] else "."


def _shown(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{value:,.4g} {unit}".strip()


@privacy_app.command("export")
def privacy_export(
    customer: Customer,
    out: Annotated[Path, typer.Option(metavar="FILE", help="a new file; JSON that you alone can read")],
    user: As = None,
    as_json: Json = False,
) -> None:
    """Write everything that netlift holds of a customer into a JSON file."""
    from netlift.workflow import privacy

    count = privacy.export(customer, out, actor=user)
    if as_json:
        print_json({"out": out, "records": count})
    else:
        print_table(f"Wrote {out}", ("place", "records"), count.items())


@privacy_app.command("erase")
def privacy_erase(
    customer: Customer,
    sure: Annotated[bool, typer.Option("--yes", help="do not ask; it cannot be undone")] = False,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Remove a customer from everything that netlift holds; it cannot be undone."""
    from netlift.workflow import privacy

    if not sure and not (sys.stdin.isatty() and typer.confirm("Erase this customer from everything that netlift holds?")):
        raise InputError("Nothing was erased; it cannot be undone, so say --yes.")
    done = privacy.erase(customer, actor=user)
    if as_json:
        print_json(done)
        return
    print_table("Removed from", ("place", "records"), done["removed"].items())
    say(f"Kept: {done['kept']}.")
    for one in done["erase_also_in"]:
        say(f"Erase also in the source of {one['table']}: {one['source']}")
    if done["others_with_the_same_address"]:
        say(f"{done['others_with_the_same_address']:,} other customers have the same address or number; they are suppressed, not erased.")


@privacy_app.command("renew-keys")
def privacy_renew_keys(user: As = None, as_json: Json = False) -> None:
    """Encrypt all contact data with a new key (or the first of NETLIFT_VAULT_KEY); keep the old ones."""
    from netlift.workflow import privacy

    done = privacy.renew_keys(actor=user)
    if as_json:
        print_json(done)
    else:
        made = "a new key" if done["new_key"] else "the first key of NETLIFT_VAULT_KEY"
        say(f"{done['contacts']:,} customers' contact data are encrypted with {made}; {done['keys']} keys are in use. Keep them all.")
