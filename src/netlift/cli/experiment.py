"""The commands of experiments: how large, who is in which arm, what the plan would have said of the past, and what came out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from netlift.cli.printing import As, Bars, Json, print_json, print_table, say
from netlift.errors import InputError

experiment_app = typer.Typer(no_args_is_help=True, help="Experiments: size them, draw their arms, try them on the past, compare the arms.")

SHOWN = 20  # strata, on the terminal

File = Annotated[Path, typer.Argument(metavar="FILE", help="one row per customer: CSV, CSV.GZ, Parquet, JSON lines")]
Customer = Annotated[str, typer.Option(metavar="COL", help="the customers' ids")]
Arms = Annotated[list[str], typer.Option("--arm", metavar="NAME=SHARE", help="an arm and its share of the customers; once for each arm")]
Holdout = Annotated[float, typer.Option(metavar="SHARE", help="share that gets nothing")]
Alpha = Annotated[float, typer.Option(help="two-sided level of all comparisons together")]


class Primary(StrEnum):
    """The effect that was declared."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@experiment_app.command()
def power(  # noqa: PLR0913, PLR0917 - each is a question to the user
    metric: Annotated[str, typer.Option(help="mean, proportion, ratio or revenue")],
    baseline: Annotated[float | None, typer.Option(help="mean, rate or ratio today")] = None,
    effect: Annotated[str | None, typer.Option(help="difference worth finding, in the metric's unit, or e.g. 5% of the baseline")] = None,
    customers: Annotated[int | None, typer.Option(help="in the whole test: then power or smallest effect is told")] = None,
    sd: Annotated[float | None, typer.Option(help="standard deviation of one customer's metric")] = None,
    skewness: Annotated[float, typer.Option(help="of revenue: third central moment over sd cubed")] = 0.0,
    arms: Annotated[int, typer.Option(help="with the control")] = 2,
    share: Annotated[float | None, typer.Option(help="the control's share; default: all arms equal")] = None,
    power: Annotated[float, typer.Option(help="probability to find the effect")] = 0.8,
    alpha: Alpha = 0.05,
    correction: Annotated[str, typer.Option(help="several arms: dunnett or bonferroni")] = "dunnett",
    weekly: Annotated[float | None, typer.Option(help="customers who come into the test a week")] = None,
    cluster_size: Annotated[float, typer.Option(help="mean customers drawn together")] = 1,
    cluster_cv: Annotated[float, typer.Option(help="standard deviation of these sizes over their mean")] = 0,
    icc: Annotated[float, typer.Option(help="intraclass correlation")] = 0,
    covariate_correlation: Annotated[float, typer.Option(help="of the metric and its value before (CUPED)")] = 0,
    always_valid: Annotated[bool, typer.Option("--always-valid", help="the result may be read at any time")] = False,
    from_file: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="past values, one row per customer")] = None,
    column: Annotated[str | None, typer.Option(metavar="COL", help="in FILE: the metric")] = None,
    per: Annotated[str | None, typer.Option(metavar="COL", help="in FILE: what a ratio is divided by")] = None,
    as_json: Json = False,
) -> None:
    """Tell how many customers a test needs; with --customers, what it would find."""
    from netlift.experiments import Design
    from netlift.workflow import experiment_power as verb

    if correction not in {"dunnett", "bonferroni"}:
        raise InputError(f"The correction is '{correction}'; it must be dunnett or bonferroni.")
    if from_file is None and baseline is None:
        raise InputError("The baseline is missing; give --baseline, or past values with --from FILE --column COL.")
    design = Design(
        verb.metric(metric, baseline=baseline or 0.0, sd=1.0 if from_file and sd is None else sd, skewness=skewness),
        arms=arms,
        control_share=share,
        alpha=alpha,
        correction="dunnett" if correction == "dunnett" else "bonferroni",
        cluster_size=cluster_size,
        cluster_cv=cluster_cv,
        icc=icc,
        covariate_correlation=covariate_correlation,
        always_valid=always_valid,
    )
    if from_file is None:
        found = verb.experiment_power(design, effect=effect, customers=customers, power=power, weekly=weekly)
    else:
        if column is None or baseline is not None or sd is not None:
            raise InputError(
                "--from FILE needs --column COL and takes baseline and standard deviation from it; leave --baseline and --sd away."
            )
        found = verb.experiment_power_from(
            from_file, design, column=column, per=per, effect=effect, customers=customers, power=power, weekly=weekly
        )
    if as_json:
        print_json(verb.facts(found))
        return
    for text in verb.sentences(found):
        say(text)


