"""The commands of the committee and of people."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from netlift.cli.printing import As, Json, RunId, open_store, print_json, print_table, say
from netlift.errors import InputError

review_app = typer.Typer(
    no_args_is_help=True,
    help="The committee: list, show, submit, approve, reject, request-changes, stop; cases judges campaigns in a file.",
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
def review_show(run_id: RunId, as_json: Json = False) -> None:
    """Show one plan: state, findings, audience, votes."""
    from netlift.workflow import show

    open_store()
    plan = show.plan(run_id)
    if as_json:
        print_json(plan)
        return
    say(f"Run {run_id}: {plan['name']}, version {plan['version']}, {plan['state']}, by {plan['author']}")
    say(f"Policy: {plan['verdict']}. Votes to approve: {plan['approvals']} of {plan['quorum']}. Hash {plan['approval_hash'][:12]}.")
    print_table("Audience", ("people", "number"), plan["counts"].items())
    for finding in plan["findings"]:
        say(f"{finding['severity']} {finding['code']}: {finding['text']}")
    for message in plan["messages"]:
        say(f"\n{message['offer']} by {message['channel']}, from {message['sender']}\nSubject: {message['subject']}\n{message['text']}")


def _decided(verb: Callable[..., Mapping[str, Any]], run_id: str, *, as_json: bool, **arguments: str | None) -> None:
    open_store()
    plan = verb(run_id, **arguments)
    if as_json:
        print_json(plan)
    else:
        say(f"Run {run_id} is now {plan['state']} ({plan['approvals']} of {plan['quorum']} votes to approve).")


@review_app.command("submit")
def review_submit(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Ask the committee to decide on a draft."""
    from netlift.workflow import decide

    _decided(decide.submit, run_id, as_json=as_json, actor=user)


@review_app.command("approve")
def review_approve(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Vote to approve a plan."""
    from netlift.workflow import decide

    _decided(decide.approve, run_id, as_json=as_json, actor=user)


Reason = Annotated[str, typer.Option("--reason", help="why; the author reads it")]


@review_app.command("reject")
def review_reject(run_id: RunId, reason: Reason = "", user: As = None, as_json: Json = False) -> None:
    """Reject a plan for good."""
    from netlift.workflow import decide

    _decided(decide.reject, run_id, as_json=as_json, actor=user, reason=reason)


@review_app.command("request-changes")
def review_request_changes(run_id: RunId, reason: Reason = "", user: As = None, as_json: Json = False) -> None:
    """Send a plan back to its author."""
    from netlift.workflow import decide

    _decided(decide.request_changes, run_id, as_json=as_json, actor=user, text=reason)


@review_app.command("stop")
def review_stop(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Stop a plan at once, also while it is being sent; anybody may."""
    from netlift.workflow import decide

    _decided(decide.stop, run_id, as_json=as_json, actor=user)


@review_app.command("cases")
def review_cases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="campaigns, one JSON object a line")],
    as_json: Json = False,
) -> None:
    """Judge campaigns written in a file by the policy checks: verdict, evidence, score and the cheapest fix of each."""
    from netlift.workflow.cases import cases

    unread = 0
    for case in cases(file):
        unread += "error" in case
        if as_json:
            print_json(case)
        elif "error" in case:
            say(case["error"])
        else:
            say(f"{case['id']}: {case['verdict']}, score {case['score']:g}. {', '.join(case['reason_codes'])}".rstrip())
            for found in case["evidence"]:
                say(f"  {found['severity']} {found['code']} at {found['where']}: {found['why']}")
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
    if password_env is not None and password_env not in os.environ:
        raise InputError(f"The environment variable {password_env}, named as --password-env, is not set.")
    people.add(name, role, password=os.environ.get(password_env) if password_env else None, by=user)
    if as_json:
        print_json({"name": name, "roles": people.roles(name)})
    else:
        say(f"{name} has the roles: {', '.join(people.roles(name))}.")
