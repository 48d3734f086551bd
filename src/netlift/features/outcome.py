"""How customers answered past contacts: the money that judges segments."""

from __future__ import annotations

import numpy as np

from netlift.engine import Session, quoted
from netlift.errors import InputError, SettingsError
from netlift.features.clock import Clock
from netlift.records import Accounting, Ints, Outcome, Tables, Texts
from netlift.settings import ResponseSettings, Settings


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
    accounting = Accounting(response.campaign, response.contact_cost, response.revenue, settings.project.currency)
    if response.column is not None:
        return _from_column(settings, response, accounting, engine=engine, tables=tables)
    if not (tables.has("contacted") and tables.has("campaigns") and tables.has("responses")):
        missing = [t for t in ("campaigns", "contacted", "responses") if not tables.has(t)]
        raise SettingsError(
            "[response] names no column, so the tables campaigns, contacted and responses are needed,"
            f" and {missing[0]} is not given; add [tables.{missing[0]}] or response.column."
        )
    return _from_campaigns(accounting, engine, tables, clock=clock, customer_ids=customer_ids)


def uncounted(tables: Tables, judged: Outcome | None) -> tuple[str, ...]:
    """A remark about money that the tables tell and that the accounting, one cost and one revenue for all contacts, does not count."""
    asked = {"campaigns": ("contact_cost", "revenue_per_response"), "responses": ("revenue",)}
    given = [f"{table}.{column}" for table, columns in asked.items() for column in columns if tables.has(table, column)]
    if judged is None or judged.columns or not given:
        return ()
    return (f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} not counted: profits are by [response], {judged.accounting}",)


def _from_column(settings: Settings, response: ResponseSettings, accounting: Accounting, *, engine: Session, tables: Tables) -> Outcome:
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
    return Outcome(
        accounting,
        (current[0] if len(current) == 1 else response.campaign,),
        contacted.astype(np.int64)[:, None],
        np.where(contacted, values, 0).astype(np.int64)[:, None],
        (column,),
        f"column {column} of customers: every customer with a value counts as contacted once",
        overlaps=True,
    )


def _from_campaigns(accounting: Accounting, engine: Session, tables: Tables, *, clock: Clock, customer_ids: Texts) -> Outcome | None:
    kinds = [c for c in ("offer", "type") if tables.has("campaigns", c)]
    label = f"coalesce({', '.join('k.' + c for c in kinds)}, k.campaign_id)" if kinds else "k.campaign_id"
    after = f"k.start_date >= {clock.literals()['{as_of}']}"
    pairs = f"""
        SELECT c.customer_id AS customer_id, {label} AS offer, c.campaign_id AS campaign_id,
               max(CASE WHEN r.customer_id IS NULL THEN 0 ELSE 1 END) AS answered
        FROM contacted AS c JOIN campaigns AS k ON c.campaign_id = k.campaign_id
        LEFT JOIN responses AS r ON r.campaign_id = c.campaign_id AND r.customer_id = c.customer_id
        WHERE {{condition}} GROUP BY c.customer_id, {label}, c.campaign_id"""
    later = bool(engine.rows(f"SELECT 1 FROM ({pairs.format(condition=after)}) AS p LIMIT 1"))
    chosen = pairs.format(condition=after if later else "TRUE")
    table = engine.arrow(
        "SELECT customer_id, offer, CAST(count(*) AS BIGINT) AS contacts, CAST(sum(answered) AS BIGINT) AS responses"
        f" FROM ({chosen}) AS p GROUP BY customer_id, offer"
    ).to_pydict()
    campaigns = engine.rows(f"SELECT count(DISTINCT campaign_id) FROM ({chosen}) AS p")[0][0]
    if not campaigns:
        return None
    offers = tuple(sorted(set(table["offer"])))
    row_of = {c: i for i, c in enumerate(customer_ids)}
    contacts: Ints = np.zeros((len(customer_ids), len(offers)), dtype=np.int64)
    responses: Ints = np.zeros_like(contacts)
    for customer, offer, asked, answered in zip(*(table[c] for c in ("customer_id", "offer", "contacts", "responses")), strict=True):
        if customer in row_of:
            at = row_of[customer], offers.index(offer)
            contacts[at], responses[at] = asked, answered
    note = (
        f"{campaigns} campaigns that began on or after {clock.local:%Y-%m-%d}, the date of the features"
        if later
        else f"all {campaigns} campaigns; they began before {clock.local:%Y-%m-%d}, so the features may know the answers"
    )
    return Outcome(accounting, offers, contacts, responses, (), note, overlaps=not later)
