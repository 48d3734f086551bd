"""The command line. Every command is a face of the verbs in `workflow`; heavy imports are inside the commands.

Exit codes: 0 done, 1 wrong input with a clear message, 2 usage, 3 refused by policy or approval.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netlift import __version__
from netlift.cli.committee import review_app, user_app
from netlift.cli.consent import consent_app
from netlift.cli.experiment import experiment_app
from netlift.cli.letters import dkim_key, preview, send_test
from netlift.cli.printing import (
    As,
    Bars,
    Config,
    Json,
    RunId,
    between,
    money,
    open_store,
    print_json,
    print_table,
    read_settings,
    say,
    shown,
    visible,
)
from netlift.cli.privacy import privacy_app
from netlift.cli.sending import answers_address, deliveries_app, inbox, jobs, worker
from netlift.cli.trail import audit_app
from netlift.errors import InputError, NetliftError, SettingsError

if TYPE_CHECKING:
    from netlift.records import Measurement, Opinion

FINDINGS = 10  # about the data, told on the terminal

app = typer.Typer(
    name="netlift",
    help="From raw customer data to approved campaigns and measured sales.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(review_app, name="review")
app.add_typer(experiment_app, name="experiment")
app.add_typer(user_app, name="user")
app.add_typer(audit_app, name="audit")
app.add_typer(privacy_app, name="privacy")
app.add_typer(deliveries_app, name="deliveries")
app.command()(preview)
app.command("test-send")(send_test)
app.command("dkim-key")(dkim_key)
app.command()(worker)
app.command()(jobs)
app.command()(inbox)
app.command("answers-address")(answers_address)
app.add_typer(consent_app, name="consent")


def main() -> None:
    """Run the command line; an error made on purpose becomes one sentence and its exit code."""
    try:
        app()
    except NetliftError as error:
        _fail(str(error), error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing to tell it
        sys.exit(1)
    except MemoryError as error:
        _fail("This machine has too little memory for what was asked; close other programs, or use a larger machine.", error)
        sys.exit(1)
    except Exception as error:
        if outage := _outage(error):
            _fail(str(outage), outage)
            sys.exit(outage.exit_code)
        if not isinstance(error, OSError) and not isinstance(error.__cause__, sqlite3.OperationalError):
            raise
        _fail(f"The disk or the store does not let netlift go on ({error}); mend that and run the command again.", error)
        sys.exit(1)


def _outage(error: Exception) -> NetliftError | None:
    """What an error of PostgreSQL means to people; None for any other error."""
    if "django.db" not in sys.modules:
        return None
    from netlift.store import outages

    return outages.told(error)


def _fail(text: str, error: Exception) -> None:
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"error": text, "kind": type(error).__name__}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"{visible(text)}\n")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"netlift {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")] = False,
) -> None:
    pass


# --- the way of the data -----------------------------------------------------------------------------------------


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="folder for data, store and report")] = Path("netlift-demo"),
    serve: Annotated[bool, typer.Option("--serve", help="open the console afterwards")] = False,
    as_json: Json = False,
) -> None:
    """Go the whole way on real shopping data: no account, no service."""
    from netlift.demo import demo as run

    with Bars() as bars:
        made = run(out, bars)
    if as_json:
        told = {"run_id": made.run_id, "report": made.report, "sentence": made.measurement.sentence, "deliveries": made.deliveries}
        print_json({**told, "sign_in": made.passwords if serve else {}})
    else:
        here = f"NETLIFT_DATA_DIR={made.store} {Path(sys.argv[0])}"
        say(f"\nReport: {made.report}\n\n{made.measurement.sentence}\n\nNext:")
        say(f"  {here} review show {made.run_id}\n  {here} deliveries {made.run_id}\n  {Path(sys.argv[0])} init my-project")
        for name, password in made.passwords.items() if serve else ():
            say(f"  sign in as {name} with {password}")
    if serve:
        _serve("127.0.0.1", 8000, as_json=as_json)


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR")], as_json: Json = False) -> None:
    """Write a commented netlift.toml into DIR."""
    from importlib.resources import files

    target = folder / "netlift.toml"
    if target.exists():
        raise InputError(f"'{target}' is there already; name another folder or remove it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(files("netlift").joinpath("example.toml").read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise InputError(f"'{target}' cannot be written: {error.strerror}; name another folder.") from error
    if as_json:
        print_json({"written": target})
    else:
        say(f"Wrote {target}. Name your tables in it, then: netlift check {target}")


@app.command()
def check(config: Config, as_json: Json = False) -> None:
    """Read every source and tell its health; writes nothing."""
    from netlift.workflow.check import check as run

    with Bars() as bars:
        health = run(config, display=bars)
    if as_json:
        print_json(health)
        return
    names = ("table", "rows_in", "rows_ok", "rows_quarantined", "rows_left_out")
    print_table("Rows", ("table", "in", "ok", "quarantined", "left out"), [[t[n] for n in names] for t in health["inputs"]])
    for table in health["inputs"]:
        for finding in table["findings"]:
            say(finding)
    for row in health["quarantine"]:
        what = f"{row['column'] or 'the row'} {row['reason']}"
        say(f"{row['table']}: quarantined, {row['rows']:,} x: {what} (first: line {row['first_line']}).")
    said = {finding for table in health["inputs"] for finding in table["findings"]}
    for figure in health["health"]:
        if figure["remarkable"] and figure["kind"] != "missing" and figure["text"] not in said:  # missing values are among the findings
            say(f"Look: {figure['text']}")
    if health["suggestions"]:
        best = health["suggestions"][0]
        say(f"Most would be added by {best['add']}: {best['features']} features.")
    rows = [[c[n] for n in ("table", "column", "purpose", "source", "sensitivity", "until", "standing")] for c in health["register"]]
    print_table("Column register", ("table", "column", "purpose", "source", "class", "until", "standing"), rows)
    if health["register_lines"]:
        say(f"To register every column, paste this into netlift.toml and write the purposes:\n\n{health['register_lines']}\n")
    for note in health["notes"]:
        say(f"{note[0].upper()}{note[1:].rstrip('.')}.")
    say(f"{health['customers']:,} customers, {len(health['features'])} features. Outcome: {health['outcome']}.")


@app.command()
def prepare(
    config: Config,
    out: Annotated[Path | None, typer.Option(help="folder for the run's files")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Go from the sources to a plan that waits for review."""
    from netlift.workflow.prepare import prepare as run

    settings = read_settings(config)
    open_store()
    with Bars() as bars:
        made = run(settings, out=out, actor=user, display=bars)
    content = made.content
    facts = json.loads((made.folder / "run.json").read_text(encoding="utf-8"))
    if as_json:
        print_json({**facts, "folder": made.folder, "review": content.review})
        return
    say(f"Run {made.run_id}: {content.segmentation.verdict.reason}")
    rows = [
        (
            r.segment,
            r.action,
            ", ".join(r.offers),
            "–" if r.expected_profit_per_contact is None else f"{r.expected_profit_per_contact:+.2f}",
        )
        for r in content.choice.recommendations
    ]
    print_table(f"Recommendations ({content.currency} per contact)", ("segment", "action", "offers", "expected profit"), rows)
    next_offers = [(p.segment, c.category, f"{c.share:.1%}", f"{c.lift:.2f}") for p in content.choice.proposals for c in p.categories]
    if next_offers:
        print_table("What the next offers could be about", ("segment", "category", "buy it", "times all customers"), next_offers)
    print_table("Audience", ("people", "number"), content.audience.counts().items())
    if content.choice.allocated is not None:
        say(f"Within the limits: {content.choice.allocated.sentence}")
    found = [text for read in facts["inputs"] for text in read["findings"]]
    for text in found[:FINDINGS]:
        say(f"Data: {text}")
    if len(found) > FINDINGS:
        say(f"Data: {len(found) - FINDINGS} more findings are in the report.")
    for warning in facts["warnings"]:
        say(f"Mind: {warning}")
    for finding in content.review.findings:
        say(f"{finding.severity}: {finding.text}")
    say(f"\nFiles: {made.folder}\nNext: netlift review submit {made.run_id}")


