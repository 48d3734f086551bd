"""Raw columns become typed ones; what is wrong with a row has one number."""

from __future__ import annotations

from netlift.sources.typed import Problem, first_problem

from .conftest import Shop


def test_the_first_problem_counts() -> None:
    """Problems are numbered in their order; a row with two has the first; one with none has no number."""
    problems = [Problem("a", "is odd", "x > 1"), Problem("b", "is worse", "x > 0")]
    assert first_problem(problems, start=3) == "CASE WHEN x > 1 THEN 3 WHEN x > 0 THEN 4 END"
    assert first_problem([]) == "CAST(NULL AS INTEGER)"


def test_offsets_and_the_shop_s_clock_in_one_column(shop: Shop) -> None:
    """A moment with an offset is taken by it, one without by the file's zone, else by the project's."""
    content = "customer_id,timestamp,amount\n1,2017-07-01 12:00,1\n2,2017-07-01T12:00:00Z,1\n3,2017-07-01T12:00+09:00,1\n"
    shop.load("transactions", content, zone="Europe/Berlin")
    assert [str(row[0])[11:16] for row in shop.rows("transactions", "timestamp, customer_id")] == ["03:00", "10:00", "12:00"]
    shop.load("transactions", content, zone="Europe/Berlin", format={"time_zone": "America/New_York"})
    assert [str(t)[11:16] for row in shop.rows("transactions", "customer_id, timestamp, local_timestamp") for t in row[1:]] == [
        *("16:00", "18:00"),
        *("12:00", "14:00"),
        *("03:00", "05:00"),
    ]


def test_campaign_days_are_local_days(shop: Shop) -> None:
    """A campaign's first and last day stay the days written, in every zone; an offset moves them to the shop's days."""
    shop.load("campaigns", "campaign_id,start,end\n1,2017-01-01,2017-01-31\n2,2017-01-01T15:00Z,2017-01-31\n", zone="Asia/Tokyo")
    assert [tuple(str(t)[:16] for t in row) for row in shop.rows("campaigns", "start_date, end_date")] == [
        ("2017-01-01 00:00", "2017-01-31 00:00"),
        ("2017-01-02 00:00", "2017-01-31 00:00"),
    ]
