"""Vega-Lite specifications as plain dictionaries, and their pictures.

Colours are told apart by people with colour-blindness (Paul Tol's "muted" scheme and grey), and colour never stands
alone: every segment has its number on the map and a shape of its own. Wherever a chart is shown, a table shows the same.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import vl_convert

from netlift.records import Estimate, Floats, Ints, Segment
from netlift.reports.figures import estimator

Spec = dict[str, Any]

COLOURS = ("#332288", "#cc6677", "#117733", "#ddcc77", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#777777")
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
INK = "#1f2933"
MOST_POINTS = 5000
WIDTH = 480

_CONFIG: Spec = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 13, "titleFontSize": 13, "labelColor": INK, "titleColor": INK, "labelLimit": 230, "gridColor": "#e3e6ea"},
    "legend": {"labelFontSize": 13, "labelColor": INK, "labelLimit": 460, "symbolSize": 90, "symbolOpacity": 1},
}


def colour(segment: int) -> str:
    """The colour of a segment (1, 2, …); 0, everybody, has the last one."""
    return COLOURS[(segment - 1) % len(COLOURS)]


def sample(n: int, seed: int) -> Ints:
    """Rows shown on a map of n customers: all, or 5,000 drawn with the seed; sorted, shape (min(n, 5000),)."""
    if n <= MOST_POINTS:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_POINTS, replace=False)).astype(np.int64)


def segment_map(x: Floats, y: Floats, segment: Ints, *, names: Mapping[int, str], seed: int) -> Spec:
    """The 2-D map: a dot per customer (at most 5,000), a number at each segment's middle, a legend with counts.

    `x`, `y` and `segment` have shape (n,); `names` gives every segment's name, 0 being everybody. The middle is the
    median place of all customers of a segment, drawn or not.
    """
    numbers, sizes = np.unique(segment, return_counts=True)
    labels = {int(s): f"{_title(int(s), names)} ({size:,})" for s, size in zip(numbers, sizes, strict=True)}
    dots = [{"x": round(float(x[i]), 3), "y": round(float(y[i]), 3), "segment": labels[int(segment[i])]} for i in sample(len(x), seed)]
    middles = [{"x": float(np.median(x[segment == s])), "y": float(np.median(y[segment == s])), "number": str(s)} for s in labels if s != 0]
    key = {"orient": "bottom", "columns": 1, "title": None}
    place = {c: {"field": c, "type": "quantitative", "axis": None, "scale": {"zero": False}} for c in ("x", "y")}
    domain = list(labels.values())
    return {
        "width": WIDTH,
        "height": 360,
        "config": _CONFIG,
        "layer": [
            {
                "data": {"values": dots},
                "mark": {"type": "point", "filled": True, "size": 16, "opacity": 0.6, "aria": False},
                "encoding": place
                | {
                    "color": {"field": "segment", "scale": {"domain": domain, "range": [colour(s) for s in labels]}, "legend": key},
                    "shape": {"field": "segment", "scale": {"domain": domain, "range": [SHAPES[(s - 1) % len(SHAPES)] for s in labels]}},
                },
            },
            *(_numeral(middles, place, ink) for ink in ("halo", "ink") if middles),
        ],
    }


def profit_by_segment(segments: Sequence[Segment], *, currency: str) -> Spec | None:
    """Profit per past contact with its 95 % interval, a bar per segment; None where no segment has a profit."""
    bars = [
        {"segment": textwrap.fill(f"{s.segment} {s.name}", 32), "profit": s.profit.per_contact, "low": s.profit.low, "high": s.profit.high}
        for s in segments
        if s.profit is not None
    ]
    if not bars:
        return None
    lines = {"title": None, "labelExpr": "split(datum.label, '\\n')"}
    rows = {"field": "segment", "type": "nominal", "sort": None, "axis": lines}
    title = f"profit per contact, {currency}"
    return {
        "width": WIDTH - 200,
        "height": {"step": 40},
        "config": _CONFIG,
        "data": {"values": bars},
        "layer": [
            {
                "mark": {"type": "bar", "height": 18},
                "encoding": {
                    "y": rows,
                    "x": {"field": "profit", "type": "quantitative", "axis": {"title": title, "tickCount": 5}},
                    "color": {"condition": {"test": "datum.profit < 0", "value": "#cc6677"}, "value": "#117733"},
                },
            },
            _interval(rows, "low", "high"),
            {"mark": {"type": "rule", "color": INK}, "encoding": {"x": {"datum": 0}}},
        ],
    }


def lift(estimates: Sequence[Estimate]) -> Spec | None:
    """Lift in percent with its 95 % interval, a row per estimate; naive ones are hollow. None where nothing is estimated."""
    rows = [
        {
            "estimate": estimator(e.estimator),
            "lift": 100 * e.lift,
            "low": None if e.low is None else 100 * e.low,
            "high": None if e.high is None else 100 * e.high,
            "kind": "naive: do not use" if e.evidence == "naive" else "adjusted or randomised",
        }
        for e in estimates
        if e.lift is not None
    ]
    if not rows:
        return None
    place = {"field": "estimate", "type": "nominal", "sort": None, "axis": {"title": None}}
    kinds = ["adjusted or randomised", "naive: do not use"]
    return {
        "width": WIDTH - 200,
        "height": {"step": 30},
        "config": _CONFIG,
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "rule", "color": INK, "strokeDash": [3, 3]}, "encoding": {"x": {"datum": 0}}},
            _interval(place, "low", "high"),
            {
                "mark": {"type": "point", "size": 110, "opacity": 1, "strokeWidth": 2},
                "encoding": {
                    "y": place,
                    "x": {"field": "lift", "type": "quantitative", "axis": {"title": "change in sales, %", "tickCount": 6}},
                    "color": {
                        "field": "kind",
                        "scale": {"domain": kinds, "range": ["#332288", "#cc6677"]},
                        "legend": {"title": None, "orient": "bottom"},
                    },
                    "fill": {"field": "kind", "scale": {"domain": kinds, "range": ["#332288", "#ffffff"]}},
                    "shape": {"field": "kind", "scale": {"domain": kinds, "range": ["circle", "diamond"]}},
                },
            },
        ],
    }


def svg(spec: Spec) -> str:
    """The picture of a specification, coordinates to a hundredth of a pixel."""
    picture: str = vl_convert.vegalite_to_svg(spec)
    return re.sub(r"(\d\.\d\d)\d+", r"\1", picture)


def _title(segment: int, names: Mapping[int, str]) -> str:
    return f"{segment} {names[segment]}" if segment else names.get(0, "Everybody")


def _numeral(middles: list[Spec], place: Spec, ink: str) -> Spec:
    """A segment's number at its middle; drawn twice, first as a white halo."""
    mark = {"type": "text", "fontSize": 20, "fontWeight": "bold", "aria": False}
    mark |= {"color": "white", "stroke": "white", "strokeWidth": 5} if ink == "halo" else {"color": INK}
    return {"data": {"values": middles}, "mark": mark, "encoding": place | {"text": {"field": "number"}}}


def _interval(rows: Spec, low: str, high: str) -> Spec:
    mark = {"type": "rule", "color": INK, "strokeWidth": 2}
    return {"mark": mark, "encoding": {"y": rows, "x": {"field": low, "type": "quantitative"}, "x2": {"field": high}}}
