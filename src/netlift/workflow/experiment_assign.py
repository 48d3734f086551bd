"""experiment assign: arms of an experiment for the customers of a file, repeatable, recorded in the audit trail."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction

from netlift import experiments
from netlift.engine import Engine
from netlift.errors import InputError
from netlift.experiments import Balance, Drawn, Shares
from netlift.offers.columns import Column
from netlift.records import Texts
from netlift.store import audit, open_store, people, vault
from netlift.store.canonical import digest
from netlift.workflow import outputs, universal
from netlift.workflow.one_file import customer_columns, customer_table, harmless

ACT = "experiment assign"
FEWEST_IN_STRATUM = 10  # customers on average; finer strata hold hardly anybody of a small arm


@dataclass(frozen=True, slots=True)
class ExperimentArms:
    """Who is in which arm; (n,) in the order of the ids."""

    experiment: str
    layer: str | None
    interval: tuple[float, float] | None  # of the layer's line
    shares: Mapping[str, float]
    universal_holdout: float
    counts: Mapping[str, int]
    excluded: Mapping[str, int]  # customers by reason
    balance: tuple[Balance, ...]  # everybody first, then the strata
    again: bool  # the experiment was assigned before, in the same way
    warnings: tuple[str, ...]
    customer_ids: Texts
    arm: Texts  # None = in no arm
    reason: Texts
    stratum: Texts | None

    @property
    def sentence(self) -> str:
        """What was assigned and whether the arms have their sizes."""
        arms = ", ".join(f"{name} {n:,}" for name, n in self.counts.items())
        whole = self.balance[0]
        right = "are not of the sizes planned" if whole.mismatch else "have the sizes planned"
        out = f" {sum(self.excluded.values()):,} customers are in no arm." if self.excluded else ""
        return (
            f"Experiment '{self.experiment}': {arms}.{out} The arms {right} (p = {whole.p:.2g}); a share "
            f"{100 * whole.found:.1f} points off would have been found."
        )


def experiment_assign(  # noqa: PLR0913 - the options of one command
    file: Path | str,
    *,
    customer: str,
    experiment: str,
    arms: Mapping[str, float],
    holdout: float = 0.0,
    layer: str | None = None,
    stratify: Sequence[str] = (),
    universal_holdout: float | None = None,
    out: Path | None = None,
    actor: str | None = None,
) -> ExperimentArms:
    """Draw the arms of an experiment for the customers of a file and record it in the audit trail.

    By the hash alone a customer has the same arm in every file and on every machine with this store's key. With `stratify` the arms
    are even in each stratum, and depend on who else is in the file: the file that was written stands.

    Args:
        file: one row per customer: CSV, CSV.GZ, Parquet, JSON lines.
        customer: the column of ids.
        experiment: its name; another name is another, independent draw.
        arms: share of each arm.
        holdout: share that gets nothing.
        layer: experiments of one layer never share a customer.
        stratify: columns in whose every combination the arms are even.
        universal_holdout: share that no experiment may have; default: as last put in force, by `prepare` or here.
        out: file for customer, arm, reason and stratum: CSV where its name ends in .csv, else Parquet.
        actor: who assigns; by default NETLIFT_USER, else the account of the operating system.

    Raises:
        InputError: the file, a name or a share is wrong, the experiment was assigned otherwise before, or its layer is full.
        NotEnoughData: an arm would be empty.
        Refused: the actor may not assign.
    """
    experiment, layer = _written(experiment), None if layer is None else _written(layer)
    shares = experiments.planned(experiment, {_written(name): s for name, s in arms.items()}, holdout=holdout)
    _check_plan(universal_holdout, layer, out, file=Path(file))
    open_store()
    who = people.acting(actor)
    people.require(who, ("author", "analyst"), "assign an experiment")
    share = universal.grown(universal_holdout or 0.0)
    if universal_holdout is not None and share > universal_holdout:
        raise InputError(
            f"The universal holdout in force is {share:g} and {universal_holdout:g} is asked for; it can only grow, so leave it away."
        )
    with customer_table(file, customer) as (engine, tables):
        ids, columns = customer_columns(engine, tables, stratify, file=Path(file).name)
        drawn = _draw(engine, experiment, layer, universal_share=share)
    refused = tuple(f for f in tables.inputs[0].findings if "quarantine" in f)
    stratum = _strata(columns, stratify, len(ids))
    design = {
        "experiment": experiment,
        "arms": [f"{name}={s!r}" for name, s in shares.of.items()],
        "stratify": [_written(name) for name in stratify],
        "layer": layer or "",
    }
    if stratum is not None:
        people_of = [[i, s] for i, s in zip(ids.tolist(), stratum.tolist(), strict=True)]
        design["customers"] = digest([["universal holdout", repr(share)], *people_of])
    with transaction.atomic():
        before = audit.acts(ACT)
        interval, again = _place(design, shares, before)
        arm, reason = experiments.drawn_arms(
            drawn, shares, universal=share, interval=interval, stratum=stratum, start=f"{vault.salt()}:{experiment}"
        )
        counts = experiments.check_filled(arm, shares)
        told = {"interval": [repr(edge) for edge in interval or ()], "universal_holdout": repr(share), "counts": counts}
        universal.keep(share, actor=who)
        audit.record(ACT, actor=who, details={**design, **told})
        inside = np.array([a is not None for a in arm], dtype=bool)
        strata = np.full(len(ids), "", dtype=object) if stratum is None else stratum
        made = ExperimentArms(
            experiment=experiment,
            layer=layer,
            interval=interval,
            shares=shares.of,
            universal_holdout=share,
            counts=counts,
            excluded=dict(Counter(r for r in reason if r is not None).most_common()),
            balance=experiments.balance(arm[inside], strata[inside], shares.of),
            again=again,
            warnings=(*refused, *_left(before, experiment, share)),
            customer_ids=ids,
            arm=arm,
            reason=reason,
            stratum=stratum,
        )
        if out is not None:  # inside: an experiment whose file cannot be written was not assigned
            _write(made, out)
    return made


def _written(name: str) -> str:
    """A name as the audit trail writes it, so that it is the same one however it was typed."""
    return unicodedata.normalize("NFC", name)


def _left(before: Sequence[Mapping[str, Any]], experiment: str, share: float) -> tuple[str, ...]:
    """A remark where the universal holdout grew since the experiment was assigned first."""
    then = next((float(act["universal_holdout"]) for act in before if act["experiment"] == experiment), share)
    if then == share:
        return ()
    return (f"The universal holdout grew from {then:g} to {share:g} since this experiment began: its new members left their arms.",)


def _check_plan(universal_holdout: float | None, layer: str | None, out: Path | None, *, file: Path) -> None:
    if out is not None and out.resolve() == file.resolve():
        raise InputError(f"--out '{out}' is the file of the customers and would be replaced; name another file.")
    if universal_holdout is not None and not 0 <= universal_holdout < 1:
        raise InputError(f"The universal holdout is {universal_holdout:g}; give a share from 0 up to, but not, 1.")
    if layer is not None and (not layer or ":" in layer):
        raise InputError(f"The layer is named '{layer}'; give a name of at least one character and without ':'.")
    if out is not None and not out.absolute().parent.is_dir():
        raise InputError(f"--out '{out}' cannot be written: there is no folder '{out.parent}'; name a file in a folder that is there.")


def _draw(engine: Engine, experiment: str, layer: str | None, *, universal_share: float) -> Drawn:
    def draw(name: str) -> Any:  # noqa: ANN401 - (n,) in the order of the ids
        return experiments.draw(engine, salt=vault.salt(), experiment=name, of="customers")

    return Drawn(
        experiment=draw(experiment),
        universal=draw(experiments.UNIVERSAL) if universal_share else None,
        layer=None if layer is None else draw(f"layer {layer}"),
    )


def _strata(columns: Mapping[str, Column], stratify: Sequence[str], n: int) -> Texts | None:
    """The combination of values of each customer, (n,), as text."""
    if not stratify:
        return None
    parts = [[_shown(value) for value in columns[name].tolist()] for name in stratify]
    stratum: Texts = np.array([" | ".join(values) for values in zip(*parts, strict=True)], dtype=object)
    number = len(set(stratum.tolist()))
    if number > max(1, n // FEWEST_IN_STRATUM):
        raise InputError(
            f"{', '.join(stratify)} make {number:,} strata of {n:,} customers, fewer than {FEWEST_IN_STRATUM} customers in each; "
            "cut the columns into bands or name fewer."
        )
    return stratum


def _shown(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - a missing number
        return "missing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _place(design: Mapping[str, Any], shares: Shares, before: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float] | None, bool]:
    """The experiment's interval in its layer, and whether it was assigned before in the same way.

    Raises:
        InputError: it was assigned otherwise, or the layer has too little left.
    """
    name, layer = design["experiment"], design["layer"]
    earlier = [act for act in before if act["experiment"] == name]
    if earlier:
        _check_same(design, earlier[-1])
        edges = [float(edge) for edge in earlier[-1]["interval"]]
        return ((edges[0], edges[1]) if edges else None), True
    if not layer:
        return None, False
    low = max((float(act["interval"][1]) for act in before if act["layer"] == layer), default=0.0)
    high = round(low + shares.total, 12)
    if high > 1:
        raise InputError(
            f"The layer '{layer}' has a share of {max(1 - low, 0):g} left, and '{name}' takes {shares.total:g}; make its shares smaller or "
            "name another layer."
        )
    return (low, high), False


def _check_same(design: Mapping[str, Any], earlier: Mapping[str, Any]) -> None:
    name = design["experiment"]
    for key, what in (("arms", "the arms"), ("layer", "the layer"), ("stratify", "the strata")):
        if design[key] != earlier[key]:
            raise InputError(
                f"The experiment '{name}' was assigned before with {what} {_words(earlier[key])} and now has {_words(design[key])}; people "
                "would change arms, so keep it or give the experiment another name."
            )
    if design.get("customers") != earlier.get("customers"):
        raise InputError(
            f"The experiment '{name}' was assigned by strata to other customers before, and strata move people when customers are added; "
            "use the file written then, or give the experiment another name."
        )


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) and value else f"'{value or 'none'}'"


def _write(made: ExperimentArms, out: Path) -> None:
    nothing = pa.nulls(len(made.customer_ids), pa.string())
    table = pa.table(
        {
            "customer": pa.array(made.customer_ids, pa.string()),
            "arm": pa.array(made.arm, pa.string()),
            "reason": pa.array(made.reason, pa.string()),
            "stratum": nothing if made.stratum is None else pa.array(made.stratum, pa.string()),
        }
    )
    if out.suffix == ".csv":
        table, _ = harmless(table, ("customer", "arm", "stratum"))
    outputs.write_table(table, out)


def facts(made: ExperimentArms) -> dict[str, Any]:
    """The figures without the customers, as JSON has them."""
    hidden = {"customer_ids", "arm", "reason", "stratum"}
    told = {name: outputs.plain(getattr(made, name)) for name in made.__dataclass_fields__ if name not in hidden}
    return {**told, "sentence": made.sentence}
