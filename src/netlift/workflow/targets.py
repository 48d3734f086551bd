"""targets: whom to contact, from any one table; reads only, keeps nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from netlift import offers
from netlift.errors import InputError
from netlift.offers.targeting import Targeting
from netlift.records import Accounting
from netlift.workflow import one_file, outputs
from netlift.workflow.stages import Display, Quiet, Stopwatch

PEOPLE = {"customer_ids", "score", "decision"}


def targets(  # noqa: PLR0913 - the options of one command
    file: Path | str,
    *,
    customer: str,
    outcome: str,
    contact_cost: float,
    revenue: float,
    arm: str | None = None,
    control: str | None = None,
    exclude: Sequence[str] = (),
    display: Display | None = None,
) -> Targeting:
    """Score the customers of a file (CSV, CSV.GZ, Parquet, JSON lines) and say whom to contact for profit.

    Args:
        file: one row per customer.
        customer: the column of ids; never a feature.
        outcome: 1 for an answer and 0 for none; with `arm` also money or a count.
        contact_cost: money per contact.
        revenue: money per answer (per unit of the outcome).
        arm: the column that names each customer's arm of a past experiment; without it scores are chances to answer.
        control: its value for customers who were not contacted.
        exclude: columns that may not be learnt from, e.g. what is known only after the outcome.
        display: shown the progress.

    Raises:
        InputError: the file, a column or a figure is wrong; the message says what to do.
    """
    watch = Stopwatch(display or Quiet())
    if customer in {outcome, arm, *exclude}:
        raise InputError(f"'{customer}' is the customers' id, which is never learnt from; outcome, arm and exclude must be other columns.")
    with one_file.customer_table(file, customer, display) as (engine, tables):
        ids, columns, dated = one_file.columns_of(engine, tables.columns("customers"))
    ask = offers.Ask(outcome, Accounting(Path(file).name, contact_cost, revenue, ""), arm, control, tuple(exclude))
    found = watch.run("offers", lambda _: offers.target(ids, columns, ask))
    refused = [f for f in tables.inputs[0].findings if "quarantine" in f]
    return dataclasses.replace(found, warnings=(*found.warnings, *dated, *refused))


def write_targets(found: Targeting, path: Path) -> int:
    """Write customer, score and decision of every customer: Parquet, or CSV where the name ends in .csv.

    In CSV, an id or arm that a spreadsheet would run as a formula gets a quote before it (ASVS 1.2.10); returns how many did.
    """
    table = pa.table({"customer": pa.array(found.customer_ids), "score": pa.array(found.score), "decision": pa.array(found.decision)})
    changed = 0
    try:
        if path.suffix == ".csv":
            table, changed = one_file.harmless(table, ("customer", "decision"))
            pa_csv.write_csv(table, path)
        else:
            pq.write_table(table, path)
    except OSError as error:
        raise InputError(f"--out '{path}' cannot be written ({error.strerror or error}); name another file.") from error
    return changed


def facts(found: Targeting) -> dict[str, Any]:
    """The figures without the customers, as JSON has them."""
    told: dict[str, Any] = {f.name: outputs.plain(getattr(found, f.name)) for f in dataclasses.fields(found) if f.name not in PEOPLE}
    return {**told, "break_even": found.accounting.break_even}


def rows(found: Targeting) -> list[tuple[str, str, str]]:
    """The figures for people: name, value, interval."""
    figures: list[tuple[str, str, tuple[float | None, ...]]] = [
        ("customers", ",.0f", (found.n,)),
        ("break-even", ".3g", (found.accounting.break_even,)),
        ("mean outcome", ".4g", (found.base_rate,)),
        ("AUC", ".3f", (found.auc, found.auc_low, found.auc_high)),
        ("calibration error", ".3f", (found.calibration_error,)),
        ("Qini per 1,000 customers", ".3g", tuple(None if q is None else 1000 * q for q in (found.qini, found.qini_low, found.qini_high))),
        ("contacts", ",.0f", (found.contacts,)),
        ("profit", ",.0f", (found.profit, found.profit_low, found.profit_high)),
        ("profit of contacting everybody", ",.0f", (found.profit_all, found.profit_all_low, found.profit_all_high)),
    ]
    return [
        (name, format(values[0], form), " to ".join(format(v, form) for v in values[1:] if v is not None))
        for name, form, values in figures
        if values[0] is not None
    ]


def curve_rows(found: Targeting) -> list[tuple[str, str, str, str, str]]:
    """The profit curve for people, every second depth: share, contacts, profit, its interval, and what the last of them brought."""
    return [
        (f"{100 * d.share:.0f} %", f"{d.contacts:,}", f"{d.profit:,.0f}", f"{d.low:,.0f} to {d.high:,.0f}", f"{d.last:+.3g}")
        for d in found.what_if.curve
        if round(100 * d.share) % 10 == 0
    ]


def cost_rows(found: Targeting) -> list[tuple[str, str, str, str, str, str]]:
    """Other costs and revenues for people, as now first."""
    return [
        (
            f"{c.contact_cost:g}",
            f"{c.revenue:g}",
            f"{c.break_even:.3g}",
            f"{c.contacts:,.0f}",
            f"{c.profit:,.0f}",
            f"{c.low:,.0f} to {c.high:,.0f}",
        )
        for c in found.what_if.costs
    ]


def one_more(found: Targeting) -> str:
    """What contacting one more person brings, in a sentence."""
    more = found.what_if.one_more
    if more is None:
        return "Everybody is contacted, so there is nobody left to contact."
    interval = f"95 % interval {more.low:+.3g} to {more.high:+.3g}"
    return f"The next {more.people:,} people after those contacted bring {more.per_contact:+.3g} per contact ({interval})."
