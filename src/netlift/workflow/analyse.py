"""analyse: what a randomised experiment shows, from any one table; reads only, keeps nothing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlift import sources
from netlift.engine import Engine
from netlift.errors import InputError
from netlift.measurement import arms
from netlift.measurement.arms.comparison import Comparison, Primary
from netlift.sources.numbered import ROW
from netlift.workflow import one_file, outputs
from netlift.workflow.stages import Display, Quiet, Stopwatch

CROSSED = 0.01  # share of customers in two arms above which no effect is shown
KINDS = "COL, COL=mean, COL=proportion or COL=ratio:COL"


@dataclass(frozen=True, slots=True)
class Asked:
    """The columns of the question, by the file's names."""

    arm: str
    metrics: tuple[tuple[arms.Metric, str, str | None], ...]  # metric, its column, its denominator's
    customer: str | None
    covariate: str | None
    segment: str | None

    def columns(self) -> dict[str, str]:
        """The names they get in the engine → the file's."""
        named = {"arm": self.arm, "customer": self.customer, "segment": self.segment, "x": self.covariate}
        for j, (_, column, denominator) in enumerate(self.metrics):
            named |= {f"m{j}": column, f"d{j}": denominator}
        return {name: column for name, column in named.items() if column is not None}


@dataclass(frozen=True, slots=True)
class Found:
    """The analysis, and what of the file did not take part."""

    analysis: arms.Analysis
    customers: int  # of all arms
    crossed: int  # customers in two arms or more, left out of all
    warnings: tuple[str, ...]


def analyse(  # noqa: PLR0913 - the options of one command
    file: Path | str,
    *,
    arm: str,
    control: str,
    metrics: Sequence[str],
    customer: str | None = None,
    covariate: str | None = None,
    segment: str | None = None,
    shares: Mapping[str, float] | None = None,
    primary: Primary = "absolute",
    always_valid: bool = False,
    planned: int | None = None,
    display: Display | None = None,
) -> Found:
    """Compare the arms of an experiment with its control arm.

    Args:
        file: one row per customer (CSV, CSV.GZ, Parquet, JSON lines); with `customer` also several, which are added up.
        arm: the column of the arms.
        control: the arm that all others are compared with.
        metrics: columns, each with what it is: "spend", "spend=mean", "bought=proportion", "spend=ratio:orders".
        customer: the column of ids, of those who were drawn.
        covariate: a column known before the experiment, e.g. sales of the months before (CUPED).
        segment: a column known before the experiment; effects are shown for each of its values.
        shares: planned share of each arm; None = equal.
        primary: whether significance is of the absolute or of the relative effect.
        always_valid: intervals that stay valid however often the result is read.
        planned: customers planned; a result with fewer is read by the always valid method.
        display: shown the progress.

    Raises:
        InputError: the file, a column or a value is wrong; the message says what to do.
    """
    watch = Stopwatch(display or Quiet())
    asked = Asked(arm, _metrics(metrics, covariate), customer, covariate, segment)
    plan = arms.Plan(primary, always_valid, planned)
    _check(asked, plan)
    texts = {name: "text" for name in asked.columns() if name in {"arm", "customer", "segment"}}
    settings = one_file.settings_of(Path(file), {"customer_id": ROW, **asked.columns()}, header=arm, types=texts)
    with Engine(settings.engine) as engine:
        tables = watch.run("sources", lambda p: sources.load(settings, engine, p, numbered_rows=True))
        if tables.inputs[0].rows_quarantined:
            why = " ".join(f for f in tables.inputs[0].findings if "quarantine" in f)
            raise InputError(f"{why} Leaving rows out would change the arms; mend these rows.")
        _check_values(engine, asked, tables.columns("customers"))
        return watch.run("measurement", lambda _: _measured(engine, asked, control, shares, plan))


def _metrics(given: Sequence[str], covariate: str | None) -> tuple[tuple[arms.Metric, str, str | None], ...]:
    """Columns and kinds: the text before the last '=' is the column, if what follows is a kind."""
    if not given:
        raise InputError(f"No metric is given; name one or more: {KINDS}.")
    return tuple(_metric(text, covariate) for text in given)


