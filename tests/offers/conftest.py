"""Cases for the offers: the records that the earlier stages hand over, made small or from the GetAllMart data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.cluster import KMeans

from netlift import offers
from netlift.engine import Engine
from netlift.records import (
    Accounting,
    Choice,
    Features,
    Insight,
    Ints,
    Outcome,
    Segment,
    Segmentation,
    TableInput,
    Tables,
    Texts,
    Verdict,
)
from netlift.settings import Settings, parse

GETALLMART = Path(__file__).parents[3] / "shared" / "data" / "marketing_campaign" / "marketing_campaign.csv.gz"
SMTP = {"sender": "shop@example.com", "tls": False}
AS_OF = datetime(2024, 7, 1)  # noqa: DTZ001 - local time, naive as in the records
KINDS = {"double": "number", "int64": "number", "timestamp[us]": "timestamp"}


@dataclass
class Case:
    """Everything that choose needs; change a field and call `choose`."""

    engine: Engine
    features: Features
    segmentation: Segmentation
    insight: Insight = field(default_factory=lambda: Insight((), None, None))
    tables: dict[str, pa.Table] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=lambda: {"channels": {"email": SMTP}})
    suppressed: frozenset[str] = frozenset()

    def settings(self) -> Settings:
        data = {"project": {"name": "Shop", "currency": "USD"}, "tables": {"customers": {}}, **self.sections}
        return parse(data, folder=Path(), sha256="")

    def choose(self) -> Choice:
        for name, table in self.tables.items():
            self.engine.register(name, table)
        inputs = tuple(
            TableInput(name, "test", t.num_rows, t.num_rows, 0, 0, "", {f.name: KINDS.get(str(f.type), "text") for f in t.schema})
            for name, t in self.tables.items()
        )
        return offers.choose(
            self.settings(),
            self.engine,
            Tables(inputs),
            features=self.features,
            segmentation=self.segmentation,
            insight=self.insight,
            suppressed=self.suppressed,
        )


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as e:
        yield e


def texts(values: Sequence[str | None]) -> Texts:
    return np.array(values, dtype=object)


def made_features(ids: Sequence[str], *, value: Sequence[float] | None = None, outcome: Outcome | None = None) -> Features:
    worth = None if value is None else np.array(value, dtype=float)
    return Features(AS_OF, (), texts(ids), np.empty((len(ids), 0)), (), worth, "money spent, USD", outcome)


def made_outcome(contacts: Any, responses: Any, *, names: Sequence[str] = ("Old",), cost: float = 3, revenue: float = 11) -> Outcome:
    asked, answered = (np.asarray(x, dtype=np.int64).reshape(-1, len(names)) for x in (contacts, responses))
    return Outcome(Accounting("last campaign", cost, revenue, "USD"), tuple(names), asked, answered)


def made_segmentation(segment: Sequence[int] | Ints, *inputs: str) -> Segmentation:
    n = len(segment)
    nothing = np.zeros(n)
    some = bool(np.any(np.asarray(segment)))
    verdict = Verdict("constructed" if some else "none", useful=some, reason="made for a test")
    return Segmentation(verdict, (), "kmeans", np.asarray(segment), nothing, nothing, nothing, texts([""] * n), inputs)


def insight_of(names: Mapping[int, str]) -> Insight:
    return Insight(tuple(Segment(s, name, 1, 1.0, "", (), 1.0, (), None, None) for s, name in names.items()), None, None)


@pytest.fixture
def five(engine: Engine) -> Case:
    """Five customers of one segment who all may be contacted, with an offer that earns money."""
    ids = ["a", "b", "c", "d", "e"]
    outcome = made_outcome([40] * 5, [30] * 5)
    case = Case(engine, made_features(ids, outcome=outcome), made_segmentation([1] * 5), insight_of({1: "buyers"}))
    case.sections |= {"offers": [{"name": "Old", "current": True}], "response": {"contact_cost": 3, "revenue": 11}}
    case.tables["contacts"] = pa.table({"customer_id": ids, "email": [f"{i}@example.com" for i in ids]})
    case.tables["consents"] = consents([{"customer_id": i} for i in ids])
    return case


def consents(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of consents; what a row leaves out is a consent to marketing by e-mail, given on 1 March 2024 in the shop."""
    usual = {"channel": "email", "status": "given", "purpose": None, "given_at": datetime(2024, 3, 1), "source": "shop"}  # noqa: DTZ001
    kinds = {"given_at": pa.timestamp("us")}
    names = ["customer_id", *usual]
    return pa.table({c: pa.array([{**usual, **row}[c] for row in rows], kinds.get(c, pa.string())) for c in names})


