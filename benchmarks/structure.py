"""How often the structure test errs: customers without groups called structured, and with groups found (notes/segmentation.md 15.1).

The rule was chosen on seeds 1 to 40 and is judged here on others, beside the one it replaced. `results/structure.md` is the same as tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest
from sklearn import config_context
from tests.segments.generators import structured, structureless
from threadpoolctl import threadpool_limits

from benchmarks import _former
from netlift.segments import structure

DEVELOPMENT = (1, 40)
WITHOUT = {kind: range(2001, 2011) for kind in ("gauss", "uniform", "t4", "lognormal", "zero-inflated", "gradient")}
WITH = {kind: range(2001, 2013) for kind in ("6sep", "4mod", "4weak", "2", "small5")}
LEVELS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
HEIGHTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
TABLES = Path(__file__).parent / "results" / "structure.md"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says of one set of customers."""

    kind: str
    p: float
    z: float


def run() -> dict[str, Any]:
    """Per size and rule the errors at the rule's level, by kind, and at other levels and heights of z."""
    with threadpool_limits(1), config_context(assume_finite=True, skip_parameter_validation=True):
        result = {
            "seeds": {"development": DEVELOPMENT, "without groups": _ends(WITHOUT), "with groups": _ends(WITH)},
            "level": structure.LEVEL,
            "1200 customers": {"rule": _judged(_rule, 1200), "former rule": _judged(_former_rule, 1200)},
            "6000 customers": {"rule": _judged(_rule, 6000)},
        }
    TABLES.write_text(tables(result), encoding="utf-8")
    return result


def _ends(seeds: Mapping[str, range]) -> dict[str, list[int]]:
    return {kind: [each[0], each[-1]] for kind, each in seeds.items()}


def _rule(X: Any, kind: str, seed: int) -> Outcome:  # noqa: ANN401 - an array
    found = structure.examine(X, seed=seed)
    return Outcome(kind, found.p, found.z)


def _former_rule(X: Any, kind: str, seed: int) -> Outcome:  # noqa: ANN401 - an array
    return Outcome(kind, *_former.examine(X, seed))


def _judged(rule: Any, n: int) -> dict[str, Any]:  # noqa: ANN401 - one of the two above
    without = [rule(structureless(kind, seed, n), kind, seed) for kind, seeds in WITHOUT.items() for seed in seeds]
    having = [rule(structured(kind, seed, n), kind, seed) for kind, seeds in WITH.items() for seed in seeds]
    return {
        "called structured": {"without groups": _rate(without), "with groups": _rate(having)},
        "by p": {f"{level:g}": [sum(o.p <= level + 1e-9 for o in outcomes) for outcomes in (without, having)] for level in LEVELS},
        "by z": {f"{height:g}": [sum(o.z >= height for o in outcomes) for outcomes in (without, having)] for height in HEIGHTS},
    }


def _rate(outcomes: list[Outcome]) -> dict[str, Any]:
    """How many were called structured, with the exact 95 % interval of the rate (Clopper and Pearson, Biometrika 26, 1934), and by kind."""
    called = [o for o in outcomes if o.p <= structure.LEVEL]
    interval = binomtest(len(called), len(outcomes)).proportion_ci()
    kinds = dict.fromkeys(o.kind for o in outcomes)
    return {
        "sets": len(outcomes),
        "called": len(called),
        "interval": [round(interval.low, 3), round(interval.high, 3)],
        "by kind": {kind: [sum(o.kind == kind for o in called), sum(o.kind == kind for o in outcomes)] for kind in kinds},
    }


def tables(result: Mapping[str, Any]) -> str:
    """The errors by kind and the whole trade-off, in Markdown."""
    rules = {f"{name}, {size}": judged for size in result if size.endswith("customers") for name, judged in result[size].items()}
    head = f"| {{}} | {' | '.join(rules)} |\n|---|{'---|' * len(rules)}"
    return "\n".join(
        [
            "Sets called structured, of those without groups and of those with groups, with the exact 95 % interval of the rate:\n",
            head.format("sets"),
            *_lines(rules),
            "\nThe trade-off: false alarms / found at other levels of p, and at heights of z:\n",
            head.format("called structured if"),
            *(
                _row(f"{by[3:]} {'≤' if by == 'by p' else '≥'} {at}", rules, by, at)
                for by in ("by p", "by z")
                for at in result_at(rules, by)
            ),
            "",
        ]
    )


def result_at(rules: Mapping[str, Any], by: str) -> list[str]:
    """The levels or heights of the trade-off."""
    return list(next(iter(rules.values()))[by])


def _lines(rules: Mapping[str, Any]) -> list[str]:
    lines = []
    for group in ("without groups", "with groups"):
        rates = [judged["called structured"][group] for judged in rules.values()]
        lines += [f"| {kind} | {' | '.join('{} of {}'.format(*r['by kind'][kind]) for r in rates)} |" for kind in rates[0]["by kind"]]
        whole = (f"**{r['called']} of {r['sets']}** ({100 * r['interval'][0]:.0f} to {100 * r['interval'][1]:.0f} %)" for r in rates)
        lines.append(f"| **{group}** | {' | '.join(whole)} |")
    return lines


def _row(name: str, rules: Mapping[str, Any], by: str, at: str) -> str:
    return f"| {name} | {' | '.join('{} / {}'.format(*judged[by][at]) for judged in rules.values())} |"