def _metric(text: str, covariate: str | None) -> tuple[arms.Metric, str, str | None]:
    column, sign, kind = text.rpartition("=")
    before = covariate is not None
    if not sign:
        return arms.Metric(text, covariate=before), text, None
    if kind == "mean":
        return arms.Metric(column, covariate=before), column, None
    if kind == "proportion":
        return arms.Metric(column, "proportion", covariate=before), column, None
    if kind.startswith("ratio:") and len(kind) > len("ratio:"):
        denominator = kind.removeprefix("ratio:")
        return arms.Metric(f"{column}/{denominator}", "ratio", covariate=before), column, denominator
    raise InputError(f"The metric '{text}' is not of the form {KINDS}; correct it.")


def _check(asked: Asked, plan: arms.Plan) -> None:
    by_column: dict[str, str] = {}
    roles = [("arm", asked.arm), ("customer", asked.customer), ("segment", asked.segment), ("covariate", asked.covariate)]
    roles += [(f"metric {metric.name}", column) for metric, column, _ in asked.metrics if asked.covariate != column]
    for role, column in roles:
        if column is None:
            continue
        other = by_column.setdefault(column, role)
        if other != role and not (other.startswith("metric") and role.startswith("metric")):
            raise InputError(f"The column '{column}' is given as {other} and as {role}; each needs a column of its own.")
    if any(asked.covariate in {column, denominator} for _, column, denominator in asked.metrics if asked.covariate):
        raise InputError(f"The covariate '{asked.covariate}' is a metric too; it must be something known before the experiment.")
    if plan.planned is not None and plan.planned < 2:
        raise InputError(f"The planned size is {plan.planned} customers; it must be 2 or more.")


def _check_values(engine: Engine, asked: Asked, kinds: Mapping[str, str]) -> None:
    """Raises InputError where a value is missing, is no number, or no 0 or 1 in a proportion."""
    for name, column in asked.columns().items():
        missing, rows = engine.rows(f"SELECT count(*) FILTER (WHERE {name} IS NULL), count(*) FROM customers")[0]
        number = name not in {"arm", "customer", "segment"}
        if number and kinds[name] != "number" and missing < rows:
            odd = engine.rows(
                f"SELECT count(*) FILTER (WHERE NOT coalesce(isfinite(TRY_CAST(CAST({name} AS VARCHAR) AS DOUBLE)), FALSE)) FROM customers"
            )[0][0]
            raise InputError(f"The column '{column}' is no number in {odd - missing:,} of {rows:,} rows; give a column of numbers.")
        if missing:
            advice = (
                "write 0 where a customer bought nothing" if number else "fill them in, or take out rows that were not in the experiment"
            )
            raise InputError(f"{missing:,} of {rows:,} rows have no value in '{column}'; {advice}.")
    for j, (metric, column, denominator) in enumerate(asked.metrics):
        if metric.kind == "proportion":
            odd, least, most = engine.rows(f"SELECT count(*) FILTER (WHERE m{j} NOT IN (0e0, 1e0)), min(m{j}), max(m{j}) FROM customers")[0]
            if odd:
                found = f"{odd:,} values that are neither (from {least:g} to {most:g})"
                raise InputError(
                    f"The proportion '{column}' must be 0 or 1 for each customer and has {found}; use {column}=mean for amounts."
                )
        if denominator is not None:
            odd = engine.rows(f"SELECT count(*) FILTER (WHERE d{j} < 0e0) FROM customers")[0][0]
            if odd:
                raise InputError(f"The denominator '{denominator}' of '{metric.name}' is below 0 in {odd:,} rows; it must be 0 or more.")


def _measured(engine: Engine, asked: Asked, control: str, shares: Mapping[str, float] | None, plan: arms.Plan) -> Found:
    crossed, customers, warnings = _people(engine, asked)
    units = arms.Units(_units(asked))
    metrics = [metric for metric, _, _ in asked.metrics]
    cells = arms.read_cells(engine, units, metrics)
    names = sorted({cell.arm for cell in cells})
    forbidden = None
    if crossed > CROSSED * customers:
        share = f"{crossed:,} of {customers:,} customers ({crossed / customers:.1%}) are in two arms or more"
        forbidden = f"{share}, and at most {CROSSED:.0%} may be: the assignment did not hold"
    if not names:
        raise InputError(f"All {crossed:,} customers are in two arms or more, so no arm is left; check the columns of arm and customer.")

    def fetch(metric: arms.Metric, treated: str, segment: str | None) -> arms.Values:
        place, ratio = metrics.index(metric), metric.kind == "ratio"
        return arms.read_values(engine, units, place, control=control, treated=treated, segment=segment, ratio=ratio)

    design = arms.Design(control, shares or dict.fromkeys(names, 1.0), plan, forbidden)
    made = arms.analyse(cells, metrics, design, fetch=fetch)
    return Found(made, customers, crossed, (*warnings, *made.warnings))