@dataclass(frozen=True)
class Grocer:
    """The GetAllMart preparation of notes/ground-truth.md section 3."""

    table: pa.Table  # 2,212 customers
    segment: Ints  # 1..4 as numbered in the document


@pytest.fixture(scope="session")
def grocer() -> Grocer:
    """The document's data where they are at hand, else made-up customers with its segments' means and counts."""
    return _real() if GETALLMART.exists() else _made_up()


def _real() -> Grocer:
    options = pa.csv.ParseOptions(delimiter="\t")
    raw = pa.csv.read_csv(GETALLMART, parse_options=options).to_pandas()
    raw = raw[(raw["Income"] < 200_000) & (raw["Year_Birth"] > 1930)].sort_values("ID").reset_index(drop=True)
    joined = raw["Dt_Customer"].map(lambda d: datetime.strptime(d, "%d-%m-%Y"))  # noqa: DTZ007
    accepted = raw[[f"AcceptedCmp{i}" for i in range(1, 6)]].sum(axis=1) + raw["Response"]
    spend = raw[[c for c in raw.columns if c.startswith("Mnt")]].sum(axis=1)
    adults = raw["Marital_Status"].isin(["Married", "Together"]) + 1
    household = adults + raw["Kidhome"] + raw["Teenhome"]
    columns = [raw["Income"], household, (joined.max() - joined).dt.days, spend, raw["NumDealsPurchases"], accepted]
    x = np.column_stack([np.asarray(c, dtype=float) for c in columns])
    found = KMeans(4, n_init=50, random_state=0).fit_predict((x - x.mean(axis=0)) / x.std(axis=0))
    means = np.array([x[found == s].mean(axis=0) for s in range(4)])
    three = int(means[:, 3].argmin())
    four = max((s for s in range(4) if s != three), key=lambda s: means[s, 5])
    one, two = sorted((s for s in range(4) if s not in {three, four}), key=lambda s: -means[s, 0])
    number = {one: 1, two: 2, three: 3, four: 4}
    raw["ID"] = raw["ID"].astype(str)
    money = {c: raw[c].astype(float) for c in raw.columns if c.startswith("Mnt")}
    table = pa.table({"customer_id": raw["ID"], "Response": raw["Response"].astype(float), **money})
    return Grocer(table, np.array([number[s] for s in found]))


MADE_UP = {  # segment: customers, responses, spend, share of wine, meat, fruit + fish + sweets, gold
    1: (588, 55, 1171.9, (0.46, 0.31, 0.168, 0.062)),
    2: (397, 70, 597.6, (0.57, 0.22, 0.118, 0.091)),
    3: (1046, 72, 130.8, (0.47, 0.21, 0.174, 0.143)),
    4: (181, 136, 1547.5, (0.56, 0.28, 0.12, 0.048)),
}


def _made_up() -> Grocer:
    rng = np.random.default_rng(0)
    segment = np.repeat(list(MADE_UP), [m[0] for m in MADE_UP.values()])
    response = np.concatenate([np.arange(m[0]) < m[1] for m in MADE_UP.values()]).astype(float)
    spend = np.concatenate([m[2] * rng.uniform(0.5, 1.5, m[0]) for m in MADE_UP.values()])
    shares = np.concatenate([np.tile(m[3], (m[0], 1)) for m in MADE_UP.values()]) * spend[:, None]
    names = ["MntWines", "MntMeatProducts", "MntFruits", "MntGoldProds"]
    money = dict(zip(names, shares.T, strict=True)) | {n: np.zeros(len(segment)) for n in ("MntFishProducts", "MntSweetProducts")}
    return Grocer(pa.table({"customer_id": [f"{i:05}" for i in range(len(segment))], "Response": response, **money}), segment)
