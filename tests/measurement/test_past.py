"""Which days count, and what is wrong with campaigns, said in one sentence."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from netlift.engine import Engine
from netlift.errors import InputError, NotEnoughData
from netlift.measurement import measure
from netlift.measurement.past import Campaign, Past, read
from netlift.records import Tables
from tests.measurement.worlds import canonical, shop

TABLES = canonical(transactions="", campaigns="type", contacted="")
MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - local time without a zone, as in the tables
STAMP = pa.timestamp("us")
Row = tuple[str | None, str | None, int | None, int | None]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A shop with sales at 9 and at 20 o'clock on 60 days, one customer who was in campaign 1."""
    with Engine() as made:
        sell(made, [MONDAY + timedelta(days=d, hours=h) for d in range(60) for h in (9, 20)])
        plan(made, ("1", "A", 30, 36))
        made.register("contacted", pa.table({"campaign_id": ["1"], "customer_id": ["x"]}))
        yield made


def sell(engine: Engine, times: list[datetime]) -> None:
    stamps = pa.array(times, STAMP)
    people = pa.array(["x" if i % 2 else "y" for i in range(len(times))], pa.string())
    engine.register(
        "transactions", pa.table({"customer_id": people, "local_timestamp": stamps, "amount": [1.0 + i % 7 for i in range(len(times))]})
    )


def plan(engine: Engine, *rows: Row) -> None:
    """Campaigns: id, type, first and last day counted from the first day of sales."""
    ids, kinds, *days = zip(*rows, strict=True) if rows else ((), (), (), ())
    first, last = (pa.array([None if d is None else MONDAY + timedelta(days=d) for d in column], STAMP) for column in days)
    engine.register(
        "campaigns",
        pa.table({"campaign_id": pa.array(ids, pa.string()), "type": pa.array(kinds, pa.string()), "start_date": first, "end_date": last}),
    )


def test_days_are_counted_from_the_first_sale(engine: Engine) -> None:
    """Start, end and campaign days come from the tables; both ends are inclusive."""
    assert read(engine, TABLES) == Past(date(2024, 1, 1), date(2024, 2, 29), (Campaign("1", "A", 30, 36),))


@pytest.mark.parametrize(("hour", "last"), [(10, date(2024, 2, 29)), (19, date(2024, 3, 1)), (20, date(2024, 3, 1))])
def test_a_day_the_data_end_in_does_not_count(engine: Engine, hour: int, last: date) -> None:
    """Shops that sell until 20 o'clock: a last day that ends at 10 is partial; one that ends at 19 or 20 is whole."""
    sell(
        engine,
        [MONDAY + timedelta(days=d, hours=h) for d in range(61) for h in (9, 20) if d < 60 or h == 9]
        + [MONDAY + timedelta(60, hours=hour)],
    )
    assert read(engine, TABLES).end == last


def test_dates_without_a_time_are_whole_days(engine: Engine) -> None:
    """Where all sales stand at midnight, the last day counts."""
    sell(engine, [MONDAY + timedelta(days=d) for d in range(60)])
    assert read(engine, TABLES).end == date(2024, 2, 29)


@pytest.mark.parametrize("absent", ["transactions", "campaigns", "contacted"])
def test_a_table_that_is_not_given_is_named(engine: Engine, absent: str) -> None:
    """Each of the three tables is needed, and the message names it and what it says."""
    rest = Tables(tuple(i for i in TABLES.inputs if i.table != absent))
    with pytest.raises(InputError, match=rf"The table {absent}, which says .*, is not given; add \[tables.{absent}\]"):
        measure(shop(), engine, rest)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("1", "A", None, 36)], "Campaign '1' has no start date"),
        ([("1", "A", 30, None)], "Campaign '1' has no end date"),
        ([("1", "A", 36, 30)], "Campaign '1' ends on 2024-01-31, before its start on 2024-02-06"),
        ([("1", "A", 30, 36), ("1", "B", 40, 46)], "'1' names two things"),
        ([("1", "1", 30, 36)], "'1' names two things"),
        ([("any", "A", 30, 36)], "'any' names two things"),
        ([("1", "A", 100, 110)], "None of the 1 campaigns has a day between 2024-01-01 and 2024-02-29"),
        ([], "campaigns has 0 rows"),
    ],
)
def test_wrong_campaigns_are_named(engine: Engine, rows: list[Row], says: str) -> None:
    """Missing and turned dates, names used twice, campaigns outside the data: one sentence with the value each."""
    plan(engine, *rows)
    with pytest.raises(InputError, match=says):
        measure(shop(), engine, TABLES)


def test_no_sales_and_nobody_addressed_are_named(engine: Engine) -> None:
    """An empty table of sales, and lists only of campaigns outside the days with sales, are not enough data."""
    plan(engine, ("1", "A", 70, 80), ("2", "A", 30, 36))
    with pytest.raises(NotEnoughData, match="None of the customers in the table contacted was addressed by a campaign between"):
        measure(shop(), engine, TABLES)
    sell(engine, [])
    with pytest.raises(NotEnoughData, match="transactions has 0 rows"):
        measure(shop(), engine, TABLES)


def test_campaigns_without_a_type_are_measured_together(engine: Engine) -> None:
    """Without types there are the scopes `any` and the ids, and the panel regression runs over all campaigns."""
    result = measure(shop(), engine, canonical(transactions="", campaigns="", contacted=""))
    assert [e.scope for e in result.estimates if e.estimator == "did_not_in_campaign"] == ["any", "1"]
    assert {e.scope for e in result.estimates} == {"any", "1"}


def test_one_addressed_customer_is_no_evidence(engine: Engine) -> None:
    """With two customers nothing can be estimated, every estimate says why, and the sentence asks for a holdout."""
    result = measure(shop(), engine, TABLES)
    adjusted = [e for e in result.estimates if e.evidence == "adjusted"]
    assert {e.lift for e in adjusted} == {None}
    assert all(e.warnings[0].startswith("cannot be estimated, because ") for e in adjusted)
    assert result.best is None
    assert "no evidence of a lift" in result.sentence
    assert result.sentence.endswith("A holdout drawn at random is needed.")
