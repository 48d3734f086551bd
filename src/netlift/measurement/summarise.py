"""Reads the sums that the estimators need from the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from netlift.engine import Session
from netlift.errors import InputError, NotEnoughData
from netlift.measurement import queries
from netlift.measurement.past import ANY, Campaign, Past
from netlift.measurement.summaries import Arms, Days, Flags, Panel, Summaries, Window
from netlift.records import Floats, Progress, Tables, silent

WEEK = 7


@dataclass(frozen=True, slots=True)
class _Reader:
    """The engine with its kept tables, and the period."""

    engine: Session
    past: Past

    def table(self, sql: str) -> pa.Table:
        return self.engine.arrow(sql)

    def matrix(self, sql: str, shape: tuple[int, int]) -> Floats:
        """A result of (row, column, value) as a dense array, 0 where nothing was found."""
        found = self.table(sql)
        dense = np.zeros(shape)
        dense[found.column(0).to_numpy(), found.column(1).to_numpy()] = found.column(2).to_numpy()
        return dense


def summarise(engine: Session, tables: Tables, past: Past, progress: Progress = silent) -> Summaries:
    """All sums of the past campaigns.

    Raises:
        InputError: none of the listed customers or campaigns is known.
        NotEnoughData: nobody was addressed on a day with sales.
    """
    scopes = (ANY, *past.kinds)
    for name, rows in _small_tables(past, scopes).items():
        engine.register(name, rows)  # left in place: Spark looks for them once more when it frees what was kept
    for name, sql in queries.kept(tables, start=past.start, end=past.end).items():
        engine.keep(name, sql)
    return _read(_Reader(engine, past), scopes, progress)


def _read(reader: _Reader, scopes: tuple[str, ...], progress: Progress) -> Summaries:
    past = reader.past
    n = int(reader.table(queries.PEOPLE).column(0)[0].as_py())
    warnings = _unknown(reader)
    progress(0.1, "sales on campaign days")
    days, window_sales = _days(reader, scopes, n)
    if not len(days[ANY].days_in):
        raise NotEnoughData(
            f"None of the customers in the table contacted was addressed by a campaign between {past.start} and {past.end}."
        )
    progress(0.4, "sales before and during each campaign")
    listed = reader.matrix(queries.LISTS, (len(past.campaigns), n)) > 0
    windows = _windows(reader, listed)
    progress(0.6, "sales per week")
    return Summaries(
        past=past,
        days=days,
        windows=windows,
        targeted=np.asarray(listed.any(axis=0)),
        window_sales=window_sales,
        company=reader.matrix(queries.COMPANY_SALES, (1, past.days))[0],
        never=reader.matrix(queries.NEVER_SALES, (1, past.days))[0],
        arms=_arms(reader),
        panel=_panel(reader, n, targeted_only=False),
        panel_targeted=_panel(reader, len(days[ANY].days_in), targeted_only=True),
        warnings=warnings,
    )


def _small_tables(past: Past, scopes: tuple[str, ...]) -> Mapping[str, pa.Table]:
    """Campaigns, scopes, windows and weeks as engine tables; a scope's code + len(scopes) holds its comparable campaigns only."""
    number = {c: i for i, c in enumerate(past.campaigns)}
    in_scope = [(code, c) for code, scope in enumerate(scopes) for c in past.scope(scope)]
    comparable = [(code + len(scopes), c) for code, c in in_scope if past.comparable(c)]
    clipped = [(code, number[c], max(c.first, 0), min(c.last, past.days - 1)) for code, c in in_scope + comparable]
    windows = [(number[c], _before(c), c.first, c.last) for c in past.campaigns if past.comparable(c)]
    variables = [(code, code) for code in range(1, len(scopes))] or [(0, 1)]
    series = [(code, number[c], c.first) for code, scope in enumerate(_series(past)) for c in past.scope(scope)]
    return {
        "measurement_campaigns": _whole(("campaign",), [(i,) for i in number.values()]).append_column(
            "campaign_id", pa.array([c.campaign_id for c in number], pa.string())
        ),
        "measurement_scopes": _whole(("scope", "campaign", "first_day", "last_day"), clipped),
        "measurement_series": _whole(("scope", "campaign", "first_day"), series),
        "measurement_windows": _whole(("campaign", "before_day", "first_day", "last_day"), windows),
        "measurement_variables": _whole(("scope", "variable"), variables),
        "measurement_weeks": _whole(
            ("week", "first_day", "last_day", "days"), [(i, a, b, b - a + 1) for i, (a, b) in enumerate(_weeks(past))]
        ),
    }


def _whole(names: Sequence[str], rows: Sequence[Sequence[int]]) -> pa.Table:
    return pa.table({name: pa.array([row[i] for row in rows], pa.int64()) for i, name in enumerate(names)})


def _before(campaign: Campaign) -> int:
    """First of the days before, as many as the campaign has, or as the data have."""
    return max(campaign.first - (campaign.last - campaign.first + 1), 0)


