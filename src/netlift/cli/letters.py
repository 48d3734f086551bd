"""The commands around a message: looking at it, a test copy, and the key that signs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from netlift.cli.printing import As, Json, RunId, open_store, print_json, print_table, say
from netlift.errors import InputError


def preview(
    run_id: RunId,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="show what this person would get")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="with --customer: write it to a file, .eml, .html or .txt")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Look at a plan's messages: mistakes and who lacks what; with --customer as this person would get it."""
    from netlift.workflow import letters

    open_store()
    if customer is None:
        if out is not None:
            raise InputError("--out needs --customer: a file holds the message of one person.")
        found = letters.examine(run_id, actor=user)
        if as_json:
            print_json(found)
            return
        for one in found["messages"]:
            say(f"{one['offer']} by {one['channel']}: fields {', '.join(one['fields']) or 'none'}.")
            for text in (*one["problems"], *one["remarks"]):
                say(f"  {text}")
        for channel, one in found["texts"].items():
            cost = "the price of a part is not known" if one["cost"] is None else f"{one['cost']:,.2f} in the project's currency"
            people = ", ".join(f"{number:,} people get {parts} part{'s' if parts > 1 else ''}" for parts, number in one["parts"].items())
            say(f"By {channel}: {people or 'nobody gets a text'}; cost: {cost}.")
        if found["lacking"]:
            print_table("Approved and not to be written to", ("reason", "people"), found["lacking"].items())
        return
    seen = letters.preview(run_id, customer, out=out, actor=user)
    if as_json:
        print_json(seen)
        return
    say(f"{seen['offer']} by {seen['channel']} to {seen['address']}" + (f" (gets nothing: {seen['excluded']})" if seen["excluded"] else ""))
    say(f"Subject: {seen['subject']}\n\n{seen['text']}" if out is None else f"Wrote {out}.")


def send_test(
    run_id: RunId,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="in the sender's domain, or in test_recipients of the channel")],
    user: As = None,
    as_json: Json = False,
) -> None:
    """Send a marked copy of a plan's messages, with placeholders for fields, to an address of your own."""
    from netlift.workflow import letters

    open_store()
    told = letters.send_test(run_id, to, actor=user)
    if as_json:
        print_json(told)
        return
    states = ", ".join(f"{number} {state}" for state, number in told["states"].items())
    say(f"Sent {told['messages']} test messages of run {run_id} to {told['to']}: {states}.")


def dkim_key(
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help="the key's name in the DNS, e.g. netlift1")],
    domain: Annotated[str, typer.Option(help="the sender's domain")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="file for the private key; nobody else may read it")],
    ed25519: Annotated[bool, typer.Option("--ed25519", help="a short key that not every receiver knows; use it beside an RSA key")] = False,
    as_json: Json = False,
) -> None:
    """Make a key that signs mail (DKIM), and print the DNS record for its public half."""
    from netlift.campaigns import dkim

    pem = dkim.new_key("ed25519" if ed25519 else "rsa")
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise InputError(f"'{out}' is there already, and no key is overwritten; name another file.") from None
    except OSError as error:
        raise InputError(f"'{out}' cannot be written: {error.strerror}; name another file.") from error
    name, record = f"{selector}._domainkey.{domain}", dkim.record(pem)
    if as_json:
        print_json({"file": out, "name": name, "type": "TXT", "record": record})
        return
    parts = " ".join(f'"{record[i : i + 250]}"' for i in range(0, len(record), 250))  # a string in the DNS has at most 255 bytes
    say(f"Wrote {out}. Publish this record, then name selector and file in [[channels.….dkim]]:\n\n{name}. IN TXT {parts}")
