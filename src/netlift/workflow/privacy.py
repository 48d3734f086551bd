"""The rights of the people in the data: to object, to know why, to have a copy, to be erased (GDPR, Art. 15, 17, 20, 21).

Each verb checks who may do it and writes the audit row, which names people by keyed hash only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress as ignoring
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from netlift import sources
from netlift.errors import InputError, NotFound
from netlift.settings import Settings
from netlift.sources import Person
from netlift.store import audit, consents, erased, keys, ledger, open_store, overwrite_free_space, people, runs, store_folder, vault
from netlift.store.models import Run
from netlift.workflow import outputs, run_files
from netlift.workflow.explaining import NotContacted, explanations
from netlift.workflow.kept import KEPT, settings_of

DESK = ("privacy", "admin")  # who answers people
ANYBODY = ("privacy", "admin", "author", "operator", "agent", "analyst", "reviewer")  # an objection is taken by whoever hears it
PLAIN = ("country", "time_zone", "language")  # contact data that tell nobody apart
SURE = 6  # characters from which a text is looked for anywhere


def suppress(
    customer_id: str | None = None,
    *,
    reason: str,
    email: str | None = None,
    phone: str | None = None,
    channel: str = "",
    actor: str | None = None,
) -> dict[str, Any]:
    """Never contact somebody again, from this moment; what waits to be sent is cancelled in all runs.

    Without a channel it is an objection to direct marketing (GDPR, Art. 21(2)): at the next `prepare` the person is in no table,
    so in no score, segment, model or audience either.

    Args:
        customer_id: who; or an address, known to netlift or not.
        reason: why, in words; never contact data.
        email: whoever has this e-mail address.
        phone: whoever has this telephone number.
        channel: this channel alone; "" = every channel, and profiling.
        actor: who takes the objection; None = the user of the command line.

    Raises:
        InputError: nobody, or no reason, is named.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, ANYBODY, "suppress customers")
    given = {"customer": customer_id, "email": email, "phone": phone}
    if not any((text or "").strip() for text in given.values()):
        raise InputError("Nobody is named; give a customer's id, --email or --phone.")
    if not reason.strip() or "@" in reason:
        raise InputError("To suppress takes a reason in words without an address, such as 'objected by letter of 2 May'; write --reason.")
    with transaction.atomic():
        if customer_id:
            vault.suppress(customer_id, reason=reason, actor=name, channel=channel)
        if email or phone:
            vault.suppress_address(email=email, phone=phone, reason=reason, actor=name, channel=channel)
        affected = {*([customer_id, *vault.same_address(customer_id)] if customer_id else []), *vault.of_address(email, phone)}
        cancelled = ledger.cancel_of(affected, reason="suppressed after the approval", channel=channel)
    return {
        "channel": channel or "all",
        "profiling": "ends at the next prepare" if not channel else "goes on",
        "known_customers": len(affected),
        "cancelled": cancelled,
    }


def why(customer_id: str, *, run_id: str | None = None, actor: str | None = None) -> dict[str, Any]:
    """Why a customer got, or is to get, each message, from what was kept with its run, not from the data of today.

    Args:
        customer_id: who asks.
        run_id: of this run alone; None = of all.
        actor: who answers; None = the user of the command line.

    Raises:
        NotFound: no run has this customer.
        Refused: the files of a run are not what was kept with it.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, DESK, "tell customers why")
    told = [found for run in _runs(run_id) if (found := explanations(run, customer_id)) is not None]
    if not told:
        raise NotFound("No run has a customer with this id; ids are compared letter by letter.")
    messages = [one for found in told if not isinstance(found, NotContacted) for one in found]
    silent = [{"run_id": found.run_id, "reason": found.reason} for found in told if isinstance(found, NotContacted)]
    with transaction.atomic():
        _record("why", name, customer_id, messages=len(messages))
    return {"messages": messages, "not_contacted": silent, "suppressed": vault.suppressions(customer_id)}


def export(customer_id: str, out: Path, *, actor: str | None = None) -> dict[str, int]:
    """Write everything that netlift holds of a customer into a JSON file that its owner alone can read; how many records by place.

    Raises:
        NotFound: nothing is held.
        InputError: the file cannot be written, or is there already.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, DESK, "export a customer's data")
    held = _held(customer_id)
    count = {place: len(found) for place, found in held.items() if found}
    if held["landed"]:
        count["landed"] = sum(map(len, held["landed"].values()))
    if not count:
        raise NotFound("Nothing is held of a customer with this id; ids are compared letter by letter.")
    told = {"customer_id": customer_id, "exported_at": datetime.now(UTC).isoformat(timespec="seconds"), **held, "sources": _outside()}
    with transaction.atomic():
        _record("export", name, customer_id, places=len(count))
        _write(told, out)
    return count