@experiment_app.command()
def holdout(
    customers: Annotated[int, typer.Option(help="of the campaign that is measured")],
    horizon: Annotated[float, typer.Option(help="contacts afterwards that the result decides about")],
    profit: Annotated[float, typer.Option(help="expected profit per contact; money")],
    uncertainty: Annotated[float, typer.Option(help="standard deviation of that expectation; money")],
    sd: Annotated[float, typer.Option(help="standard deviation of one customer's profit; money")],
    as_json: Json = False,
) -> None:
    """Tell the holdout that pays most: the value of knowing the effect less the sales forgone."""
    from netlift.experiments import Prospect
    from netlift.workflow.experiment_power import experiment_holdout

    best, curve = experiment_holdout(Prospect(customers, horizon, profit, uncertainty, sd))
    if as_json:
        print_json({"best": best, "curve": curve})
        return
    if best.share == 0:
        say("No holdout pays: what would be learnt is worth less than the sales forgone.")
    else:
        say(
            f"Holding out {100 * best.share:.2f} % pays most: knowing the effect is worth {best.knowing:,.2f}, the sales forgone are "
            f"{best.forgone:,.2f}, the net is {best.net:,.2f}."
        )
    rows = [(f"{100 * v.share:.3g} %", f"{v.knowing:,.2f}", f"{v.forgone:,.2f}", f"{v.net:,.2f}") for v in curve[::8]]
    print_table("What a holdout is worth", ("held out", "knowing", "sales forgone", "net"), rows)


@experiment_app.command()
def assign(  # noqa: PLR0913, PLR0917 - each is a question to the user
    file: File,
    customer: Customer,
    experiment: Annotated[str, typer.Option(metavar="NAME", help="another name is another, independent draw")],
    arm: Arms,
    out: Annotated[Path, typer.Option(metavar="FILE", help="customer, arm, reason, stratum: .parquet or .csv")],
    holdout: Holdout = 0.0,
    layer: Annotated[str | None, typer.Option(metavar="NAME", help="experiments of one layer never share a customer")] = None,
    stratify: Annotated[str, typer.Option(metavar="COL,…", help="the arms are even in each combination of these")] = "",
    universal_holdout: Annotated[
        float | None, typer.Option(metavar="SHARE", help="share that no experiment may have (default: as last put in force)")
    ] = None,
    user: As = None,
    as_json: Json = False,
) -> None:
    """Draw the arms of an experiment, the same for the same customer every time."""
    from netlift.workflow import experiment_assign as verb

    made = verb.experiment_assign(
        file,
        customer=customer,
        experiment=experiment,
        arms=shares(arm),
        holdout=holdout,
        layer=layer,
        stratify=tuple(name.strip() for name in stratify.split(",") if name.strip()),
        universal_holdout=universal_holdout,
        out=out,
        actor=user,
    )
    if as_json:
        print_json(verb.facts(made))
        return
    say(made.sentence)
    if made.excluded:
        print_table("In no arm", ("reason", "customers"), made.excluded.items())
    if len(made.balance) > 1:
        worst = sorted(made.balance[1:], key=lambda b: b.p)[:SHOWN]
        rows = [(b.stratum, *b.counts.values(), f"{b.p:.2g}", f"{100 * b.found:.1f} points") for b in worst]
        print_table(f"Strata ({len(made.balance) - 1:,}), the least even first", ("stratum", *made.counts, "p", "would be found"), rows)
    for warning in made.warnings:
        say(f"Mind: {warning}")
    say(f"\nCustomers: {out}")


@experiment_app.command()
def replay(  # noqa: PLR0913, PLR0917 - each is a question to the user
    file: File,
    customer: Customer,
    metric: Annotated[str, typer.Option(metavar="COL", help="past values, 0 for who bought nothing")],
    arm: Arms,
    holdout: Holdout = 0.0,
    before: Annotated[str | None, typer.Option(metavar="COL", help="earlier values that correct the metric (CUPED)")] = None,
    draws: Annotated[int, typer.Option(help="at least 500")] = 1000,
    seed: Annotated[int, typer.Option(help="of the draws")] = 7,
    alpha: Alpha = 0.05,
    as_json: Json = False,
) -> None:
    """Try the planned arms on the past, where nothing was done: false alarms, and the smallest effect that would be found."""
    from netlift.workflow.experiment_replay import experiment_replay, sentence

    found = experiment_replay(
        file, customer=customer, metric=metric, arms=shares(arm), holdout=holdout, before=before, draws=draws, seed=seed, alpha=alpha
    )
    if as_json:
        print_json({"draws": draws, "seed": seed, "arms": found})
        return
    for one in found:
        say(sentence(one))


