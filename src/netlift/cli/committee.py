"""The commands of the committee and of people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer

from netlift.cli.printing import As, Json, RunId, moment, open_store, print_json, print_table, say, variable
from netlift.errors import InputError

review_app = typer.Typer(
    no_args_is_help=True,
    help="The committee: look at plans, decide on them, steer and stop their sending; cases judges campaigns in a file.",
)
user_app = typer.Typer(no_args_is_help=True, help="People and their roles.")


@review_app.command("list")
def review_list(as_json: Json = False) -> None:
    """List all plans and their states."""
    from netlift.workflow import show

    open_store()
    plans = show.plans()
    if as_json:
        print_json(plans)
        return
    rows = [(p["run_id"], p["name"], p["state"], p["author"], p["verdict"], p["counts"].get("contacted", 0)) for p in plans]
    print_table("Plans", ("run", "name", "state", "author", "policy", "people"), rows)


@review_app.command("show")
def review_show(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Show one plan: verdict, gravest reasons, cheapest fix, audience, findings, messages; what you have been shown you may vote on."""
    from netlift.workflow import decide

    open_store()
    plan = decide.look(run_id, actor=user)
    if as_json:
        print_json(plan)
    else:
        _tell(plan)


def _tell(plan: Mapping[str, Any]) -> None:
    from netlift.reports import verdict

    run_id = plan["run_id"]
    say(f"Run {run_id}: {plan['name']}, version {plan['version']}, {plan['state']}, by {plan['author']}")
    score = "" if plan["score"] is None else f", risk score {plan['score']:.1f} of 100"
    say(f"Policy: {plan['verdict']}{score}. Votes to approve: {plan['approvals']} of {plan['quorum']}. Hash {plan['approval_hash'][:12]}.")
    for number, reason in enumerate(verdict.reasons(plan["findings"]), 1):
        evidence = f" ('{reason['evidence']}')" if reason["evidence"] else ""
        say(f"  {number}. {reason['code']} at {reason['where']}{evidence}: {reason['text']}")
    if plan["remedy"]:
        say(f"Cheapest fix: {verdict.remedy(plan['remedy'], plan['facts'].get('currency', ''))}")
    parts = [f"{words} {added:+.2f}" for words, added in verdict.contributions(plan["contributions"])]
    if parts:
        say(f"The score's log-odds: {', '.join(parts)}.")
    print_table("Audience", ("people", "number"), plan["counts"].items())
    for finding in plan["findings"]:
        say(f"{finding['severity']} {finding['code']}: {finding['text']}")
    for message in plan["messages"]:
        say(f"\n{message['offer']} by {message['channel']}, from {message['sender']}\nSubject: {message['subject']}\n{message['text']}")


def _decided(verb: Callable[..., Mapping[str, Any]], run_id: str, *, as_json: bool, **arguments: Any) -> None:  # noqa: ANN401
    open_store()
    plan = verb(run_id, **arguments)
    if as_json:
        print_json(plan)
        return
    missing = " A vote of the privacy office is needed." if plan["heightened"] and plan["state"] == "in_review" else ""
    say(f"Run {run_id} is now {plan['state']} ({plan['approvals']} of {plan['quorum']} votes to approve).{missing}")
    if plan["halt"]:
        lifted = len(plan["halt"]["lifted"])
        say(f"It is stopped ({plan['halt']['by']}): {2 - lifted} more members must lift that: netlift review lift {run_id}.")


