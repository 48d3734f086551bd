"""experiment replay: the planned arms over past data, where every effect found is a false alarm; reads only, keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from netlift import experiments
from netlift.errors import InputError
from netlift.experiments import Replay
from netlift.records import Floats
from netlift.workflow.one_file import customer_columns, customer_table


def experiment_replay(  # noqa: PLR0913 - the options of one command
    file: Path | str,
    *,
    customer: str,
    metric: str,
    arms: Mapping[str, float],
    holdout: float = 0.0,
    before: str | None = None,
    draws: int = 1000,
    seed: int = 7,
    alpha: float = 0.05,
) -> tuple[Replay, ...]:
    """Draw the planned arms many times over past customers and tell the false alarms and the smallest effect found.

    Args:
        file: one row per customer: CSV, CSV.GZ, Parquet, JSON lines.
        customer: the column of ids.
        metric: the column of past values, 0 for who bought nothing.
        arms: share of each arm.
        holdout: share that gets nothing; the others are compared with it, without it with the first arm.
        before: a column of earlier values that corrects the metric (CUPED).
        draws: at least 500.
        seed: of the draws.
        alpha: two-sided level of all comparisons.

    Raises:
        InputError: the file, a column or a share is wrong.
        NotEnoughData: an arm would have fewer than two customers, or all values are alike.
    """
    shares = experiments.planned("replay", arms, holdout=holdout)
    if not 0 < alpha < 1:
        raise InputError(f"The level alpha is {alpha:g}; it must lie between 0 and 1, and is mostly 0.05.")
    names = [metric] if before is None else [metric, before]
    with customer_table(file, customer) as (engine, tables):
        _, columns = customer_columns(engine, tables, names, file=Path(file).name)
    found = [numbers(columns[name], name) for name in names]
    return experiments.replay(found[0], shares, before=found[1] if before else None, draws=draws, seed=seed, alpha=alpha)


def numbers(column: Floats | object, name: str) -> Floats:
    """A column as numbers.

    Raises:
        InputError: it holds texts, or misses values.
    """
    if not isinstance(column, np.ndarray) or column.dtype == object:
        raise InputError(f"The column '{name}' holds texts, and numbers are needed; name another column.")
    missing = int(np.sum(~np.isfinite(column)))
    if missing:
        raise InputError(f"{missing:,} of {len(column):,} customers have no number in '{name}'; fill in 0 or leave those customers out.")
    return np.asarray(column, dtype=np.float64)


def sentence(found: Replay) -> str:
    """What the replay says, for people."""
    rate = f"{100 * found.false_alarms:.1f} % of the draws (95 % interval {100 * found.low:.1f} to {100 * found.high:.1f} %)"
    if found.test == "permutation":
        verdict = (
            f"A few large values weigh too much for these arms (skewness {found.skewness:+.2f}): use the permutation test, a larger "
            "control, or whether people bought."
        )
    elif found.low <= found.level <= found.high:
        verdict = "That is the level planned."
    else:
        verdict = f"The level planned is {100 * found.level:.1f} %, so this test is not right for these data."
    share = "" if found.mde_relative is None else f" ({100 * found.mde_relative:.1f} % of the mean)"
    test = "the permutation test" if found.test == "permutation" else "this test"
    return (
        f"{found.arm} against {found.control} ({found.n_arm:,} and {found.n_control:,} customers): Welch's test finds an effect that is "
        f"not there in {rate}. {verdict} A gain of {found.mde:,.4g} a customer{share} would be found by {test} in 80 % of cases."
    )