def erase(customer_id: str, *, actor: str | None = None) -> dict[str, Any]:
    """Remove a customer from everything that netlift holds; keyed hashes in the suppression list stay, so that nobody comes in again.

    Called again after it was interrupted, it goes on. Figures reported already stay, and rows of the ledger and of frozen lists
    keep a keyed hash in place of the id, so that counts and approvals hold.

    Raises:
        Busy: another process reads the data; nothing is lost, try again.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, DESK, "erase a customer")
    person, others = _person(customer_id), vault.same_address(customer_id)
    vault.suppress(customer_id, reason=erased.REASON, actor=name)  # first: whatever is prepared from now on leaves the person out
    removed = sources.forget(store_folder() / "landing", person, _id_names())
    run_files.clear_abandoned(store_folder() / "runs")
    for run in Run.objects.exclude(folder="").order_by("pk"):
        for folder in _folders(run):
            if count := run_files.forget(folder, person):
                removed[f"run {run.pk}, {folder}"] = count
    with transaction.atomic():
        cancelled = ledger.cancel_of([customer_id], reason=erased.REASON)
        rows = ledger.erase(customer_id, erased.pseudonym(customer_id))
        known = vault.forget(customer_id)
        said = consents.forget(customer_id)
        for run in Run.objects.exclude(folder="").order_by("pk"):
            runs.hide(run, person.unquoted)
        _record("erase", name, customer_id, places=len(removed), deliveries=rows, cancelled=cancelled, contact=known)
    overwrite_free_space()
    return {
        "removed": {
            **removed,
            **({"vault": 1} if known else {}),
            **({"ledger": rows} if rows else {}),
            **({"consents": said} if said else {}),
        },
        "kept": "keyed hashes in the suppression list, the ledger and frozen lists; figures that name nobody",
        "erase_also_in": _outside(),
        "others_with_the_same_address": len(others),
    }


def renew_keys(*, actor: str | None = None) -> dict[str, Any]:
    """Encrypt all contact data with the newest key: a new one in the key file, or the first of NETLIFT_VAULT_KEY.

    The oldest key stays: keyed hashes are made with it, and those of people who were erased cannot be made anew.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, "admin", "renew the keys of contact data")
    made = keys.renew()
    with transaction.atomic():
        count = vault.reencrypt()
        audit.record("renew keys", actor=name, details={"contacts": count, "keys": len(keys.vault_keys())})
    overwrite_free_space()
    return {"contacts": count, "new_key": made, "keys": len(keys.vault_keys())}


def _record(act: str, actor: str, customer_id: str, **details: int) -> None:
    audit.record(act, actor=actor, details={"customer": keys.keyed_hash("customer", customer_id), **details})


def _runs(run_id: str | None = None) -> Iterable[Run]:
    found = Run.objects.exclude(state="preparing").exclude(folder="").order_by("pk")
    return found.filter(pk=int(run_id)) if run_id and run_id.isdigit() else found


def _person(customer_id: str) -> Person:
    """Whom to look for: the id, and what the vault knows that is long enough to be nobody else's by chance."""
    fields = vault.fields([customer_id]).get(customer_id, {})
    return Person(customer_id, tuple(text for name, text in fields.items() if name not in PLAIN and len(text) >= SURE))


def _held(customer_id: str) -> dict[str, Any]:
    landed = sources.rows_of(store_folder() / "landing", _person(customer_id), _id_names())
    of_runs = {str(run.pk): found for run in _runs() if (found := run_files.rows(Path(run.folder), customer_id))}
    return {
        "contact": vault.fields([customer_id]).get(customer_id, {}),
        "suppressed": vault.suppressions(customer_id),
        "consents": consents.history(customer_id),
        "landed": landed,
        "runs": of_runs,
        "deliveries": ledger.of_customer(customer_id),
    }


def _write(told: Mapping[str, Any], out: Path) -> None:
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"--out '{out}' cannot be written ({error.strerror}); name a new file in a folder that is there.") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(outputs.plain(told), file, ensure_ascii=False, indent=1)
        file.write("\n")


def _settings() -> Iterable[tuple[Run, Settings]]:
    """The settings of every run whose files are there."""
    for run in _runs():
        with ignoring(OSError):
            yield run, settings_of(Path(run.folder))


def _id_names() -> dict[str, set[str]]:
    """What sources call customer_id, by table, as far as any run says."""
    found: dict[str, set[str]] = {}
    for _, settings in _settings():
        for table, told in settings.tables.items():
            found.setdefault(table, set()).add(told.columns.get("customer_id", "customer_id"))
    return found


def _folders(run: Run) -> list[Path]:
    """Where the files of a run are: netlift's own folder, and the copy that --out made."""
    own = Path(run.folder)
    try:
        out = json.loads((own / KEPT).read_text(encoding="utf-8")).get("out")
    except (OSError, ValueError):
        out = None
    return [own, *([Path(out)] if out else [])]


def _outside() -> list[dict[str, str]]:
    """The sources that netlift reads and does not own: the person may still be there."""
    found: dict[tuple[str, str], None] = {}
    for run, settings in _settings():
        for read in run.facts.get("inputs", []):
            if "customer_id" in sources.columns_of(read["table"]):
                where = (
                    f"{read['source']} (beside {settings.folder})" if settings.tables[read["table"]].connection is None else read["source"]
                )
                found[read["table"], where] = None
    return [{"table": table, "source": where} for table, where in found]
