"""The commands of experiments."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from netlift.cli.printing import Bars, Json, print_json, print_table, say
from netlift.errors import InputError

experiment_app = typer.Typer(no_args_is_help=True, help="Randomised experiments.")


class Primary(StrEnum):
    """The effect that was declared."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@experiment_app.callback()
def _experiments() -> None:
    """Keep the group a group while it has one command."""


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
            shares=_shares(share or []),
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
        shown = [(s.segment, *row) for s, row in zip(found.analysis.segments, verb.rows(comparisons), strict=True)]
        print_table("By segment", ("segment", "metric", "arm", *header), shown)
    ratio = found.analysis.sample_ratio
    verdict = "as planned" if ratio.ok else "NOT as planned"
    say(f"Sizes of the arms: {verdict} (p = {ratio.p_value:.3g}; a shift of {ratio.found_from:.1%} of all customers would be found).")
    for warning in found.warnings:
        say(f"Mind: {warning}")


def _shares(given: list[str]) -> dict[str, float] | None:
    """ARM=SHARE as numbers."""
    shares: dict[str, float] = {}
    for text in given:
        arm, sign, number = text.rpartition("=")
        try:
            shares[arm] = float(number)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(f"--share '{text}' is not of the form ARM=SHARE, such as control=0.5; correct it.")
    return shares or None