@app.command()
def targets(  # noqa: PLR0913, PLR0917 - each is a question to the user
    file: Annotated[Path, typer.Argument(metavar="FILE", help="one row per customer: CSV, CSV.GZ, Parquet, JSON lines")],
    customer: Annotated[str, typer.Option(metavar="COL", help="the customers' ids")],
    outcome: Annotated[str, typer.Option(metavar="COL", help="1 = answered, 0 = not; with --arm also money")],
    contact_cost: Annotated[float, typer.Option(metavar="C", help="money per contact")],
    revenue: Annotated[float, typer.Option(metavar="R", help="money per answer (per unit of the outcome)")],
    arm: Annotated[str | None, typer.Option(metavar="COL", help="arm of a past experiment")] = None,
    control: Annotated[str | None, typer.Option(metavar="VALUE", help="arm of those who were not contacted")] = None,
    exclude: Annotated[str, typer.Option(metavar="COL,…", help="columns that may not be learnt from")] = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="customer, score, decision: .parquet or .csv")] = None,
    as_json: Json = False,
) -> None:
    """Say whom to contact for profit, one by one, with figures from customers the model has not seen."""
    from netlift.workflow import targets as verb

    excluded = tuple(name.strip() for name in exclude.split(",") if name.strip())
    with Bars() as bars:
        found = verb.targets(
            file,
            customer=customer,
            outcome=outcome,
            contact_cost=contact_cost,
            revenue=revenue,
            arm=arm,
            control=control,
            exclude=excluded,
            display=bars,
        )
    changed = 0 if out is None else verb.write_targets(found, out)
    if as_json:
        print_json(verb.facts(found))
        return
    say(found.sentence)
    print_table("Out of sample", ("figure", "value", "95 % interval"), verb.rows(found))
    print_table("If the best were contacted", ("share", "contacts", "profit", "95 % interval", "last, per contact"), verb.curve_rows(found))
    say(verb.one_more(found))
    header = ("contact cost", "revenue", "break-even", "contacts", "profit", "95 % interval")
    print_table("If costs or revenue were others (as now first)", header, verb.cost_rows(found))
    for warning in found.warnings:
        say(f"Mind: {warning}")
    if changed:
        say(f"Mind: {changed:,} ids or arms begin like a spreadsheet's formula and have a quote before them; Parquet has none.")
    if out is not None:
        say(f"\nCustomers: {out}")


