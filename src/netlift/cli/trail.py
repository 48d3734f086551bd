"""The commands of the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netlift.cli.printing import Json, open_store, print_json, say
from netlift.errors import InputError

audit_app = typer.Typer(no_args_is_help=True, help="The audit trail: verify it, and take its signed head to keep elsewhere.")


@audit_app.command("verify")
def audit_verify(
    head: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="heads noted earlier; may be given several times")] = None,
    as_json: Json = False,
) -> None:
    """Check that no audit event was changed, removed or written anew; exit code 1 on any finding."""
    from netlift.store import audit

    open_store()
    check = audit.verify_all(head or ())
    if as_json:
        told = {"whole": check.whole, "events": check.head.events, "hash": check.head.hash, "heads": check.heads}
        print_json({**told, "first_bad": check.first_bad, "findings": check.findings})
    else:
        for line in [finding.text for finding in check.findings] or [check.text]:
            say(line)
    if not check.whole:
        raise typer.Exit(1)


@audit_app.command("head")
def audit_head(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="write it there, best on another machine's disk")] = None,
    as_json: Json = False,
) -> None:
    """Print the signed head of the audit trail: number of events, last hash, time, signature."""
    from netlift.store import audit, store_folder
    from netlift.store.signing import PUBLIC, line, told

    open_store()
    signed = audit.signed_head()
    if out is not None:
        try:
            out.write_text(f"{line(signed)}\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"The head cannot be written to '{out}' ({error.strerror}); name another file.") from error
    if as_json:
        print_json(told(signed))
    elif out is None:
        say(line(signed))
    else:
        say(f"{signed.events:,} events. Wrote {out}; the public key is {store_folder() / PUBLIC}.")
