"""The verb for one table: whom to contact, by chance to answer or, where there was a control group, by effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlift.errors import InputError, NotEnoughData
from netlift.offers import columns as encoding
from netlift.offers import policy_value, qini, response_model, uplift, what_if
from netlift.offers.columns import Column
from netlift.offers.uplift import Trial
from netlift.offers.what_if import WhatIf
from netlift.records import Accounting, Floats, Ints, Texts

DO_NOT, CONTACT = "do not contact", "contact"
NOT_INCREMENTAL = "This is response profit, not incremental profit: without a control group nobody knows who would have bought anyway."
TELLING = 0.1  # different values per customer, up to which a column that fixes the outcome is no accident


@dataclass(frozen=True, slots=True)
class Ask:
    """What the user asks of a table."""

    outcome: str
    accounting: Accounting
    arm: str | None = None  # the column that names each customer's arm
    control: str | None = None  # the value of those who were not contacted
    exclude: tuple[str, ...] = ()
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Targeting:
    """Whom to contact, one by one, and what that is worth. Money in the currency of the costs; None = does not apply.

    mode "response": a past contact of everybody, scores are chances to answer; "uplift": an experiment, scores are effects.
    Every figure comes from customers the model had not seen. Intervals are 95 %.
    """

    mode: Literal["response", "uplift"]
    accounting: Accounting
    n: int
    base_rate: float  # mean outcome (in uplift mode of the control)
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    calibration_error: float | None
    contacts: float  # people above the line
    profit: float  # of contacting them, total money
    profit_low: float
    profit_high: float
    profit_all: float  # of contacting everybody
    profit_all_low: float
    profit_all_high: float
    profit_none: float
    qini: float | None
    qini_low: float | None
    qini_high: float | None
    policy: Mapping[str, float] | None  # money per customer: value, low, high, value_all, value_none, gain, gain_low, gain_high
    learner: str
    sentence: str
    warnings: tuple[str, ...]
    what_if: WhatIf  # in uplift mode its curve is that of the arm that did best for everybody
    customer_ids: Texts  # (n,)
    score: Floats  # (n,)
    decision: Texts  # (n,) "contact", the name of an arm, or "do not contact"


def target(customer_ids: Texts, columns: Mapping[str, Column], ask: Ask) -> Targeting:
    """Score every customer out of sample and say what contacting the best is worth.

    Args:
        customer_ids: (n,).
        columns: every other column of the table, (n,) numbers with NaN or texts with None.
        ask: outcome, costs, arm.

    Raises:
        InputError: an unknown column, an outcome that is constant, missing or told by another column, an arm with one value,
            costs below 0.
        NotEnoughData: too few customers have one of the outcomes.
    """
    _check_costs(ask.accounting)
    _known((ask.outcome, *ask.exclude, *([ask.arm] if ask.arm else [])), columns)
    y = _outcome(columns[ask.outcome], ask)
    usable, remarks = encoding.usable(columns, (ask.outcome, *ask.exclude, *([ask.arm] if ask.arm else [])))
    _no_leak(usable, y, ask.outcome)
    if not usable:
        raise InputError("No column is left to learn from: all others are constant, excluded or tell single customers apart.")
    remarks += _copies(usable)
    if ask.arm is not None:
        return _by_effect(customer_ids, usable, y, columns[ask.arm], ask=ask, remarks=remarks)
    return _by_response(customer_ids, usable, y, ask=ask, remarks=remarks)


# --- what was asked ----------------------------------------------------------------------------------------------


def _check_costs(accounting: Accounting) -> None:
    if accounting.contact_cost < 0 or accounting.revenue <= 0:
        raise InputError(
            f"A contact costs {accounting.contact_cost:g} and an answer brings {accounting.revenue:g}; "
            "the cost must be 0 or more and the revenue above 0."
        )


def _known(names: Sequence[str], columns: Mapping[str, Column]) -> None:
    for name in names:
        if name not in columns:
            raise InputError(f"There is no column '{name}' in the table; its columns are {', '.join(columns)}.")


def _outcome(values: Column, ask: Ask) -> Floats:
    if values.dtype == object:
        raise InputError(f"The outcome '{ask.outcome}' is a text such as '{values[0]}'; a number is needed: 1 for an answer, 0 for none.")
    y = values.astype(float)
    missing = int(np.isnan(y).sum())
    if missing or np.isinf(y).any():
        count = missing or int(np.isinf(y).sum())
        raise InputError(f"The outcome '{ask.outcome}' is missing or infinite for {count:,} customers; fill it in or leave them out.")
    if y.min() == y.max():
        raise InputError(f"The outcome '{ask.outcome}' is {y[0]:g} for every customer, so nothing can be learnt from it.")
    if ask.arm is None and not np.isin(y, (0.0, 1.0)).all():
        odd = float(y[~np.isin(y, (0.0, 1.0))][0])
        raise InputError(f"The outcome '{ask.outcome}' holds {odd:g}; without --arm it must be 1 for an answer and 0 for none.")
    return y


def _no_leak(columns: Mapping[str, Column], y: Floats, outcome: str) -> None:
    for name, values in columns.items():
        codes = encoding.groups({name: values})
        sizes = np.bincount(codes)
        if len(sizes) > max(2, TELLING * len(y)):
            continue
        means = np.bincount(codes, weights=y) / sizes
        if np.allclose(y, means[codes], rtol=1e-12, atol=1e-12):
            raise InputError(
                f"The column '{name}' fixes the outcome '{outcome}' exactly: it is the outcome itself, or known only after it; "
                f"add --exclude {name}."
            )


def _copies(columns: Mapping[str, Column]) -> tuple[str, ...]:
    group = encoding.groups(columns)
    copies = len(group) - len(np.unique(group))
    if not copies:
        return ()
    equal = "1 customer equals" if copies == 1 else f"{copies:,} customers equal"
    return (f"{equal} another one in every column learnt from; such copies are kept together, none is scored by its twin.",)


# --- by response -------------------------------------------------------------------------------------------------


def _by_response(customer_ids: Texts, columns: Mapping[str, Column], y: Floats, *, ask: Ask, remarks: tuple[str, ...]) -> Targeting:
    answered = y.astype(np.int64)
    p = response_model.probabilities(columns, answered, seed=ask.seed)
    judged = response_model.quality(p, answered, seed=ask.seed)
    sent = response_model.campaign(p, answered, ask.accounting, seed=ask.seed)
    score = p.mean(axis=0)
    a = ask.accounting
    everybody, everybody_low, everybody_high = (len(y) * x for x in policy_value.mean(a.revenue * y - a.contact_cost))
    return Targeting(
        mode="response",
        accounting=a,
        n=len(y),
        base_rate=float(y.mean()),
        auc=judged.auc,
        auc_low=judged.auc_low,
        auc_high=judged.auc_high,
        calibration_error=judged.calibration_error,
        contacts=sent.contacts,
        profit=sent.profit,
        profit_low=sent.low,
        profit_high=sent.high,
        profit_all=everybody,
        profit_all_low=everybody_low,
        profit_all_high=everybody_high,
        profit_none=0.0,
        qini=None,
        qini_low=None,
        qini_high=None,
        policy=None,
        learner="logistic",
        sentence=_response_in_words(sent, everybody, len(y), a),
        warnings=(
            "This is response profit, not incremental profit: without a control group nobody knows who would have bought anyway.",
            *remarks,
        ),
        what_if=what_if.of_responses(p, y, a, contacts=round(sent.contacts), seed=ask.seed),
        customer_ids=customer_ids,
        score=score,
        decision=np.where(score > a.break_even, CONTACT, DO_NOT).astype(object),
    )


def _response_in_words(sent: response_model.Campaign, everybody: float, n: int, a: Accounting) -> str:
    line = f"Whoever answers with more than {100 * a.break_even:.1f} % probability pays for the contact"
    interval = f"95 % interval {_money(sent.low)} to {_money(sent.high)}"
    got = f"contacting those {sent.contacts:,.0f} of {n:,} earned {_money(sent.profit)} ({interval})"
    return f"{line}: {got} on answers the model had not seen; contacting everybody earns {_money(everybody)}, nobody 0."


def _money(amount: float) -> str:
    return f"{amount:+,.0f}".replace("-", "\N{MINUS SIGN}")


# --- by effect ---------------------------------------------------------------------------------------------------


def _by_effect(
    customer_ids: Texts, columns: Mapping[str, Column], y: Floats, arms: Column, *, ask: Ask, remarks: tuple[str, ...]
) -> Targeting:
    names, arm = _arms(arms, ask)
    a = ask.accounting
    trial = Trial(np.empty((len(y), 0)), arm, y, np.bincount(arm) / len(arm), ask.seed)
    found = uplift.effects(columns, trial)
    gamma = policy_value.money(trial, found.mu, contact_cost=a.contact_cost, revenue=a.revenue)
    shown = 1 + int(gamma[:, 1:].mean(axis=0).argmax())  # the arm that did best for everybody
    learner = _learner(found, gamma, a)
    coefficient = _order(found.by_learner[learner][:, shown - 1], found.fold, trial, shown)
    decided = policy_value.decide(found.by_learner[learner], contact_cost=a.contact_cost, revenue=a.revenue)
    worth, final = policy_value.settled(gamma, decided)
    earned, earned_low, earned_high = _above_nobody(gamma, final)
    contacted, contacted_low, contacted_high = _above_nobody(gamma, np.full(len(y), shown))
    n = len(y)
    return Targeting(
        mode="uplift",
        accounting=a,
        n=n,
        base_rate=float(y[arm == 0].mean()),
        auc=None,
        auc_low=None,
        auc_high=None,
        calibration_error=None,
        contacts=float((final > 0).sum()),
        profit=n * earned,
        profit_low=n * earned_low,
        profit_high=n * earned_high,
        profit_all=n * contacted,
        profit_all_low=n * contacted_low,
        profit_all_high=n * contacted_high,
        profit_none=0.0,
        qini=coefficient.q,
        qini_low=coefficient.low,
        qini_high=coefficient.high,
        policy={
            "value": worth.value,
            "low": worth.low,
            "high": worth.high,
            "value_all": worth.constants[shown],
            "value_none": worth.constants[0],
            "gain": worth.gain,
            "gain_low": worth.gain_low,
            "gain_high": worth.gain_high,
        },
        learner=learner,
        sentence=_effect_in_words(worth, coefficient, names, int((decided > 0).sum()), n),
        warnings=(*_doubts(trial, names), *remarks),
        what_if=what_if.of_effects(trial, found, learner, a, shown=shown, contacts=int((final > 0).sum())),
        customer_ids=customer_ids,
        score=found.by_learner[learner][:, shown - 1],
        decision=np.array([DO_NOT, *names[1:]], dtype=object)[final],
    )


def _arms(values: Column, ask: Ask) -> tuple[tuple[str, ...], Ints]:
    """Names of the arms, control first, and each customer's number, (n,)."""
    told = values if values.dtype == object else np.array([None if np.isnan(v) else f"{v:g}" for v in values.astype(float)], dtype=object)
    missing = sum(v is None for v in told)
    if missing:
        raise InputError(f"The arm '{ask.arm}' is missing for {missing:,} customers; fill it in or leave them out.")
    names = sorted(set(told))
    if ask.control is None or ask.control not in names:
        raise InputError(f"--control '{ask.control}' is not among the arms of '{ask.arm}'; they are {', '.join(map(repr, names))}.")
    if len(names) == 1:
        raise InputError(f"The arm '{ask.arm}' is '{names[0]}' for every customer; an experiment has at least two arms.")
    ordered = (ask.control, *(n for n in names if n != ask.control))
    arm = np.array([ordered.index(v) for v in told], dtype=np.int64)
    rare = int(np.bincount(arm).argmin())
    if np.bincount(arm)[rare] < qini.FEWEST:
        raise NotEnoughData(
            f"The arm '{ordered[rare]}' has {np.bincount(arm)[rare]} customers; {qini.FEWEST} are the fewest for an effect."
        )
    return ordered, arm


