"""The SQL gives the sums that the definitions give by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlift.engine import Engine
from netlift.errors import InputError
from netlift.measurement import past as past_campaigns
from netlift.measurement.past import Campaign
from netlift.measurement.summaries import Flags, Summaries
from netlift.measurement.summarise import summarise
from netlift.records import Floats
from netlift.settings import EngineSettings
from tests.measurement import by_hand
from tests.measurement.worlds import canonical

TABLES = canonical(customers="", transactions="", campaigns="type", contacted="arm")
World = tuple[Floats, tuple[Campaign, ...], Flags]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(EngineSettings(threads=1)) as made:
        yield made


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Few customers, 60 to 100 days, sparse sales with returns, campaigns of two types or none that overlap and stick out."""
    n, days = draw(st.integers(2, 6)), draw(st.integers(60, 100))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sales = np.where(random.random((n, days)) < 0.3, random.integers(-2, 20, (n, days)), 0).astype(np.float64)
    sales[0, [0, -1]] = 1.0  # the period begins and ends with a sale
    spans = draw(
        st.lists(st.tuples(st.integers(-5, days - 2), st.integers(1, 30), st.sampled_from(["A", "B", None])), min_size=1, max_size=4)
    )
    ordered = sorted((first, f"c{i}", length, kind) for i, (first, length, kind) in enumerate(spans))
    campaigns = tuple(Campaign(name, kind, first, first + length + 5) for first, name, length, kind in ordered)
    lists = random.random((len(campaigns), n)) < 0.5
    lists[0, 0] = True
    return sales, campaigns, np.asarray(lists)


def moment(day: int, hour: int = 0) -> datetime:
    return datetime.combine(by_hand.START, time(hour)) + timedelta(days=day)


def fill(engine: Engine, world: World) -> None:
    """Write a world into canonical tables: each sale in two lines, each list twice, rows of the holdout on top."""
    sales, campaigns, lists = world
    ids = [f"id {i}" for i in range(len(sales))]
    lines = [(ids[i], moment(int(d), hour), sales[i, d] / 2) for i, d in np.argwhere(sales) for hour in (0, 23)]
    rows = [
        (c.campaign_id, ids[i], arm)
        for c, listed in zip(campaigns, lists, strict=True)
        for i in np.flatnonzero(listed)
        for arm in ("x", None)
    ]
    names = ("holdout", "Holdout ", "control", "CONTROL")  # any case, blanks around
    rows += [(c.campaign_id, ids[i], names[i % 4]) for c, listed in zip(campaigns, lists, strict=True) for i in np.flatnonzero(~listed)]
    stamp = pa.timestamp("us")
    for name, table in {
        "customers": pa.table({"customer_id": ids}),
        "transactions": table_of(lines, customer_id=pa.string(), local_timestamp=stamp, amount=pa.float64()),
        "contacted": table_of(rows, campaign_id=pa.string(), customer_id=pa.string(), arm=pa.string()),
        "campaigns": table_of(
            [(c.campaign_id, c.kind, moment(c.first), moment(c.last)) for c in campaigns],
            campaign_id=pa.string(),
            type=pa.string(),
            start_date=stamp,
            end_date=stamp,
        ),
    }.items():
        engine.register(name, table)


def table_of(rows: Sequence[tuple[object, ...]], **kinds: pa.DataType) -> pa.Table:
    return pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(kinds.items())})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_sums_are_those_of_the_matrix(engine: Engine, world: World) -> None:
    """Days, windows, company sales and panel moments of random small shops agree with the customers x days matrix."""
    sales, campaigns, lists = world
    fill(engine, world)
    past = past_campaigns.read(engine, TABLES)
    assert past == by_hand.past(sales.shape[1], *campaigns)
    agree(summarise(engine, TABLES, past), by_hand.summaries(past, sales, lists, ~lists))


def agree(found: Summaries, wanted: Summaries) -> None:
    for scope, days in wanted.days.items():
        for name in ("sales_in", "days_in", "sales_out", "days_out"):
            assert getattr(found.days[scope], name) == pytest.approx(getattr(days, name), abs=1e-9)
    assert len(found.windows) == len(wanted.windows)
    for one, other in zip(found.windows, wanted.windows, strict=True):
        assert (one.campaign, one.days, one.days_before) == (other.campaign, other.days, other.days_before)
        for name in ("before", "during", "treated", "busy_before", "busy"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9)
    assert found.targeted.tolist() == wanted.targeted.tolist()
    assert found.company == pytest.approx(wanted.company, abs=1e-9)
    assert found.never == pytest.approx(wanted.never, abs=1e-9)
    assert found.arms.keys() == wanted.arms.keys()
    for scope, arms in wanted.arms.items():
        assert astuple(found.arms[scope]) == tuple(pytest.approx(value, abs=1e-9) for value in astuple(arms))
    assert found.window_sales == pytest.approx(wanted.window_sales, abs=1e-9)
    for mine, theirs in ((found.panel, wanted.panel), (found.panel_targeted, wanted.panel_targeted)):
        assert mine.kinds == theirs.kinds
        assert spectrum(mine.cross) == pytest.approx(spectrum(theirs.cross), abs=1e-7)


def spectrum(cross: Floats) -> Floats:
    """The customers' moments in an order of their own: the panel does not say which customer is which."""
    flat = cross.reshape(len(cross), -1).round(7) + 0.0
    return np.asarray(flat[np.lexsort(flat.T)])


def test_some_unknown_ids_are_counted(engine: Engine) -> None:
    """A listed customer and a listed campaign nobody knows are left out, with a warning; if all are unknown, it is an error."""
    random = np.random.default_rng(1)
    world = random.random((3, 80)), (Campaign("c0", None, 30, 40),), np.array([[True, True, False]])
    fill(engine, world)
    known = [("c0", "id 0", None), ("c0", "id 1", None)]
    strings = {"campaign_id": pa.string(), "customer_id": pa.string(), "arm": pa.string()}
    engine.register("contacted", table_of([*known, ("c0", "nobody", None), ("c9", "id 1", None)], **strings))
    past = past_campaigns.read(engine, TABLES)
    assert summarise(engine, TABLES, past).warnings == (
        "1 of 3 customers in the table contacted are not in transactions and customers and are left out.",
        "1 of 2 campaigns in the table contacted are not in campaigns and are left out.",
    )
    engine.register("contacted", table_of([("c0", "00", None)], **strings))
    with pytest.raises(InputError, match="None of the 1 customers in the table contacted"):
        summarise(engine, TABLES, past)
    engine.register("contacted", table_of([("C0", "id 0", None)], **strings))
    with pytest.raises(InputError, match="None of the 1 campaigns in the table contacted"):
        summarise(engine, TABLES, past)