def shares(given: list[str]) -> dict[str, float]:
    """NAME=SHARE, once for each arm, in order."""
    made: dict[str, float] = {}
    for text in given:
        name, mark, share = text.rpartition("=")
        try:
            number = float(share)
        except ValueError:
            mark, number = "", 0.0
        if not mark or not name:
            raise InputError(f"An arm is given as '{text}'; write NAME=SHARE, e.g. treated=0.5.")
        if name in made:
            raise InputError(f"The arm '{name}' is given twice; give each arm once.")
        made[name] = number
    return made


@experiment_app.command()
def analyse(  # noqa: PLR0913, PLR0917 - each is a question to the user
    file: Annotated[Path, typer.Argument(metavar="FILE", help="one row per customer: CSV, CSV.GZ, Parquet, JSON lines")],
    arm: Annotated[str, typer.Option(metavar="COL", help="arm of each customer, as assigned")],
    control: Annotated[str, typer.Option(metavar="VALUE", help="the arm that the others are compared with")],
    metric: Annotated[list[str], typer.Option(metavar="COL[=mean|proportion|ratio:COL]", help="what is compared; may be repeated")],
    customer: Annotated[str | None, typer.Option(metavar="COL", help="ids, if customers have several rows")] = None,
    covariate: Annotated[str | None, typer.Option(metavar="COL", help="known before the experiment: sharper by CUPED")] = None,
    segment: Annotated[str | None, typer.Option(metavar="COL", help="known before the experiment: effects of each segment")] = None,
    share: Annotated[list[str] | None, typer.Option(metavar="ARM=SHARE", help="planned share of an arm (default: all equal)")] = None,
    primary: Annotated[Primary, typer.Option(help="the effect that p and significance are of")] = Primary.ABSOLUTE,
    always_valid: Annotated[bool, typer.Option("--always-valid", help="intervals that may be read at any time")] = False,
    planned: Annotated[int | None, typer.Option(metavar="N", help="customers planned; before them results are always valid")] = None,
    as_json: Json = False,
) -> None:
    """Compare the arms of a randomised experiment, with what forbids or weakens the reading."""
    from netlift.workflow import analyse as verb

    with Bars() as bars:
        found = verb.analyse(
            file,
            arm=arm,
            control=control,
            metrics=metric,
            customer=customer,
            covariate=covariate,
            segment=segment,
            shares=shares(share or []) or None,
            primary=primary.value,
            always_valid=always_valid,
            planned=planned,
            display=bars,
        )
    if as_json:
        print_json(verb.facts(found))
        return
    adjusted = "p (adjusted)" if len(found.analysis.results) > 1 else "p"
    header = ("customers", "means", "difference", "95 % interval", "relative", "95 % interval", adjusted, "method")
    print_table(f"Against {control}", ("metric", "arm", *header), verb.rows(found.analysis.results))
    if found.analysis.segments:
        comparisons = [s.comparison for s in found.analysis.segments]
        drawn = ["–" if s.shrunk is None else f"{s.shrunk:+.4g}" for s in found.analysis.segments]
        shown = [(s.segment, *row, to) for s, row, to in zip(found.analysis.segments, verb.rows(comparisons), drawn, strict=True)]
        print_table("By segment", ("segment", "metric", "arm", *header, "shrunk"), shown)
        for s in found.analysis.segments:
            if s.comparison.reason is not None:
                say(f"Segment {s.segment}, {s.comparison.metric}, {s.comparison.arm}: {s.comparison.reason}.")
    ratio = found.analysis.sample_ratio
    verdict = "as planned" if ratio.ok else "NOT as planned"
    say(f"Sizes of the arms: {verdict} (p = {ratio.p_value:.3g}; a shift of {ratio.found_from:.1%} of all customers would be found).")
    for warning in found.warnings:
        say(f"Mind: {warning}")
