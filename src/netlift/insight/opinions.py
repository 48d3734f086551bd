"""What a survey says of all customers: those who answered, weighted until they look like everybody in what is known of both.

The weights of each question come from raking (raking.py) those who answered it to the segments, the money spent and the time since the
last purchase. They cannot mend that people of one kind who answer may think otherwise than those who do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.insight.answers import Z95, wilson
from netlift.insight.raking import rake
from netlift.records import Features, Floats, Ints, Opinion, Segmentation, Sufficiency, Tables, Texts

QUESTIONS = 40  # those with most answers
CHOICES = 12  # different answers, above which numbers are averaged and other questions left out
FEWEST = 30  # customers who answered a question, below which nothing is said of all
THIN = 10  # customers who answered, below which a group is weighted together with another
THIRDS = ("monetary", "recency")  # features whose thirds are margins

# The latest answers of a customer to a question: several where several may be ticked.
LATEST = """
SELECT customer_id, question, said, scale, number, weight FROM (
  SELECT s.customer_id AS customer_id, question, {said} AS said, {scale} AS scale, try_cast(answer AS DOUBLE) AS number, {weight} AS weight,
         rank() OVER (PARTITION BY s.customer_id, question ORDER BY {moment} DESC NULLS LAST, {wave} DESC NULLS LAST) AS newer
  FROM survey AS s JOIN {sample} AS m ON s.customer_id = m.customer_id WHERE answer IS NOT NULL AND {weight} > 0e0 AND {known}) AS a
WHERE newer = 1
"""
SAMPLE = "opinions_sample"


@dataclass(frozen=True, slots=True)
class _Margin:
    """Groups of all customers, codes from 0, (n,)."""

    codes: Ints

    def missed(self, answered: Ints, weight: Floats) -> float:
        """Share of all customers for whom the weighted answers, by their rows, hold nobody like them: the total variation distance."""
        groups = int(self.codes.max()) + 1
        wanted = np.bincount(self.codes, minlength=groups) / len(self.codes)
        held = np.bincount(self.codes[answered], weights=weight, minlength=groups) / weight.sum()
        return float(np.abs(wanted - held).sum() / 2)

    def thickened(self, answered: Ints) -> _Margin:
        """With each group that few of those who answered, by their rows, belong to joined to the next smallest."""
        codes = self.codes.copy()
        while True:
            groups, sizes = np.unique(codes, return_counts=True)
            found = np.array([(codes[answered] == g).sum() for g in groups])
            if len(groups) == 1 or found.min() >= THIN:
                return _Margin(np.searchsorted(groups, codes))
            order = np.lexsort((sizes, found))
            codes[codes == groups[order[0]]] = groups[order[1]]


def opinions(features: Features, segmentation: Segmentation, tables: Tables, *, session: Session, time_zone: str) -> tuple[Opinion, ...]:
    """The share of all customers who would give each answer, and the mean of answers in numbers; the most answered question first.

    Args:
        features: of all customers; where their values are a sample, it is the sample whose answers are read and that stands for all.
        segmentation: of the same customers.
        tables: which columns the table `survey` has.
        session: where it is.
        time_zone: of the features' date.
    """
    if not tables.has("survey"):
        return ()
    ids = features.customer_ids if features.rows is None else features.customer_ids[features.rows]
    given = _given(session, tables, ids, f"local_time(answered_at, '{time_zone}') < TIMESTAMP '{features.as_of:%Y-%m-%d %H:%M:%S.%f}'")
    if not len(given):
        return ()
    row = np.searchsorted(ids.astype(str), np.array(given["customer_id"].to_pylist(), dtype=str))
    own, margins = given["weight"].to_numpy().astype(np.float64), _margins(features, segmentation)
    question, said = (np.array(given[name].to_pylist(), dtype=object) for name in ("question", "said"))
    scale, number = given["scale"].to_numpy().astype(bool), given["number"].to_numpy().astype(np.float64)
    names, counts = np.unique(question.astype(str), return_counts=True)
    found: list[Opinion] = []
    for name in names[np.lexsort((names, -counts))][:QUESTIONS]:
        here = np.flatnonzero(question == name)
        if len(np.unique(row[here])) < FEWEST:
            continue
        who = _answered(str(name), row[here], own[here], margins)
        if scale[here].all() and np.isfinite(number[here]).all():
            found.append(who.mean(number[here]))
        if len(np.unique(said[here].astype(str))) <= CHOICES:
            found += who.shares(said[here])
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Answered:
    """The answers to one question: the customer's row of each, (m,), and of those who answered the rows and weights in `weight`, (n,)."""

    question: str
    rows: Ints
    people: Ints
    weight: Floats
    missed: float

    @property
    def effective(self) -> float:
        """As many equal answers are worth the same (Kish 1965)."""
        w = self.weight[self.people]
        return float(w.sum() ** 2 / (w**2).sum())

    @property
    def tier(self) -> Sufficiency:
        """Whether the answers are worth enough for figures of all customers."""
        return "enough" if self.effective >= FEWEST else "few"

    def shares(self, said: Texts) -> Iterator[Opinion]:
        """Of each answer; several may be given, so that they need not add up to 1."""
        people, texts = self.people, np.asarray(said, dtype=str)
        total = float(self.weight[people].sum())
        for text in sorted(set(texts), key=_in_order):
            gave = np.unique(self.rows[texts == text])
            share = float(self.weight[gave].sum()) / total
            raw = len(gave) / len(people)
            low, high = wilson(share, self.effective)
            people_said = len(people), len(gave)
            yield Opinion(self.question, str(text), *people_said, raw, share, low, high, self.effective, self.missed, self.tier)

    def mean(self, numbers: Floats) -> Opinion:
        """Of answers in numbers."""
        w = self.weight[self.rows]
        mean = float(w @ numbers / w.sum())
        spread = math.sqrt(float(w @ (numbers - mean) ** 2 / w.sum()))
        half = Z95 * spread / math.sqrt(self.effective)
        people = len(self.people)
        raw, ends = float(numbers.mean()), (mean - half, mean + half)
        return Opinion(self.question, None, people, people, raw, mean, *ends, self.effective, self.missed, self.tier)


