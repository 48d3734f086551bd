"""report.html: the director's report as one file without outside addresses or scripts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from netlift.records import RESTS_ON, Opinion, ReportContent
from netlift.reports import ahead, charts, figures, summary, unusual, verdict

NAME = "report.html"
PROFILE_ROWS = 8
MISSED = 0.1  # share of all customers like whom nobody answered a question, from which it is said
FEW = 11  # people, below which no figure is shown to readers outside the team


class Interval(Protocol):
    """A record with the two ends of an interval."""

    @property
    def low(self) -> float | None:
        """The lower end."""

    @property
    def high(self) -> float | None:
        """The upper end."""


def write(content: ReportContent, folder: Path) -> Path:
    """Write the report of a run into `folder` and return its path; an older report is replaced in one step."""
    html = _environment(content.currency).get_template("report.html.jinja").render(_facts(content))
    path = folder / NAME
    draft = folder / f".{NAME}.draft"
    draft.write_text(html, encoding="utf-8")
    draft.replace(path)
    return path


def _environment(currency: str) -> Environment:
    """Jinja with the figures as filters; everything that is filled in is escaped."""
    environment = Environment(
        loader=PackageLoader("netlift.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def money(amount: float | None, *, signed: bool = False) -> str:
        return figures.money(amount, currency, signed=signed)

    def quantity(value: float, unit: str) -> str:
        return figures.quantity(value, unit, currency)

    def money_interval(figure: Interval) -> str:
        return figures.money_interval(figure.low, figure.high)

    def percent_interval(figure: Interval, *, signed: bool = False) -> str:
        return figures.percent_interval(figure.low, figure.high, signed=signed)

    environment.filters |= {
        "count": figures.count,
        "percent": figures.percent,
        "percent_interval": percent_interval,
        "money": money,
        "source": figures.source,
        "money_interval": money_interval,
        "plain": figures.plain,
        "quantity": quantity,
        "words": figures.words,
        "estimator": figures.estimator,
        "sentence": figures.sentence,
        "note_number": lambda note, notes: notes[note],
        "signed": figures.signed,
        "first_sentence": summary.first_sentence,
        "by_difference": summary.by_difference,
        "css_text": lambda text: re.sub(r"[^\w .:,-]", " ", str(text)),
    }
    environment.globals["numbered_notes"] = summary.numbered_notes
    environment.globals["rests_on"] = RESTS_ON
    environment.globals["money_between"] = figures.money_interval
    environment.tests["known"] = lambda number: number is not None and not math.isnan(number)
    return environment


def _facts(content: ReportContent) -> dict[str, Any]:
    """What the template shows beside the content itself."""
    measurement = content.measurement
    meanings = {f.name: f.meaning for f in content.features.features}
    return {
        "content": content,
        "n": len(content.features.customer_ids),
        "version": version("netlift"),
        "names": summary.segment_names(content.insight),
        "action": summary.action,
        "facts_until": summary.facts_until(content.features.as_of),
        "evidence_words": summary.EVIDENCE,
        "other_estimates": summary.other_estimates(measurement),
        "messages": summary.messages(content.deliveries),
        "review_sentence": summary.REVIEWS[content.review.verdict],
        "reasons": verdict.reasons([asdict(f) for f in content.review.findings]),
        "remedy": verdict.remedy(asdict(content.review.remedy) if content.review.remedy else None, content.currency),
        "score_parts": verdict.contributions(content.review.contributions),
        "verdict_sentence": summary.verdict_sentence(content.segmentation.verdict),
        "best": measurement.best if measurement else None,
        "naive": summary.naive_twin(measurement),
        "estimates": summary.headline_estimates(measurement),
        "audience": summary.audience_lines(content.audience.counts()),
        "contacted": summary.contacted_by_segment(content.audience),
        "headline": summary.headline(measurement.best if measurement else None),
        "cautions": summary.cautions(content),
        "remarks": summary.remarks(content),
        "own_warnings": {r.segment: summary.own_warnings(r, content) for r in content.choice.recommendations},
        "meanings": meanings,
        "advice": {r.segment: r for r in content.choice.recommendations},
        "profile_rows": PROFILE_ROWS,
        "ahead": ahead.by_segment(content),
        "opinions": [(question, list(said)) for question, said in groupby(content.insight.opinions, key=lambda o: o.question)],
        "few": FEW,
        "much_missed": MISSED,
        "hidden": _hidden(content.insight.opinions),
        "unusual": unusual.most_unusual(content.segmentation, meanings),
        "colour": charts.colour,
        "most_points": charts.MOST_POINTS,
    } | _pictures(content)


def _hidden(opinions: Sequence[Opinion]) -> list[Opinion]:
    """Answers of too few people; where that is one of a question, the next as well, else the others would give it away."""
    found: list[Opinion] = []
    for _, said in groupby(opinions, key=lambda o: o.question):
        answers = sorted((o for o in said if o.answer is not None), key=lambda o: o.customers)
        few = [o for o in answers if o.customers < FEW]
        found += answers[:2] if len(few) == 1 else few
    return found


def _pictures(content: ReportContent) -> dict[str, Markup | None]:
    """The charts as inline SVG; None where there is nothing to draw."""
    segmentation = content.segmentation
    names = summary.segment_names(content.insight)
    specs = {
        "map_picture": charts.segment_map(segmentation.x, segmentation.y, segmentation.segment, names=names, seed=content.seed or 0),
        "profit_picture": charts.profit_by_segment(content.insight.segments, currency=content.currency),
        "lift_picture": charts.lift(summary.headline_estimates(content.measurement)),
    }
    return {name: _inline(charts.svg(spec)) if spec else None for name, spec in specs.items()}


def _inline(svg: str) -> Markup:
    """A picture to stand inside HTML: no XML addresses; its text alternative is on the element around it."""
    for address in (' xmlns="http://www.w3.org/2000/svg"', ' xmlns:xlink="http://www.w3.org/1999/xlink"'):
        svg = svg.replace(address, "")
    return Markup(svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))  # noqa: S704 — made by vl-convert, which escapes text
