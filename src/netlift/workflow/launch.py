"""launch: send an approved plan, or go on with one that was interrupted. work: what `netlift worker` does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from django.db import close_old_connections, transaction
from django.utils import timezone

from netlift import campaigns
from netlift.errors import InputError, NetliftError, Refused
from netlift.records import Audience, Message, Progress
from netlift.review import committee
from netlift.settings import AnyChannel, channel_settings
from netlift.store import audit, cases, jobs, keys, ledger, open_store, people, permission, runs, vault
from netlift.store.models import Run
from netlift.workflow import decide, kept, outputs, show
from netlift.workflow.approval import approval_hash, audience_hash
from netlift.workflow.outage import through_outages
from netlift.workflow.stages import Display, Quiet, Stopwatch

WAVE = 1
POLL = 2.0  # seconds between two looks of a worker that has nothing to do
PAUSE = 30.0  # seconds after a run could not go on, for example because its mail server is away


def launch(run_id: str, *, actor: str | None = None, dry_run: bool = False, display: Display | None = None) -> dict[str, Any]:
    """Send an approved plan to everybody in it; called again, go on where it stopped.

    Args:
        run_id: the run.
        actor: who launches, an operator; None = the user of the command line.
        dry_run: check everything and write every message, but send and keep nothing.
        display: shown the progress.

    Returns:
        run_id, state, dry_run, counts per state, exclusions by reason, and `sentence` in words.

    Raises:
        Refused: not approved, not what was approved, no operator, no country, or somebody without consent.
        InputError: the mail server does not answer; launch again to go on.
    """
    open_store()
    name = people.acting(actor)
    people.require(name, "operator", "launch plans")
    decide.settle(run_id)
    run = runs.get(run_id)
    _check_approval(run)
    watch = Stopwatch(display or Quiet())
    if dry_run and run.state == "sending":
        return _told(run, ledger.counts(run.pk), ledger.exclusions(run.pk), dry_run=True)
    if dry_run:
        rows = _rows(run)
        states = Counter("excluded" if row.reason else "ready" for row in rows)
        return _told(run, dict(states), dict(Counter(row.reason for row in rows if row.reason)), dry_run=True)
    return watch.run("campaigns", lambda progress: _launch(run, name, progress))


def start(run_id: str, *, actor: str | None = None) -> None:
    """Begin the sending of an approved plan and leave it to a worker; raises as `launch` does."""
    name = people.acting(actor)
    people.require(name, "operator", "launch plans")
    decide.settle(run_id)
    run = runs.get(run_id)
    _check_approval(run)
    if run.state in {"approved", "scheduled"}:
        _start(run, name)


def work(*, once: bool = False, display: Display | None = None) -> list[dict[str, Any]]:
    """Do what waits: queued jobs, then every run that is being sent. Several workers may run at once.

    Args:
        once: stop when nothing is due within a good minute, instead of looking again for ever.
        display: shown the progress.

    Returns:
        For each run what `launch` returns; where one could not go on, `error` says why.
    """
    shown = display or Quiet()
    progress = shown.stage("campaigns")
    while True:
        told = through_outages(lambda: _round(shown, once=once), progress)
        if once:
            return told
        time.sleep(PAUSE if any("error" in one for one in told) else POLL)


def _round(display: Display, *, once: bool) -> list[dict[str, Any]]:
    """All that is due now; what the database kept is the whole state, so a round that broke off is simply done again."""
    close_old_connections()  # a connection that the server has cut meanwhile is made anew
    for problem in audit.note_head():
        display.stage("audit")(0.0, str(problem))
    ledger.lapse()
    while job := jobs.claim():
        _do(job)
    sending = Run.objects.filter(state="sending").order_by("pk")
    if once:
        return [_worked(run, display, patience=campaigns.PATIENCE) for run in sending]
    return [_worked(run, display, patience=0.0) for run in sending if ledger.is_due(run.pk)]


def _do(job: jobs.Claimed) -> None:
    try:
        if job.kind != "launch" or job.run_id is None:
            raise InputError(f"A job of the kind '{job.kind}' is not known to this version of netlift.")
        start(job.run_id, actor=job.actor)
    except NetliftError as error:
        jobs.finish(job, error=str(error))
    else:
        jobs.finish(job)


def _worked(run: Run, display: Display, *, patience: float) -> dict[str, Any]:
    progress = display.stage("campaigns")
    try:
        _check_approval(run)
        return _send(run, progress, patience=patience)
    except NetliftError as error:
        progress(0.0, str(error))
        return {**_told(run, ledger.counts(run.pk), ledger.exclusions(run.pk)), "error": str(error)}


def _launch(run: Run, name: str, progress: Progress) -> dict[str, Any]:
    if run.state in {"approved", "scheduled"}:
        progress(0.0, "checking who may be written to")
        for settings in _channels(run).values():
            with closing(campaigns.open_channel(settings)) as channel:
                channel.open()  # nothing is begun when the server cannot be reached
        _start(run, name)
    return through_outages(lambda: _send(run, progress), progress)


# --- checks --------------------------------------------------------------------------------------------------------


def _check_approval(run: Run) -> None:
    """The plan is approved, and what is stored is what was approved."""
    if run.state not in {"approved", "scheduled", "sending"}:
        raise Refused(f"Run {run.pk} is {run.state.replace('_', ' ')} and cannot be launched; only an approved plan can.")
    if approval_hash(run.content) != run.approval_hash:
        raise Refused(f"The content of run {run.pk} is not what was approved (its hash differs); prepare it again.")
    votes, quorum = _approvals(run), run.content["quorum"]
    if len(votes) < quorum:
        raise Refused(f"Run {run.pk} has {len(votes)} approvals that count, and needs {quorum}.")
    if not run.content["country"]:
        raise Refused(f"Run {run.pk} names no country, so nobody can say which rules apply; set project.country and prepare it again.")
    without = run.content["consent"]["contacted_without"]
    if without:
        raise Refused(f"{without:,} people of run {run.pk} would be contacted without a consent on file; prepare it again.")
    permission.check(run.pk)
    _channels(run)


def _approvals(run: Run) -> list[str]:
    """Who approved, as votes and audit trail both tell: what was only written into a table does not count."""
    authors = {actor for actor, _ in audit.events(run.pk, "prepare")}
    approved = {
        actor
        for actor, told in audit.events(run.pk, "approve")
        if (told["approval_hash"], told["version"]) == (run.approval_hash, run.version)
    }
    return [name for name in show.approvals(run, cases.committee()) if name in approved - authors]


def _check_trail(run: Run) -> None:
    """The audit trail can be relied on, and does not tell of an earlier launch."""
    trail = audit.verify_all()
    if not trail.whole:
        raise Refused(f"The audit trail is not whole: {trail.text} Nothing is launched until that is cleared up.")
    if audit.events(run.pk, "launch"):
        raise Refused(f"Run {run.pk} was launched already, as the audit trail tells; prepare a new one.")


def _channels(run: Run) -> dict[str, AnyChannel]:
    missing = sorted(set(run.content["channels_used"]) - set(run.content["channels"]))
    if missing:
        raise Refused(f"Run {run.pk} uses the channel '{missing[0]}', which has no [channels.{missing[0]}] in netlift.toml.")
    return {name: channel_settings(run.content["channels"][name]) for name in run.content["channels_used"]}


def _audience(run: Run) -> Audience:
    path = kept.audience_file(run)
    try:
        audience = outputs.read_audience(path)
        found = audience_hash(audience)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"The audience of run {run.pk} cannot be read from '{path}'; prepare it again.") from error
    if found != run.content["audience"]["sha256"]:
        raise Refused(f"The audience of run {run.pk} in '{path}' is not the one that was approved; prepare it again.")
    return audience


# --- from the audience to the ledger -------------------------------------------------------------------------------


def _start(run: Run, name: str) -> None:
    """Approved -> sending, with a row for everybody, in one transaction."""
    rows = _rows(run)
    if why := decide.refreeze(run, name, _lost(run, rows)):
        raise Refused(f"Run {run.pk} went back to the committee: {why}; look at what is left and vote again.")
    if all(row.reason for row in rows):
        raise Refused(_nobody(run, rows))
    with transaction.atomic():
        at = decide.locked(str(run.pk), name)
        _check_approval(at.run)
        _check_trail(at.run)
        case = committee.start(at.case, at.everybody, name, found=approval_hash(at.run.content), now=at.now)
        ledger.fill(run.pk, rows)
        at.run.sent_at = at.now
        decide.keep("launch", at, case, {"approval_hash": case.approval_hash, **_numbers(ledger.counts(run.pk))})


def _lost(run: Run, rows: Sequence[ledger.Row]) -> dict[str, str]:
    """Whoever was approved and gets no message now."""
    audience = _audience(run)
    return {row.customer_id: row.reason for row, wanted in zip(rows, audience.contacted(), strict=True) if wanted and row.reason}


def _numbers(counts: Mapping[str, int]) -> dict[str, int]:
    return {f"rows {state}": number for state, number in counts.items()}


def _rows(run: Run) -> list[ledger.Row]:
    """Everybody of the approved audience, with the reason of those who get no message."""
    audience = _audience(run)
    messages = _messages(run)
    for message in messages.values():
        campaigns.check(message)
    reasons, key = dict(_reasons(run, audience, messages)), keys.vault_key()
    return [
        ledger.Row(
            customer_id=audience.customer_ids[i],
            channel=audience.channel[i] or "",
            offer=audience.offer[i] or "",
            arm=audience.arm[i] or "",
            reason=reasons[i],
            message_id=_message_id(run.pk, audience, i, messages, key=key) if not reasons[i] else "",
        )
        for i in range(len(audience.customer_ids))
    ]


def _nobody(run: Run, rows: Sequence[ledger.Row]) -> str:
    most = Counter(row.reason for row in rows).most_common(1)
    why = f"the most frequent reason is '{most[0][0]}' ({most[0][1]:,} people)" if most else "its audience is empty"
    return f"Nobody of run {run.pk} can be written to: {why}."


def _messages(run: Run) -> dict[tuple[str, str], Message]:
    return {(m["offer"], m["channel"]): Message(**m) for m in run.content["messages"]}


def _reasons(run: Run, audience: Audience, messages: Mapping[tuple[str, str], Message]) -> Iterator[tuple[int, str]]:
    """Why each person gets no message; "" = gets one."""
    contacted = audience.contacted()
    channels = {name: campaigns.open_channel(settings) for name, settings in _channels(run).items()}
    suppressed = {name: vault.suppressed(name) for name in channels}
    contacts = vault.fields(list(audience.customer_ids[contacted]))
    barred = _barred(run, audience, contacts)
    seen: set[tuple[str, str]] = set()
    for i, customer in enumerate(audience.customer_ids):
        if not contacted[i]:
            yield i, audience.excluded_reason[i] or "holdout"
            continue
        name, fields = audience.channel[i], contacts.get(customer, {})
        address = fields.get(channels[name].address_field, "")
        reason = (
            "suppressed"
            if customer in suppressed[name]
            else _obstacle(channels[name], address, messages.get((audience.offer[i], name)), fields)
        )
        reason = reason or barred.get((name, customer), "")
        if not reason and (name, address.lower()) in seen:
            reason = "same address as another customer"
        if not reason:
            seen.add((name, address.lower()))
        yield i, reason


def _barred(run: Run, audience: Audience, contacts: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """Whom the rules of channels and countries leave out as of now: (channel, customer) -> why. Who must wait is not among them."""
    found, now = {}, timezone.now()
    for name in run.content["channels_used"]:
        ids = list(audience.customer_ids[audience.contacted() & (audience.channel == name)])
        for start in range(0, len(ids), vault.CHUNK):
            judged = permission.verdicts(run.pk, name, ids[start : start + vault.CHUNK], contacts, now=now)
            found.update({(name, customer): one.words for customer, one in judged.items() if one.kind == "excluded"})
    return found


def _obstacle(channel: campaigns.Channel, address: str, message: Message | None, fields: Mapping[str, str]) -> str:
    if message is None:
        return "no message for this offer and channel"
    if not address:
        return "no address"
    try:
        campaigns.write(message, fields)
    except campaigns.CannotWrite as error:
        return str(error)
    return channel.problem(address) or ""


def _message_id(run_id: int, audience: Audience, i: int, messages: Mapping[tuple[str, str], Message], *, key: bytes) -> str:
    """Always the same for one person, wave and channel, so that it can be looked for in the receiver's records."""
    channel = audience.channel[i]
    domain = parseaddr(messages[audience.offer[i], channel].sender)[1].rpartition("@")[2]
    return f"<{keys.keyed_hash('message', str(run_id), str(WAVE), audience.customer_ids[i], channel, key=key)[:32]}@{domain}>"


