"""The GetAllMart customers of ground-truth.md section 3 as a Features record."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from netlift.records import Accounting, Feature, Features, Outcome
from netlift.settings import Settings, parse

FILE = Path(__file__).parents[3] / "shared" / "data" / "marketing_campaign" / "marketing_campaign.csv.gz"
INPUTS = ("Income", "HH", "TenureDays", "Spend", "NumDealsPurchases", "Acc6")
UNITS = {"Income": "USD", "HH": "people", "TenureDays": "days", "Spend": "USD", "NumDealsPurchases": "purchases", "Acc6": "acceptances"}
PRODUCTS = ["MntWines", "MntFruits", "MntMeatProducts", "MntFishProducts", "MntSweetProducts", "MntGoldProds"]


def settings(*, scale: str = "auto", seed: int = 7, **segments: object) -> Settings:
    """Settings that say no more than how to segment."""
    project = {"name": "Test", "currency": "USD", "seed": seed}
    data = {"project": project, "tables": {"customers": {"path": "c.csv"}}, "features": {"scale": scale}, "segments": segments}
    return parse(data, folder=Path(), sha256="")


def prepared() -> pd.DataFrame:
    """The 2,212 customers with the derived columns."""
    d = pd.read_csv(FILE, sep="\t")
    d = d[(d.Income < 200_000) & (d.Year_Birth > 1930)].copy()
    d["HH"] = np.where(d.Marital_Status.isin(["Married", "Together"]), 2, 1) + d.Kidhome + d.Teenhome
    joined = pd.to_datetime(d.Dt_Customer, format="%d-%m-%Y")
    d["TenureDays"] = (datetime(2014, 6, 29) - joined).dt.days  # noqa: DTZ001 - dates without a zone
    d["Spend"] = d[PRODUCTS].sum(axis=1)
    d["Prev"] = d[[f"AcceptedCmp{i}" for i in range(1, 6)]].sum(axis=1)
    d["Acc6"] = d.Prev + d.Response
    d["ID"] = d.ID.astype(str)
    return d.sort_values("ID", ignore_index=True)


def features(inputs: tuple[str, ...] = INPUTS) -> Features:
    """The record that the features stage would hand over."""
    d = prepared()
    response = d.Response.to_numpy(np.int64)[:, None]
    names = [*INPUTS, "Prev", "NumWebVisitsMonth"]
    return Features(
        as_of=datetime(2014, 6, 29),  # noqa: DTZ001
        features=tuple(Feature(n, UNITS.get(n, ""), n, "attribute", "left out", uses_response=n == "Acc6") for n in names),
        customer_ids=d.ID.to_numpy(object),
        values=d[names].to_numpy(float),
        inputs=inputs,
        value=d.Spend.to_numpy(float),
        value_name="Spend, USD",
        outcome=Outcome(Accounting("last campaign", 3.0, 11.0, "USD"), ("last campaign",), np.ones_like(response), response, ("Response",)),
    )