@app.command()
def assign(
    run_id: RunId,
    config: Config,
    out: Annotated[Path | None, typer.Option(help="file for the customers (Parquet), as customers.parquet")] = None,
    why: Annotated[str | None, typer.Option(metavar="CUSTOMER", help="tell why this customer is in his segment")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Give today's customers the segments of an earlier run, by its frozen model, and tell what changed."""
    from netlift.workflow.assign import assign as run

    with Bars() as bars:
        found = run(run_id, config, out=out, why=why, actor=user, display=bars)
    drift = found.drift
    if as_json:
        print_json(
            {
                "run_id": found.run_id,
                "customers": len(found.customers),
                "out": out,
                "drift": drift,
                "why": found.why,
                "remarks": found.remarks,
            }
        )
        return
    for remark in found.remarks:
        say(f"Mind: {remark}")
    sizes = [(s, drift.sizes_then[s], now) for s, now in drift.sizes_now.items()]
    print_table(f"Segments of run {run_id}", ("segment", "customers then", "now"), sizes)
    rows = [(s, *row.values()) for s, row in drift.movement.items()]
    print_table("Customers of both times", ("from", *(f"to {s}" for s in drift.movement)), rows)
    if drift.moves:
        moves = [
            (
                f"{m.from_segment} to {m.to_segment}",
                m.customers,
                f"{m.share:.1%}",
                f"{m.low:.1%}",
                m.back,
                f"{m.by_luck:.1%}",
                "yes" if m.migration else "no",
            )
            for m in drift.moves
        ]
        header = ("who moved", "customers", "share", "at least (95 %)", "came back", "by luck", "migration")
        print_table("Moves", header, moves)
        say("By luck: between refits on resamples of the run's customers. Migration: surely more than that, and more than came back.")
    shifted = sorted(drift.stability.items(), key=lambda item: -item[1])
    print_table("Drift", ("feature", "stability index"), [(name, f"{index:.3f}") for name, index in shifted])
    say("A stability index from 0.1 is worth a look; from 0.25 these are other customers than the segments were made of.")
    say(f"New customers: {drift.came:,}. Gone: {drift.went:,}." + (f"\nWrote {out}." if out else ""))
    if found.why is not None:
        facts = [(f.feature, "missing" if f.value is None else f"{f.value:,.4g} {f.unit}", f"{f.adds:+.2f}") for f in found.why.facts]
        rather = f" rather than {found.why.rather_than}" if found.why.rather_than != found.why.segment else ""
        print_table(f"Why segment {found.why.segment}{rather}", ("feature", "value", "adds"), facts)
        if found.why.rules:
            say("A fact adds 1 where an average value of it alone would put the customer elsewhere.")
            if not found.why.total:
                say("No single fact does: several together put him there.")
            return
        say(f"They add up to {found.why.total:+.2f}, with {found.why.start:+.2f} for the average customer; above 0 the segment wins.")


@app.command()
def survey(
    run: Annotated[str, typer.Argument(metavar="ID", help="number of a run, or netlift.toml: the newest run prepared from it")],
    budget: Annotated[int | None, typer.Option(metavar="N", help="choose so many customers to ask")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="customers, reason, weight, worth: .csv or .parquet")] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Tell what the survey says of all customers; with --budget, choose whom to ask next, for the most profit from knowing."""
    from netlift.reports import MISSED
    from netlift.workflow.survey import said
    from netlift.workflow.survey import survey as choose

    if budget is None:
        if out is not None:
            raise SettingsError("--out is of those who are asked; give --budget N as well.")
        opinions = said(run, actor=user)
        if as_json:
            print_json(opinions)
            return
        header = ("question", "answer", "gave it", "of those who answered", "of all customers", "95 % interval")
        print_table("What the survey says", header, [_opinion(o) for o in opinions])
        for question, missed in {o.question: o.missed for o in opinions if o.missed > MISSED}.items():
            say(
                f"Mind: of customers like {missed:.0%} of all, (almost) nobody answered '{question}': its figures are not of all customers."
            )
        say("Of all customers: weighted until those who answered look like all in segment, money spent and time since the last purchase.")
        return
    asked = choose(run, budget=budget, out=out, actor=user)
    if as_json:
        by_reason = {reason: int((asked.invitations.reason == reason).sum()) for reason in ("value", "random")}
        worth = float(asked.worth[asked.invitations.reason == "value"].sum())
        told = {"run_id": asked.run_id, "invitations": by_reason, "may_be_asked": asked.may_be_asked, "left_out": asked.left_out}
        print_json({**told, "worth": worth, "chance_known": asked.chance_known, "sentence": asked.sentence, "out": out})
        return
    say(asked.sentence)
    if asked.left_out:
        print_table("Not to be asked", ("reason", "people"), asked.left_out.items())
    if out is not None:
        say(f"\nCustomers: {out}")


def _opinion(o: Opinion) -> tuple[object, ...]:
    form = "{:,.4g}" if o.answer is None else "{:.1%}"
    raw, weighted, low, high = (form.format(number) for number in (o.raw, o.weighted, o.low, o.high))
    return (o.question, o.answer or "on average", o.customers, raw, weighted, f"{low} to {high}")


@app.command()
def launch(
    run_id: RunId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, send nothing")] = False,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Deliver an approved plan; calling it again goes on where it stopped."""
    from netlift.workflow.launch import launch as run

    open_store()
    with Bars() as bars:
        sent = run(run_id, actor=user, dry_run=dry_run, display=bars)
    if as_json:
        print_json(sent)
        return
    say(sent["sentence"])
    if sent["excluded"]:
        print_table("Not contacted", ("reason", "people"), sent["excluded"].items())


@app.command()
def close(run_id: RunId, user: As = None, as_json: Json = False) -> None:
    """Measure a launched run and the past campaigns, and write the report."""
    from netlift.workflow.close import close as run

    open_store()
    with Bars() as bars:
        closed = run(run_id, actor=user, display=bars)
    if as_json:
        print_json({"run_id": closed.run_id, "report": closed.report, **_measured(closed.measurement)})
    else:
        say(f"{closed.measurement.sentence}\n\nReport: {closed.report}")


@app.command()
def measure(config: Config, as_json: Json = False) -> None:
    """Measure the lift of past campaigns from tables alone."""
    from netlift.workflow.close import measure as run

    with Bars() as bars:
        measured = run(read_settings(config), display=bars)
    if as_json:
        print_json(_measured(measured))
        return
    header = ["scope", "estimator", "evidence", "lift", "95 % interval", "customers", "sales"]
    rows: list[list[object]] = [
        [e.scope, e.estimator, e.evidence, shown(e.lift), between(e.low, e.high), e.customers, money(e.incremental_sales)]
        for e in measured.estimates
    ]
    if any(e.incremental_profit is not None for e in measured.estimates):
        header += ["profit", "low", "high", "return on spend"]
        for row, e in zip(rows, measured.estimates, strict=True):
            row += [money(e.incremental_profit), money(e.profit_low), money(e.profit_high), shown(e.return_on_spend)]
    print_table(f"Sales lift, {measured.start} to {measured.end}", header, rows)
    say(measured.sentence)


def _measured(measured: Measurement) -> dict[str, Any]:
    return {
        "estimates": measured.estimates,
        "best": measured.best,
        "sentence": measured.sentence,
        "start": measured.start,
        "end": measured.end,
    }


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    as_json: Json = False,
) -> None:
    """Open the console in your browser's reach."""
    open_store()
    _serve(host, port, as_json=as_json)


def _serve(host: str, port: int, *, as_json: bool) -> None:
    from netlift.console import serve as run

    def ready(url: str) -> None:
        """Tell where the console is, once it is there."""
        if as_json:
            print_json({"url": url})
        else:
            say(f"Console: {url} (Ctrl+C stops it)")
        sys.stdout.flush()

    run(host=host, port=port, ready=ready)