def _in_order(text: str) -> tuple[float, str]:
    """Numbers as numbers, then texts."""
    try:
        return float(text), text
    except ValueError:
        return math.inf, text


def _given(session: Session, tables: Tables, ids: Texts, known: str) -> pa.Table:
    def column(name: str, kind: str) -> str:
        return name if tables.has("survey", name) else f"CAST(NULL AS {kind})"

    coded = tables.has("survey", "label", "measure")
    parts = {
        "{said}": "coalesce(label, answer)" if tables.has("survey", "label") else "answer",
        "{scale}": "coalesce(measure IN ('ordinal', 'scale') OR (measure IS NULL AND label IS NULL), 1 = 0)" if coded else "1 = 1",
        "{weight}": f"coalesce({column('weight', 'DOUBLE')}, 1e0)",
        "{moment}": column("answered_at", "TIMESTAMP"),
        "{wave}": column("wave", "STRING"),
        "{known}": known if tables.has("survey", "answered_at") else "1 = 1",
        "{sample}": SAMPLE,
    }
    sql = LATEST
    for name, text in parts.items():
        sql = sql.replace(name, text)
    session.register(SAMPLE, pa.table({"customer_id": pa.array(ids, pa.string())}))
    try:
        return session.arrow(f"SELECT * FROM ({sql}) AS a ORDER BY customer_id NULLS LAST, question NULLS LAST, said NULLS LAST")
    finally:
        session.unregister(SAMPLE)


def _margins(features: Features, segmentation: Segmentation) -> list[_Margin]:
    """Of the customers whose values are at hand."""
    sampled = segmentation.segment if features.rows is None else segmentation.segment[features.rows]
    names = [f.name for f in features.features]
    found = [_Margin(np.unique(sampled, return_inverse=True)[1])]
    return found + [_Margin(_thirds(features.values[:, names.index(name)])) for name in THIRDS if name in names]


def _answered(question: str, rows: Ints, own: Floats, margins: Sequence[_Margin]) -> _Answered:
    """Who answered one question, weighted to all customers from the survey's own weights of these answers."""
    people, first = np.unique(rows, return_index=True)
    thick = [m.thickened(people) for m in margins]
    raked = rake([m.codes[people] for m in thick], [m.codes for m in thick], start=own[first])
    weight = np.zeros(len(margins[0].codes))
    weight[people] = raked.weight
    return _Answered(question, rows, people, weight, max(m.missed(people, raked.weight) for m in margins))


def _thirds(values: Floats) -> Ints:
    """0, 1 or 2 of known values, 3 where it is missing."""
    edges = np.unique(np.nanquantile(values, [1 / 3, 2 / 3])) if not np.isnan(values).all() else np.empty(0)
    return np.where(np.isnan(values), 3, np.searchsorted(edges, values, side="left")).astype(np.int64)
