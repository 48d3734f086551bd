"""How customers answered past contacts: the money that judges segments."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from netlift.engine import Session, quoted
from netlift.errors import InputError, SettingsError
from netlift.features import books
from netlift.features.clock import Clock
from netlift.records import Accounting, BookedCampaign, Floats, Outcome, Tables, Texts
from netlift.settings import ResponseSettings, Settings

MOST_ARMS = 8  # named in a sentence


def outcome(settings: Settings, engine: Session, tables: Tables, *, clock: Clock, customer_ids: Texts) -> Outcome | None:
    """The outcome, from a 0/1 column of customers or from contacted + responses; None where nothing was given.

    Campaigns that began at or after the features' moment are used where there are any, so that features cannot know the answer.

    Raises:
        SettingsError: `response.column` is unknown.
        InputError: `response.column` holds something else than 0 and 1.
    """
    response = settings.response
    if response is None:
        return None
    if response.column is not None:
        return _from_column(settings, response, engine=engine, tables=tables)
    if not (tables.has("contacted") and tables.has("campaigns") and tables.has("responses")):
        missing = [t for t in ("campaigns", "contacted", "responses") if not tables.has(t)]
        raise SettingsError(
            "[response] names no column, so the tables campaigns, contacted and responses are needed,"
            f" and {missing[0]} is not given; add [tables.{missing[0]}] or response.column."
        )
    return _from_campaigns(settings, response, engine, tables, clock=clock, customer_ids=customer_ids)


def _from_column(settings: Settings, response: ResponseSettings, *, engine: Session, tables: Tables) -> Outcome:
    column = response.column or ""
    known = tables.columns("customers")
    if column not in known:
        raise SettingsError(
            f"response.column is '{column}', which is no column of customers; they are {', '.join(sorted(known)) or 'none'}."
        )
    if known[column] != "number":
        raise InputError(f"response.column '{column}' holds {known[column]}, and 0 or 1 is expected; derive a 0/1 column.")
    name = quoted(column)
    odd = engine.rows(f"SELECT {name} FROM customers WHERE {name} NOT IN (0e0, 1e0) LIMIT 1")
    if odd:
        raise InputError(f"response.column '{column}' holds {odd[0][0]:g}, and 0 or 1 is expected; derive a 0/1 column.")
    values = engine.arrow(f"SELECT {name} AS answered FROM customers ORDER BY customer_id NULLS LAST")["answered"].to_numpy().astype(float)
    contacted = ~np.isnan(values)
    current = [o.name for o in settings.offers if o.current]
    offer = current[0] if len(current) == 1 else response.campaign
    return Outcome(
        _one_campaign(settings, response, offer, contacts=int(contacted.sum()), responses=int(np.nansum(values))),
        (offer,),
        contacted.astype(np.int64)[:, None],
        np.where(contacted, values, 0).astype(np.int64)[:, None],
        (column,),
        f"column {column} of customers: every customer with a value counts as contacted once",
        overlaps=True,
    )


def _one_campaign(settings: Settings, response: ResponseSettings, offer: str, *, contacts: int, responses: int) -> Accounting:
    """The books of a column of answers: every contact and every answer alike."""
    cost, revenue = response.contact_cost, response.revenue
    money = contacts * cost, responses * revenue
    booked = BookedCampaign(response.campaign, offer, None, contacts, responses, *money, "[response] contact_cost", "[response] revenue")
    return Accounting(response.campaign, cost, revenue, settings.project.currency, (booked,))


def _from_campaigns(
    settings: Settings, response: ResponseSettings, engine: Session, tables: Tables, *, clock: Clock, customer_ids: Texts
) -> Outcome | None:
    known = books.prices(settings, response, engine, tables)
    after = f"k.start_date >= {clock.literals()['{as_of}']}"
    asked = "SELECT 1 FROM contacted AS c JOIN campaigns AS k ON c.campaign_id = k.campaign_id"
    later = bool(engine.rows(f"{asked} WHERE {after} AND {tables.addressed('c')} LIMIT 1"))
    books.keep_answers(engine, tables, margin=response.margin, since=after if later else "TRUE")
    booked = books.accounting(settings, response, engine, known)
    if not booked.campaigns:
        return None
    offers = tuple(sorted({c.offer for c in booked.campaigns}))
    contacts, responses, spent, earned = _by_customer(engine, offers, customer_ids)
    many = f"{len(booked.campaigns):,} campaign{'s' if len(booked.campaigns) > 1 else ''}"
    note = (
        f"{many} that began on or after {clock.local:%Y-%m-%d}, the date of the features"
        if later
        else f"all of {many}; begun before {clock.local:%Y-%m-%d}, so the features may know the answers"
    )
    return Outcome(
        booked,
        offers,
        contacts.astype(np.int64),
        responses.astype(np.int64),
        (),
        note
        + _left_alone(engine, tables)
        + _strangers(engine)
        + _uncounted(engine, later=later, after=after, answers=int(responses.sum())),
        overlaps=not later,
        spent=spent if booked.varies else None,
        earned=earned if booked.varies else None,
    )


def _by_customer(engine: Session, offers: tuple[str, ...], customer_ids: Texts) -> tuple[Floats, Floats, Floats, Floats]:
    """Contacts, answers, money spent and earned by customer and offer, (n, m) each."""
    table = engine.arrow(
        "SELECT customer_id, offer, CAST(count(*) AS DOUBLE) AS contacts, CAST(sum(answered) AS DOUBLE) AS responses,"
        f" CAST(sum(spent) AS DOUBLE) AS spent, CAST(sum(earned) AS DOUBLE) AS earned FROM {books.ANSWERS} GROUP BY customer_id, offer"
    )
    row = pc.index_in(table["customer_id"], value_set=pa.array(customer_ids, pa.string())).cast(pa.float64()).to_numpy()
    column = pc.index_in(table["offer"], value_set=pa.array(offers, pa.string())).to_numpy()
    here = ~np.isnan(row)
    found = []
    for name in ("contacts", "responses", "spent", "earned"):
        dense = np.zeros((len(customer_ids), len(offers)))
        dense[row[here].astype(np.int64), column[here]] = table[name].to_numpy()[here]
        found.append(dense)
    return found[0], found[1], found[2], found[3]


def _left_alone(engine: Session, tables: Tables) -> str:
    """Words about rows of `contacted` that are no contacts, and about the arms that are."""
    if not tables.has("contacted", "arm"):
        return ""
    rows = engine.rows(
        "SELECT arm, is_held_out(arm) AS held, count(*) FROM contacted GROUP BY arm, is_held_out(arm) ORDER BY arm NULLS LAST"
    )
    held = sum(n for _, out, n in rows if out)
    arms = [arm for arm, out, _ in rows if arm is not None and not out]
    named = f"; arms that count as contacted: {', '.join(arms[:MOST_ARMS])}{' and more' if len(arms) > MOST_ARMS else ''}" if arms else ""
    return f"; {held:,} rows of customers who were held out are no contacts{named}"


def _strangers(engine: Session) -> str:
    """Words about customers in `contacted` who have no features, so that nothing of them is counted."""
    sql = "SELECT count(DISTINCT c.customer_id) FROM contacted AS c LEFT JOIN features_population AS p ON p.customer_id = c.customer_id"
    unknown = engine.rows(f"{sql} WHERE p.customer_id IS NULL")[0][0]
    return f"; contacts of {unknown:,} customers without features are not counted" if unknown else ""


def _uncounted(engine: Session, *, later: bool, after: str, answers: int) -> str:
    """Words about answers to the counted campaigns that belong to no contact of before."""
    since = after if later else "TRUE"
    sql = "SELECT count(*) FROM (SELECT DISTINCT r.customer_id, r.campaign_id FROM responses AS r JOIN campaigns AS k"
    given = engine.rows(f"{sql} ON k.campaign_id = r.campaign_id WHERE {since}) AS given")[0][0]
    return f"; {given - answers:,} answers without a contact, or from before their campaign, are not counted" if given > answers else ""
