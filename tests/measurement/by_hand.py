"""The same sums from a customers x days matrix, written as the definitions read: what the SQL is held against."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from netlift.measurement.past import ANY, Campaign, Past
from netlift.measurement.summaries import Arms, Days, Flags, Panel, Summaries, Window
from netlift.records import Floats

START = date(2024, 1, 1)


def past(days: int, *campaigns: Campaign) -> Past:
    return Past(START, START + timedelta(days=days - 1), campaigns)


def under(past: Past, lists: Flags, scope: str, *, comparable: bool = False) -> Flags:
    """Own campaign days of a scope, (n, days); `lists` is campaigns x n."""
    found = np.zeros((lists.shape[1], past.days), dtype=bool)
    for campaign, listed in zip(past.campaigns, lists, strict=True):
        if campaign in past.scope(scope) and (past.comparable(campaign) or not comparable):
            found[listed, max(campaign.first, 0) : campaign.last + 1] = True
    return found


def summaries(past: Past, sales: Floats, lists: Flags, held: Flags | None = None) -> Summaries:
    """All sums of n customers' daily sales, (n, days); `lists` and `held`, who was held out, are campaigns x n."""
    own = under(past, lists, ANY)
    scopes, names = (ANY, *past.kinds), (c.campaign_id for c in past.campaigns)
    everybody = np.ones(len(sales), dtype=bool)
    return Summaries(
        past=past,
        days={scope: _days(sales, under(past, lists, scope), own) for scope in scopes},
        windows=tuple(_window(c, sales, listed, own) for c, listed in zip(past.campaigns, lists, strict=True) if past.comparable(c)),
        targeted=np.asarray(lists.any(axis=0)),
        window_sales={scope: float(sales[under(past, lists, scope, comparable=True)].sum()) for scope in scopes},
        company=sales.sum(axis=0),
        never=sales[~lists.any(axis=0)].sum(axis=0),
        arms={s: _arms(past, sales, lists, lists & False if held is None else held, s) for s in (*scopes, *names)},
        panel=_panel(past, sales, lists, everybody),
        panel_targeted=_panel(past, sales, lists, np.asarray(own.any(axis=1))),
    )


def _arms(past: Past, sales: Floats, lists: Flags, held: Flags, scope: str) -> Arms:
    of = [i for i, c in enumerate(past.campaigns) if c in past.scope(scope)]
    first = max(min((past.campaigns[i].first for i in of), default=0), 0)
    addressed, left = lists[of].any(axis=0), held[of].any(axis=0)
    before = sales[:, :first].sum(axis=1)
    one, other = addressed & ~left, left & ~addressed
    return Arms(
        treated=sales[one].sum(axis=0),
        held=sales[other].sum(axis=0),
        treated_customers=int(one.sum()),
        held_customers=int(other.sum()),
        crossed=int((addressed & left).sum()),
        treated_before=(float(before[one].sum()), float((before[one] ** 2).sum())),
        held_before=(float(before[other].sum()), float((before[other] ** 2).sum())),
    )


def _days(sales: Floats, inside: Flags, own: Flags) -> Days:
    of = inside.any(axis=1)
    free = ~own[of]
    total = (sales[of] * inside[of]).sum(axis=1), inside[of].sum(axis=1), (sales[of] * free).sum(axis=1), free.sum(axis=1)
    return Days(*(t.astype(np.float64) for t in total))


def _window(c: Campaign, sales: Floats, listed: Flags, own: Flags) -> Window:
    length = c.last - c.first + 1
    begin = max(c.first - length, 0)
    return Window(
        campaign=c,
        days_before=c.first - begin,
        days=length,
        before=sales[:, begin : c.first].sum(axis=1),
        during=sales[:, c.first : c.last + 1].sum(axis=1),
        treated=listed,
        busy_before=np.asarray(own[:, begin : c.first].any(axis=1)),
        busy=np.asarray(own[:, begin : c.last + 1].any(axis=1)),
    )


def _panel(past: Past, sales: Floats, lists: Flags, of: NDArray[np.bool_]) -> Panel:
    kinds = past.kinds or (ANY,)
    daily = np.stack([sales[of], *(under(past, lists, kind)[of] for kind in kinds)]).astype(np.float64)
    week = np.minimum(np.arange(past.days) // 7, max(past.days // 7, 1) - 1)
    weekly = np.stack([daily[:, :, week == w].mean(axis=2) for w in np.unique(week)], axis=2)  # variable x customer x week
    centred = weekly - weekly.mean(axis=1, keepdims=True) - weekly.mean(axis=2, keepdims=True) + weekly.mean(axis=(1, 2), keepdims=True)
    return Panel(kinds, np.einsum("ait,bit->iab", centred, centred))