def _people(engine: Engine, asked: Asked) -> tuple[int, int, tuple[str, ...]]:
    """Keep one row per customer as `people`: customers in two arms, customers, and remarks on both."""
    if asked.customer is None:
        engine.keep("people", "SELECT *, 1 AS arms FROM customers")
        return 0, engine.rows("SELECT count(*) FROM people")[0][0], ()
    sums = ["min(arm) AS arm", "count(DISTINCT arm) AS arms", "count(*) AS n"]
    for j, (metric, _, denominator) in enumerate(asked.metrics):
        sums.append(f"{'max' if metric.kind == 'proportion' else 'sum'}(m{j}) AS m{j}")
        sums += [f"sum(d{j}) AS d{j}"] if denominator else []
    fixed = [name for name in ("segment", "x") if name in asked.columns()]
    sums += [f"min({name}) AS {name}, max({name}) AS {name}_last" for name in fixed]
    engine.keep("people", f"SELECT customer, {', '.join(sums)} FROM customers GROUP BY customer")
    for name in fixed:
        differing = engine.rows(f"SELECT count(*) FILTER (WHERE {name} <> {name}_last AND arms = 1) FROM people")[0][0]
        if differing:
            column = asked.columns()[name]
            raise InputError(
                f"{differing:,} customers have several values of '{column}'; give each customer one, known before the experiment."
            )
    crossed, customers, rows = engine.rows("SELECT count(*) FILTER (WHERE arms > 1), count(*), CAST(sum(n) AS BIGINT) FROM people")[0]
    told = [f"{crossed:,} of {customers:,} customers are in two arms or more and are left out of all."] if crossed else []
    told += [f"{rows:,} rows of {customers:,} customers were added up to one row each."] if rows > customers else []
    return crossed, customers, tuple(told)


def _units(asked: Asked) -> str:
    columns = [f"m{j} AS y{j}" for j in range(len(asked.metrics))]
    columns += [f"d{j}" for j, (_, _, denominator) in enumerate(asked.metrics) if denominator]
    columns += [f"x AS x{j}" for j in range(len(asked.metrics)) if asked.covariate]
    segment = "segment" if asked.segment else "''"
    return f"SELECT 'file' AS experiment, arm, {segment} AS segment, 0 AS entry_day, {', '.join(columns)} FROM people WHERE arms = 1"


def facts(found: Found) -> dict[str, Any]:
    """The analysis as JSON has it."""
    made = found.analysis
    results = [_fact(one, made.post_stratified.get((one.metric, one.arm))) for one in made.results]
    segments = [{"segment": s.segment, **_fact(s.comparison, None), "shrunk": s.shrunk} for s in made.segments]
    return {
        "results": results,
        "sample_ratio": outputs.plain(made.sample_ratio),
        "crossed": {"customers": found.crossed, "share": found.crossed / found.customers},
        "segments": segments,
        "warnings": list(found.warnings),
    }


def _fact(one: Comparison, pooled: Mapping[str, float] | None) -> dict[str, Any]:
    told = {f.name: outputs.plain(getattr(one, f.name)) for f in dataclasses.fields(one) if f.name != "warnings"}
    return told if pooled is None else {**told, "post_stratified": outputs.plain(pooled)}


def rows(found: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Comparisons for people: metric, arm, customers, means, difference, its interval, relative, its interval, p, method."""
    return [
        (
            one.metric,
            one.arm,
            f"{one.n:,} / {one.n_control:,}",
            f"{_form(one.mean)} / {_form(one.mean_control)}",
            _form(one.difference, "+.4g"),
            _form(one.low, "+.4g") + " to " + _form(one.high, "+.4g"),
            _form(one.relative_lift, "+.1%"),
            _form(one.relative_low, "+.1%") + " to " + _form(one.relative_high, "+.1%"),
            _chance(one.p_value) + ("" if one.p_adjusted is None else f" ({_chance(one.p_adjusted)})"),
            one.method or "cannot be estimated",
        )
        for one in found
    ]


def _form(value: float | None, form: str = ",.4g") -> str:
    if value is not None and math.isinf(value):
        return "no bound"
    return "–" if value is None else format(value, form)


def _chance(p: float | None) -> str:
    return "<0.0001" if p is not None and p < 0.0001 else _form(p, ".4f")