def _learner(found: uplift.Effects, gamma: Floats, a: Accounting) -> str:
    """The first learner, unless deciding by a later one surely earns more (paired 95 % interval of the difference above 0)."""
    taken = {
        name: gamma[np.arange(len(gamma)), policy_value.decide(effect, contact_cost=a.contact_cost, revenue=a.revenue)]
        for name, effect in found.by_learner.items()
    }
    best = next(iter(taken))
    for name, earned in taken.items():
        if policy_value.mean(earned - taken[best])[1] > 0:
            best = name
    return best


def _order(effect: Floats, fold: Ints, trial: Trial, shown: int) -> qini.Qini:
    """How well one arm's effects (n,) order its customers and the control's."""
    rows = np.flatnonzero((trial.arm == 0) | (trial.arm == shown))
    rank = qini.ranks(effect[rows], fold[rows], seed=trial.seed)
    return qini.qini(rank, (trial.arm[rows] == shown).astype(np.int64), trial.y[rows], seed=trial.seed)


def _above_nobody(gamma: Floats, arm: Ints) -> tuple[float, float, float]:
    """What a policy earns above contacting nobody, money per customer, with its 95 % interval."""
    return policy_value.mean(gamma[np.arange(len(gamma)), arm] - gamma[:, 0])


def _effect_in_words(worth: policy_value.PolicyValue, coefficient: qini.Qini, names: Sequence[str], contacted: int, n: int) -> str:
    best = worth.best_constant
    constant = "contact nobody" if best == 0 else f"give everybody '{names[best]}'"
    gain = f"{worth.gain:+.3g} a customer (95 % interval {worth.gain_low:+.3g} to {worth.gain_high:+.3g})".replace("-", "\N{MINUS SIGN}")
    order = (
        "the order by predicted effect is better than chance"
        if coefficient.found
        else "no uplift found: the order by predicted effect is not distinguishable from chance"
    )
    if worth.gain_low == worth.gain_high == 0:
        return f"Do not decide one by one, {constant}: choosing by predicted effect would do the same to everybody; {order}."
    if worth.personalise:
        return f"Decide one by one: contacting {contacted:,} of {n:,} gains {gain} over the best thing done to everybody; {order}."
    return f"Do not decide one by one, {constant}: choosing by predicted effect gains {gain} over it, which may be nothing; {order}."


def _doubts(trial: Trial, names: Sequence[str]) -> tuple[str, ...]:
    """Remarks on what the figures rest on."""
    remarks = ["The arms are taken as drawn at random: if the groups were chosen, none of these effects is one of the contact."]
    if not trial.binary and float((trial.y != 0).mean()) < 0.1:
        buyers = int((trial.y != 0).sum())
        remarks.append(
            f"Only {buyers:,} of {len(trial.y):,} customers have an outcome other than 0: few large ones decide, so read the intervals."
        )
    if len(names) > 2:
        remarks.append(
            f"Qini and score are those of the arm that did best for everybody against '{names[0]}'; the policy chooses among all arms."
        )
    return tuple(remarks)