def _weeks(past: Past) -> list[tuple[int, int]]:
    """First and last day of each week of the period; days left over belong to the last week."""
    number = max(past.days // WEEK, 1)
    starts = [WEEK * i for i in range(number)]
    return list(zip(starts, [*(s - 1 for s in starts[1:]), past.days - 1], strict=True))


def _unknown(reader: _Reader) -> tuple[str, ...]:
    """Listed customers and campaigns that are in no other table: all of them is an error, some are a warning."""
    warnings = []
    for sql, what, where in (
        (queries.UNKNOWN_PEOPLE, "customers", "transactions and customers"),
        (queries.UNKNOWN_CAMPAIGNS, "campaigns", "campaigns"),
    ):
        row = reader.table(sql).to_pylist()[0]
        listed, unknown = row["listed"], row["unknown"]
        if unknown == listed:
            raise InputError(
                f"None of the {listed:,} {what} in the table contacted is in {where}; check that the ids are written alike (007 is not 7)."
            )
        if unknown:
            warnings.append(f"{unknown:,} of {listed:,} {what} in the table contacted are not in {where} and are left out.")
    return tuple(warnings)


def _days(reader: _Reader, scopes: tuple[str, ...], n: int) -> tuple[dict[str, Days], dict[str, float]]:
    shape = (2 * len(scopes), n)
    days_in, sales_in = reader.matrix(queries.SPELL_DAYS, shape), reader.matrix(queries.SPELL_SALES, shape)
    sales_out = reader.matrix(queries.FREE_SALES, (1, n))[0]
    days_out = reader.past.days - days_in[0]
    found = {}
    for code, scope in enumerate(scopes):
        of = days_in[code] > 0
        found[scope] = Days(sales_in[code][of], days_in[code][of], sales_out[of], days_out[of])
    money = {scope: float(sales_in[len(scopes) + code].sum()) for code, scope in enumerate(scopes)}
    return found, money


def _series(past: Past) -> tuple[str, ...]:
    """The scopes with a daily series of their own: all campaigns, each type, each campaign."""
    return (ANY, *past.kinds, *(c.campaign_id for c in past.campaigns))


def _arms(reader: _Reader) -> dict[str, Arms]:
    """The arms of each scope; 1 = addressed each time, 2 = held out each time, 3 = both."""
    scopes = _series(reader.past)
    daily = reader.matrix(queries.ARM_SALES, (4 * len(scopes), reader.past.days)).reshape(len(scopes), 4, -1)
    customers = reader.matrix(queries.ARM_CUSTOMERS, (len(scopes), 4)).astype(np.int64)
    before = np.zeros((len(scopes), 4, 2))
    rows = reader.table(queries.ARM_BEFORE)
    before[rows.column(0).to_numpy(), rows.column(1).to_numpy()] = np.column_stack([rows.column(2).to_numpy(), rows.column(3).to_numpy()])
    return {
        scope: Arms(
            treated=daily[i, 1],
            held=daily[i, 2],
            treated_customers=int(customers[i, 1]),
            held_customers=int(customers[i, 2]),
            crossed=int(customers[i, 3]),
            treated_before=(float(before[i, 1, 0]), float(before[i, 1, 1])),
            held_before=(float(before[i, 2, 0]), float(before[i, 2, 1])),
        )
        for i, scope in enumerate(scopes)
    }


def _windows(reader: _Reader, listed: Flags) -> tuple[Window, ...]:
    before, during = reader.matrix(queries.BEFORE, listed.shape), reader.matrix(queries.DURING, listed.shape)
    busy_before, busy = reader.matrix(queries.BUSY_BEFORE, listed.shape) > 0, reader.matrix(queries.BUSY, listed.shape) > 0
    return tuple(
        Window(
            campaign=campaign,
            days_before=campaign.first - _before(campaign),
            days=campaign.last - campaign.first + 1,
            before=before[i],
            during=during[i],
            treated=listed[i],
            busy_before=busy_before[i],
            busy=busy[i],
        )
        for i, campaign in enumerate(reader.past.campaigns)
        if reader.past.comparable(campaign)
    )


def _panel(reader: _Reader, n: int, *, targeted_only: bool) -> Panel:
    """Moments of the weekly panel of n customers.

    With u = z − mean of the week: Σ_t u_a·u_b = Σ z_a·z_b − Σ z_a·m_b − Σ m_a·z_b + Σ m_a·m_b, and centring by customer takes
    T·ū_a·ū_b away. Customers without a row have z = 0 throughout.
    """
    kinds = reader.past.kinds or (ANY,)
    p, weeks = len(kinds) + 1, _weeks(reader.past)
    extra = queries.cells(len(kinds), targeted_only=targeted_only)
    weekly = reader.table(extra + queries.week_sums(len(kinds)))
    means = np.zeros((len(weeks), p))
    means[weekly.column(0).to_numpy()] = np.column_stack([weekly.column(1 + j).to_numpy() for j in range(p)]) / n
    rows = reader.table(extra + queries.customer_moments(len(kinds)))
    raw = np.column_stack([rows.column(1 + j).to_numpy() for j in range(p + 2 * p * p)])
    moments = np.zeros((n, raw.shape[1]))
    moments[: len(raw)] = raw  # which customer is which does not matter here
    sums, products, with_weeks = np.split(moments, [p, p + p * p], axis=1)
    mixed = with_weeks.reshape(n, p, p) / n
    about_week = products.reshape(n, p, p) - mixed - mixed.transpose(0, 2, 1) + means.T @ means
    level = sums / len(weeks) - means.mean(axis=0)
    return Panel(kinds, about_week - len(weeks) * level[:, :, None] * level[:, None, :])
