"""What was found, in one or two plain sentences (notes/segmentation.md 6)."""

from __future__ import annotations

from typing import Literal

from netlift.records import Accounting, Verdict
from netlift.segments.screening import Screened
from netlift.segments.structure import Structure
from netlift.segments.usefulness import ENOUGH_CONTACTED, Evidence, Money

VALLEY_SHARE = 0.5  # share of customers in segments with a valley around them, from which groups are called natural

Kind = Literal["natural", "overlapping", "constructed", "none"]


def decide(structure: Structure, *, money: Money | None, evidence: Evidence | None, asked_for: bool, circular: bool) -> Verdict:
    """Structure and usefulness of the chosen segmentation.

    `evidence` is None where no money judged it, `asked_for` says that the settings left no choice,
    `circular` that the outcome is also an input.
    """
    useful = evidence is not None and evidence.useful
    kind: Kind = "constructed" if useful or asked_for else "none"
    if structure.found:
        kind = "natural" if structure.valley_share >= VALLEY_SHARE else "overlapping"
    sentences = [_structure_in_words(structure, kind, asked_for=asked_for)]
    if money is not None and evidence is not None:
        sentences.append(money_in_words(kind, evidence, money.accounting))
        sentences += ["This figure is too good, because the inputs know the outcome."] if circular else []
    else:
        sentences.append(why_no_money(money))
    return Verdict(kind, useful, " ".join(sentences), _figures(structure, money, evidence))


def preference(chosen: Screened, steadiest: Screened, *, earned: bool) -> str:
    """Why a candidate was chosen although another is more stable; `earned` says that money chose it."""
    name, other = (f"{s.algorithm.replace('_', ' ')} with {s.k} segments" for s in (chosen, steadiest))
    more = f"The most stable was {other} ({steadiest.stability:.2f} against {chosen.stability:.2f}; 1 = always the same segments)"
    if earned:
        return f"{more}, but {name} gained most money on the customers kept for choosing."
    return (
        f"{more}, but few or fixed cuts are stable in any data: {name} was chosen, because near this number the groups stand out most "
        "from structureless copies, and it is the most stable there of those that look for groups."
    )


def _structure_in_words(structure: Structure, kind: Kind, *, asked_for: bool) -> str:
    borderline = ", borderline" if structure.borderline else ""
    bent = "; not told apart from a continuum that is bent" if structure.bent else ""
    test = f"(test against structureless copies: p = {structure.p:.3g}{borderline}{bent})"
    seen = structure.valley_share >= VALLEY_SHARE
    flat = "gaps between groups are seen, but copies without groups have them as well" if seen else "the customers form a continuum"
    why = "they were asked for by the settings" if asked_for else "the cut pays"
    return {
        "natural": f"The customers fall into groups with gaps between them {test}.",
        "overlapping": f"There is more in the data than a continuum {test}, but the segments overlap and their borders are soft.",
        "constructed": f"{flat[0].upper()}{flat[1:]}: no groups are proven {test}; the segments cut through, because {why}.",
        "none": f"No segmentation is offered: {flat}, and no groups are proven {test}.",
    }[kind]


def why_no_money(money: Money | None) -> str:
    """Why no money judges segments."""
    if money is None:
        return "Whether segments pay is not known, because there is no outcome data (past contacts and responses)."
    if not money.enough:
        return f"Whether segments pay is not known: {money.contacted} customers were ever contacted, and {ENOUGH_CONTACTED} are needed."
    return "No candidate earned more than contacting everybody or nobody."


def money_in_words(kind: Kind, evidence: Evidence, accounting: Accounting) -> str:
    """What deciding by the segments gained."""
    value, currency = evidence.value, accounting.currency
    gain = (
        f"{value.mean:.2f} {currency} a customer (95 % bounds {value.low:.2f} to {value.high:.2f}; {accounting.name})"
        " over the better of contacting everybody or nobody, on customers not used to choose"
    )
    if kind == "none":
        return f"The best candidate was not shown to be useful: deciding by it gained {gain}."
    if evidence.useful:
        return f"They are useful: contacting only the segments that pay gained {gain}."
    if value.high < 0:
        return f"They are harmful: deciding by them gained {gain}."
    return f"They are not yet shown to be useful: deciding by them gained {gain}."


def _figures(structure: Structure, money: Money | None, evidence: Evidence | None) -> dict[str, float]:
    figures = {
        "structure_z": structure.z,
        "structure_p": structure.p,
        "structure_p_cloud": structure.p_by_null["cloud"],
        "structure_p_curve": structure.p_by_null["curve"],
        "structure_k": float(structure.best_k),
        "structure_copies": float(structure.copies),
        "structure_customers": float(structure.customers),
        "valley_share": structure.valley_share,
    }
    if money is not None:
        figures |= {
            "customers_fit": float(len(money.fit)),
            "customers_choose": float(len(money.choose)),
            "customers_report": float(len(money.report)),
            "customers_never_contacted": float(len(money.never_contacted)),
        }
    if evidence is not None:
        value = evidence.value
        figures |= {"value": value.mean, "value_low": value.low, "value_high": value.high, "value_p": evidence.p}
    return figures