@review_app.command("submit")
def review_submit(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Ask the committee to decide on a draft."""
    from netlift.workflow import decide

    _decided(decide.submit, run_id, as_json=as_json, actor=user)


Seat = Annotated[str | None, typer.Option("--seat", metavar="USER", help="the member you sit for as a deputy")]


@review_app.command("approve")
def review_approve(
    run_id: RunId,
    seat: Seat = None,
    expected: Annotated[str | None, typer.Option("--hash", help="first digits of the hash you looked at")] = None,
    reason: Annotated[str, typer.Option("--reason", help="why; needed where a finding asks for review")] = "",
    password_env: Annotated[str | None, typer.Option(help="environment variable that holds your console password, if you have one")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Show a plan and vote to approve it."""
    from netlift.workflow import decide

    open_store()
    plan = decide.look(run_id, actor=user)
    if not as_json:
        _tell(plan)
        say("\nBy approving you say that you have read this and have no interest of your own in it.")
    _decided(
        decide.approve,
        run_id,
        as_json=as_json,
        actor=user,
        expected_hash=expected or plan["approval_hash"],
        seat=seat,
        text=reason,
        password=variable(password_env, "password-env"),
    )


Reason = Annotated[str, typer.Option("--reason", help="why; the author reads it")]


@review_app.command("reject")
def review_reject(run_id: RunId, reason: Reason = "", seat: Seat = None, user: As = None, as_json: Json = False) -> None:
    """Reject a plan for good."""
    from netlift.workflow import decide

    _decided(decide.reject, run_id, as_json=as_json, actor=user, seat=seat, reason=reason)


@review_app.command("request-changes")
def review_request_changes(run_id: RunId, reason: Reason = "", seat: Seat = None, user: As = None, as_json: Json = False) -> None:
    """Send a plan back to its author."""
    from netlift.workflow import decide

    _decided(decide.request_changes, run_id, as_json=as_json, actor=user, seat=seat, text=reason)


@review_app.command("withdraw")
def review_withdraw(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Take your plan back from the committee."""
    from netlift.workflow import decide

    _decided(decide.withdraw, run_id, as_json=as_json, actor=user)


@review_app.command("revoke")
def review_revoke(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Take back your approval, until sending starts."""
    from netlift.workflow import decide

    _decided(decide.revoke, run_id, as_json=as_json, actor=user)


@review_app.command("reopen")
def review_reopen(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Make an expired plan a draft again."""
    from netlift.workflow import decide

    _decided(decide.reopen, run_id, as_json=as_json, actor=user)


@review_app.command("edit")
def review_edit(  # noqa: PLR0913, PLR0917 - each is a question to the user
    run_id: RunId,
    offer: Annotated[str | None, typer.Option(help="the offer whose message changes; may be left out where there is one")] = None,
    channel: Annotated[str | None, typer.Option(help="the channel of that message; may be left out where there is one")] = None,
    subject: Annotated[str | None, typer.Option(help="the new subject")] = None,
    text_file: Annotated[Path | None, typer.Option(help="file with the new text")] = None,
    html_file: Annotated[Path | None, typer.Option(help="file with the new HTML; an empty one leaves plain text alone")] = None,
    starts: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help='earliest sending, e.g. "2026-10-01 09:00"')] = None,
    ends: Annotated[str | None, typer.Option("--until", metavar="MOMENT", help="latest sending")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Change a message or the window of sending; the plan is checked again and all votes are void."""
    from netlift.workflow import decide

    open_store()
    changed = None
    if subject is not None or text_file is not None or html_file is not None:
        text, html = (None if file is None else _read(file) for file in (text_file, html_file))
        changed = decide.message(run_id, offer=offer, channel=channel, subject=subject, text=text, html=html)
    window = (moment(starts) if starts else None, moment(ends) if ends else None) if starts or ends else None
    _decided(decide.edit, run_id, as_json=as_json, actor=user, messages=[changed] if changed else (), window=window)


@review_app.command("schedule")
def review_schedule(
    run_id: RunId,
    at: Annotated[str, typer.Option("--at", metavar="MOMENT", help='when it begins by itself, e.g. "2026-10-01 09:00", project\'s clock')],
    user: As = None,
    as_json: Json = False,
) -> None:
    """Let an approved plan begin by itself; a worker must be running then."""
    from netlift.workflow import decide

    _decided(decide.schedule, run_id, as_json=as_json, actor=user, at=moment(at))


@review_app.command("pause")
def review_pause(run_id: RunId, reason: Reason = "", user: As = None, as_json: Json = False) -> None:
    """Interrupt the sending; to be resumed within a day."""
    from netlift.workflow import decide

    _decided(decide.pause, run_id, as_json=as_json, actor=user, reason=reason)


@review_app.command("agree")
def review_agree(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Agree that a campaign which paused by itself may go on."""
    from netlift.workflow import decide

    _decided(decide.agree, run_id, as_json=as_json, actor=user)


@review_app.command("resume")
def review_resume(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Go on with exactly what was approved."""
    from netlift.workflow import decide

    _decided(decide.resume, run_id, as_json=as_json, actor=user)


@review_app.command("stop")
def review_stop(
    run_id: Annotated[str | None, typer.Argument(metavar="ID", help="number of the run")] = None,
    everything: Annotated[bool, typer.Option("--all", help="stop all campaigns")] = False,
    reason: Annotated[str, typer.Option("--reason", help="why")] = "",
    user: As = None,
    as_json: Json = False,
) -> None:
    """Stop a plan, or everything, at once, also while it is being sent; anybody may."""
    from netlift.workflow import decide

    if (run_id is None) != everything:
        raise InputError("Name one run to stop, or --all for every campaign.")
    if run_id is not None:
        _decided(decide.stop, run_id, as_json=as_json, actor=user, reason=reason)
        return
    open_store()
    decide.stop_everything(actor=user, reason=reason)
    print_json({"stopped": "everything"}) if as_json else say("Everything is stopped until two members lift it: netlift review lift --all.")


@review_app.command("lift")
def review_lift(
    run_id: Annotated[str | None, typer.Argument(metavar="ID", help="number of the run")] = None,
    everything: Annotated[bool, typer.Option("--all", help="the stop of all campaigns")] = False,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Lift a stop; the second member's word does it."""
    from netlift.workflow import decide

    if (run_id is None) != everything:
        raise InputError("Name one run whose stop is lifted, or --all for the stop of everything.")
    if run_id is not None:
        _decided(decide.lift, run_id, as_json=as_json, actor=user)
        return
    open_store()
    more = decide.lift_everything(actor=user)
    print_json({"more": more}) if as_json else say(f"{more} more members must lift it." if more else "Nothing is stopped any more.")


@review_app.command("cancel")
def review_cancel(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """End a stopped campaign for good."""
    from netlift.workflow import decide

    _decided(decide.cancel, run_id, as_json=as_json, actor=user)


@review_app.command("resubmit")
def review_resubmit(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Put a stopped campaign before the committee again, for those who got nothing yet."""
    from netlift.workflow import decide

    _decided(decide.resubmit, run_id, as_json=as_json, actor=user)


@review_app.command("deputy")
def review_deputy(
    name: Annotated[str, typer.Argument(metavar="USER", help="who sits for you")],
    until: Annotated[str, typer.Option("--until", metavar="MOMENT", help='until when, e.g. "2026-10-15"; at most three months')],
    user: As = None,
    as_json: Json = False,
) -> None:
    """Let somebody sit in your seat on the committee for a time."""
    from netlift.workflow import decide

    open_store()
    end = moment(until).replace(tzinfo=UTC)
    decide.name_deputy(name, until=end, actor=user)
    print_json({"deputy": name, "until": end.isoformat()}) if as_json else say(f"{name} sits for you until {end:%Y-%m-%d %H:%M} UTC.")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{file}' cannot be read as UTF-8 text ({getattr(error, 'strerror', None) or 'other bytes'}).") from error


@review_app.command("cases")
def review_cases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="campaigns, one JSON object a line")],
    as_json: Json = False,
) -> None:
    """Judge campaigns written in a file by the policy checks: verdict, evidence, score and the cheapest fix of each."""
    from netlift.workflow.cases import told

    unread = 0
    for case, findings in told(file):
        unread += "error" in case
        if as_json:
            print_json(case)
        elif "error" in case:
            say(case["error"])
        else:
            say(f"{case['id']}: {case['verdict']}, score {case['score']:g}. {', '.join(case['reason_codes'])}".rstrip())
            for f in findings:
                say(f"  {f.severity} {f.code} at {f.where}: {f.text}")
            if case["fix"]:
                say(f"  Cheapest fix: {case['fix']['text']} Then: {case['fix']['verdict']}, score {case['fix']['score']:g}.")
    if unread:
        raise typer.Exit(1)


@user_app.command("add")
def user_add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[str, typer.Option(help="author, analyst, reviewer, privacy, operator, director, agent or admin")],
    password_env: Annotated[str | None, typer.Option(help="environment variable that holds the console password")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Add a person, or a role to a person."""
    from netlift.store import people

    open_store()
    people.add(name, role, password=variable(password_env, "password-env"), by=user)
    if as_json:
        print_json({"name": name, "roles": people.roles(name)})
    else:
        say(f"{name} has the roles: {', '.join(people.roles(name))}.")