# --- from the ledger to the channels -------------------------------------------------------------------------------


def _send(run: Run, progress: Progress, *, patience: float = campaigns.PATIENCE) -> dict[str, Any]:
    dues = []
    messages = _messages(run)
    for name, settings in _channels(run).items():
        by_offer = {offer: message for (offer, channel), message in messages.items() if channel == name}
        with closing(campaigns.open_channel(settings)) as channel:
            rows = ledger.RunLedger(run.pk, name, by_offer, address_field=channel.address_field)
            dues.append(campaigns.deliver(rows, channel, patience=patience, progress=progress))
    _finish(run)
    run.refresh_from_db()
    return _told(run, ledger.counts(run.pk), ledger.exclusions(run.pk), due=min(filter(None, dues), default=None))


def _finish(run: Run) -> None:
    """Sending -> completed, when every message came to its end."""
    with transaction.atomic():
        at = decide.locked(str(run.pk), decide.CLOCK)
        if at.case.state == "sending" and not ledger.open_rows(run.pk):
            decide.keep("complete", at, committee.finish(at.case, unsent=0), _numbers(ledger.counts(run.pk)))


def _told(
    run: Run, counts: dict[str, int], excluded: dict[str, int], *, dry_run: bool = False, due: datetime | None = None
) -> dict[str, Any]:
    return {
        "run_id": str(run.pk),
        "state": run.state,
        "dry_run": dry_run,
        "counts": counts,
        "excluded": excluded,
        "sentence": _sentence(run, counts, dry_run=dry_run, due=due),
    }


def _sentence(run: Run, counts: Mapping[str, int], *, dry_run: bool, due: datetime | None) -> str:
    parts = ", ".join(f"{number:,} {state}" for state, number in counts.items())
    if dry_run and run.state == "sending":
        return f"Run {run.pk} is being sent: {parts}. A dry run sends nothing."
    if dry_run:
        return f"Run {run.pk} would be launched: {parts}. Nothing was sent."
    text = f"Run {run.pk} is {run.state}: {parts}."
    if counts.get("unknown"):
        text += f" The unknown ones may have arrived and are held, never sent again by themselves: netlift deliveries {run.pk}."
    if due is not None:
        text += f" Some wait for another attempt at {due:%H:%M} UTC; netlift worker goes on with them."
    return text
