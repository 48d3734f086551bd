"""Features of purchases and browsing from typed parts against one plain hand-written DuckDB query of the same figures, and pandas.

Complete Journey ten times over (14.7 million lines, and 7.3 million events made of them), and netlift alone on fifty times. Every figure
must agree to 1e-9, as it is before shares of few facts are drawn to the mean of all. netlift is measured twice: when nothing is rolled up
yet, and when the parts' roll-ups are there, as in every run but the first. What customers will spend is a model and no figure of the
query: netlift computes here without it, and without the totals that only its check needs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benchmarks.increment import WRITE
from benchmarks.measured import measured

COPIES, FILES = 10, 100
EVENTS = """
import sys
from pathlib import Path
import duckdb
folder = Path(sys.argv[1])
con = duckdb.connect()
con.execute("SET memory_limit = '4GB'")
con.execute(f"SET temp_directory = '{folder}'")
lines = f"read_parquet('{folder}/sales/*.parquet')"
# two of seven lines were looked at before they were bought; each basket has a cart, and nine of ten are bought in the same visit
con.execute(f'''
COPY (
  SELECT customer_id, timestamp - to_seconds(CAST(hash(product_id) % 1500 AS BIGINT)) AS timestamp, 'view' AS event,
         transaction_id AS session_id, product_id
  FROM {lines} WHERE hash(transaction_id, product_id, timestamp) % 7 < 2
  UNION ALL
  SELECT customer_id, min(timestamp), unnest(CASE WHEN hash(transaction_id) % 10 = 0 THEN ['cart'] ELSE ['cart', 'purchase'] END),
         transaction_id, NULL
  FROM {lines} GROUP BY customer_id, transaction_id
) TO '{folder / 'events'}' (FORMAT parquet, PER_THREAD_OUTPUT)''')
with (folder / "netlift.toml").open("a") as config:
    print('[tables.events]', 'path = "events"', sep=chr(10), file=config)
"""
LOAD = """
import sys
from pathlib import Path
from netlift import sources
from netlift.engine import Engine
from netlift.settings import read
settings = read(Path(sys.argv[1]) / "netlift.toml")
with Engine(settings.engine) as engine:
    sources.load(settings, engine, landing=Path(sys.argv[1]) / "landing")
"""
BUILD = """
import sys, time
from pathlib import Path
import pyarrow.parquet as pq
from netlift import features, sources
from netlift.engine import Engine
from netlift.features import customer_value, totals
from netlift.settings import read
settings = read(Path(sys.argv[1]) / "netlift.toml")
customer_value.foretell = lambda *arguments, **named: customer_value.Valued()
keep = totals.keep
totals.keep = lambda session, name, **named: None if name == totals.THEN else keep(session, name, **named)
with Engine(settings.engine) as engine:
    tables = sources.load(settings, engine, landing=Path(sys.argv[1]) / "landing")
    begun = time.process_time()
    known = features.build(settings, engine, tables)
    print(time.process_time() - begun)
    # the figures as they are of each customer alone, before those of few facts are drawn to the mean of all
    of = {"features_purchases": "a", "features_lately": "b", "features_categories": "c", "features_browsing": "d"}
    wanted = [f'{t}."{row[0]}"' for name, t in of.items() for row in engine.rows(f"DESCRIBE {name}") if row[0] != "customer_id"]
    joined = " ".join(f"LEFT JOIN {name} AS {t} ON {t}.customer_id = p.customer_id" for name, t in of.items())
    table = engine.arrow(f"SELECT p.customer_id, {', '.join(wanted)} FROM features_population AS p {joined} ORDER BY p.customer_id")
    pq.write_table(table, Path(sys.argv[1]) / "netlift.parquet")
"""
PLAIN = """
import sys, time
from pathlib import Path
import duckdb
folder = Path(sys.argv[1])
con = duckdb.connect()
con.execute("SET preserve_insertion_order = false")
begun = time.process_time()
parts = f"read_parquet('{folder}/landing/typed/transactions-*/0*.parquet')"
products = f"read_parquet('{folder}/products.parquet')"
largest = con.execute(
    f"SELECT category FROM {parts} JOIN {products} USING (product_id) GROUP BY category HAVING sum(amount) > 0"
    " ORDER BY sum(amount) DESC LIMIT 8"
).fetchall()
last = f"(SELECT max(local_timestamp) + INTERVAL 1 MICROSECOND AS e FROM {parts})"
end, utc = con.execute(f"SELECT e, timezone('UTC', timezone('America/New_York', e)) FROM {last}").fetchone()
shares = ", ".join(f"coalesce(sum(amount) FILTER (WHERE category = '{c}'), 0) / sum(amount) AS c{i}" for i, (c,) in enumerate(largest))
window = ", ".join(
    f"coalesce(sum(amount) FILTER (WHERE lt >= TIMESTAMP '{end}' - INTERVAL {d} DAY), 0) AS spend_{d}d,"
    f" count(*) FILTER (WHERE lt >= TIMESTAMP '{end}' - INTERVAL {d} DAY) AS purchases_{d}d" for d in (30, 90, 365))
events = f"read_parquet('{folder}/landing/typed/visits-*/*.parquet')"
seen = f"(SELECT e.*, p.category FROM {events} AS e LEFT JOIN {products} AS p ON e.product_id = p.product_id)"
looked = con.execute(
    f"SELECT category FROM {seen} WHERE event = 'view' AND category IS NOT NULL GROUP BY category ORDER BY count(*) DESC, category LIMIT 8"
).fetchall()
views = ", ".join(f"count(*) FILTER (WHERE event = 'view' AND category = '{c}') AS i{i}" for i, (c,) in enumerate(looked))
interests = ", ".join(f"sum(i{i}) / nullif(sum(known), 0) AS i{i}" for i in range(len(looked)))
recent = f"started >= TIMESTAMP '{end}' - INTERVAL 30 DAY"
con.execute(f'''
COPY (
  WITH b AS (
    SELECT customer_id, transaction_id, min(timestamp) AS t, min(local_timestamp) AS lt, sum(amount) AS amount, count(*) AS lines,
           count(DISTINCT product_id) AS products, sum(quantity) AS pieces, sum(discount) AS discount
    FROM {parts} GROUP BY customer_id, transaction_id),
  g AS (SELECT *, date_diff('microsecond', lag(t) OVER (PARTITION BY customer_id ORDER BY t, transaction_id), t) / 86400e6 AS gap FROM b),
  f AS (
    SELECT customer_id, date_diff('microsecond', max(t), TIMESTAMP '{utc}') / 86400e6 AS recency, count(*) AS frequency,
           sum(amount) AS monetary, date_diff('microsecond', min(t), TIMESTAMP '{utc}') / 86400e6 AS tenure, avg(gap) AS gap_mean,
           stddev_samp(gap) AS gap_sd, avg(amount) AS basket_value, avg(lines) AS basket_lines, avg(products) AS basket_variety,
           avg(pieces) AS basket_pieces, sum(discount) / nullif(sum(amount) + sum(discount), 0) AS discount_share,
           avg(CASE WHEN isodow(lt) >= 6 THEN 1 ELSE 0 END) AS weekend_share,
           avg(CASE WHEN hour(lt) < 12 THEN 1 ELSE 0 END) AS morning_share,
           avg(CASE WHEN hour(lt) >= 18 THEN 1 ELSE 0 END) AS evening_share, {window}
    FROM g GROUP BY customer_id),
  c AS (SELECT customer_id, {shares} FROM {parts} JOIN {products} USING (product_id) WHERE category IS NOT NULL GROUP BY customer_id),
  v AS (
    SELECT customer_id, session_id, min(local_timestamp) AS started, max(timestamp) AS ended, count(*) AS events,
           date_diff('microsecond', min(timestamp), max(timestamp)) / 60e6 AS minutes, count(*) FILTER (WHERE event = 'view') AS views,
           bool_or(event = 'cart') AS carted, bool_or(event = 'purchase') AS bought,
           count(*) FILTER (WHERE event = 'view' AND category IS NOT NULL) AS known, {views}
    FROM {seen} GROUP BY customer_id, session_id),
  w AS (
    SELECT customer_id, date_diff('microsecond', max(ended), TIMESTAMP '{utc}') / 86400e6 AS browsing_recency, count(*) AS visits,
           count(*) FILTER (WHERE {recent}) AS visits_30d, avg(events) AS visit_events, avg(minutes) AS visit_minutes,
           sum(views) AS views, coalesce(sum(views) FILTER (WHERE {recent}), 0) AS views_30d,
           count(*) FILTER (WHERE carted) AS cart_visits, count(*) FILTER (WHERE carted AND {recent}) AS cart_visits_30d,
           avg(CASE WHEN carted THEN 1 ELSE 0 END) AS cart_share,
           count(*) FILTER (WHERE carted AND NOT bought) AS abandoned_carts,
           count(*) FILTER (WHERE carted AND NOT bought AND {recent}) AS abandoned_carts_30d,
           avg(CASE WHEN bought THEN 1 ELSE 0 END) AS buying_visit_share, {interests}
    FROM v GROUP BY customer_id)
  SELECT f.*, c.* EXCLUDE (customer_id), w.* EXCLUDE (customer_id)
  FROM f LEFT JOIN c USING (customer_id) LEFT JOIN w USING (customer_id) ORDER BY customer_id
) TO '{folder}/plain.parquet' (FORMAT parquet)''')
print(time.process_time() - begun)
"""
PANDAS = """
import sys, time
from pathlib import Path
import pandas as pd
folder = Path(sys.argv[1])
begun = time.process_time()
columns = ["customer_id", "transaction_id", "product_id", "timestamp", "local_timestamp", "amount", "quantity", "discount"]
files = sorted(folder.glob("landing/typed/transactions-*/0*.parquet"))
t = pd.concat([pd.read_parquet(f, columns=columns) for f in files], ignore_index=True)
for name in ("customer_id", "transaction_id", "product_id"):
    t[name] = t[name].astype("category")
products = pd.read_parquet(folder / "products.parquet")
end = t.local_timestamp.max() + pd.Timedelta(1, "us")
utc = end.tz_localize("America/New_York").tz_convert("UTC").tz_localize(None)
b = t.groupby(["customer_id", "transaction_id"], observed=True, sort=False).agg(
    t=("timestamp", "min"), lt=("local_timestamp", "min"), amount=("amount", "sum"), lines=("amount", "size"),
    products=("product_id", "nunique"), pieces=("quantity", "sum"), discount=("discount", "sum")).reset_index()
b = b.sort_values(["customer_id", "t", "transaction_id"])
b["gap"] = b.groupby("customer_id", observed=True).t.diff().dt.total_seconds() / 86400
b["weekend"], b["morning"], b["evening"] = b["lt"].dt.dayofweek >= 5, b["lt"].dt.hour < 12, b["lt"].dt.hour >= 18
g = b.groupby("customer_id", observed=True)
f = g.agg(last=("t", "max"), frequency=("t", "size"), monetary=("amount", "sum"), first=("t", "min"), gap_mean=("gap", "mean"),
          gap_sd=("gap", "std"), basket_value=("amount", "mean"), basket_lines=("lines", "mean"), basket_variety=("products", "mean"),
          basket_pieces=("pieces", "mean"), discount=("discount", "sum"), weekend_share=("weekend", "mean"),
          morning_share=("morning", "mean"), evening_share=("evening", "mean"))
f["discount_share"] = f.discount / (f.monetary + f.discount)
for d in (30, 90, 365):
    w = b[b["lt"] >= end - pd.Timedelta(d, "D")].groupby("customer_id", observed=True)
    f[f"spend_{d}d"], f[f"purchases_{d}d"] = w.amount.sum(), w.size()
category = t.product_id.map(products.set_index("product_id").category)
money = t.groupby(["customer_id", category.rename("category")], observed=True).amount.sum().unstack(fill_value=0)
top = money.sum().sort_values(ascending=False).index[:8]
f = f.join(money[top].div(money.sum(axis=1), axis=0))
del t, b, g, money
columns = ["customer_id", "session_id", "timestamp", "local_timestamp", "event", "product_id"]
files = sorted(folder.glob("landing/typed/visits-*/*.parquet"))
e = pd.concat([pd.read_parquet(p, columns=columns) for p in files], ignore_index=True)
e["category"] = e.product_id.map(products.set_index("product_id").category)
for name in ("view", "cart", "purchase"):
    e[name] = e["event"] == name
e["known"] = e["view"] & e.category.notna()
liked = e[e.known].category.value_counts().index[:8]
for i, name in enumerate(liked):
    e[f"i{i}"] = e["view"] & (e.category == name)
interest = [f"i{i}" for i in range(len(liked))]
for name in ("customer_id", "session_id"):
    e[name] = e[name].astype("category")
v = e.groupby(["customer_id", "session_id"], observed=True, sort=False).agg(
    started=("local_timestamp", "min"), begun=("timestamp", "min"), ended=("timestamp", "max"), events=("event", "size"),
    views=("view", "sum"), carted=("cart", "max"), bought=("purchase", "max"), known=("known", "sum"),
    **{i: (i, "sum") for i in interest}).reset_index()
v["minutes"] = (v.ended - v.begun).dt.total_seconds() / 60
v["left"] = v.carted & ~v.bought
h = v.groupby("customer_id", observed=True)
r = v[v.started >= end - pd.Timedelta(30, "D")].groupby("customer_id", observed=True)
w = h.agg(ended=("ended", "max"), visits=("events", "size"), visit_events=("events", "mean"), visit_minutes=("minutes", "mean"),
          views=("views", "sum"), cart_visits=("carted", "sum"), cart_share=("carted", "mean"), abandoned_carts=("left", "sum"),
          buying_visit_share=("bought", "mean"))
w["visits_30d"], w["views_30d"] = r.size(), r.views.sum()
w["cart_visits_30d"], w["abandoned_carts_30d"] = r.carted.sum(), r["left"].sum()
w = w.join(h[interest].sum().div(h.known.sum(), axis=0))
f = f.join(w, rsuffix="_browsing")
assert len(f) == 2469 * int(sys.argv[2])
print(time.process_time() - begun)
"""


def run() -> dict[str, Any]:
    """CPU seconds and peak memory of each and the ratios to the plain query; and what five times as many lines cost."""
    return {**_beside_others(), **_five_times()}


def _made(folder: str, copies: int) -> None:
    measured(WRITE, folder, str(copies), str(FILES))
    (Path(folder) / "last.parquet").rename(Path(folder) / "sales" / "last.parquet")
    measured(EVENTS, folder)
    measured(LOAD, folder)


def _beside_others() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _made(folder, COPIES)
        found = {
            "plain_query": measured(PLAIN, folder),
            "netlift_first": measured(BUILD, folder),
            "netlift_rolled_up": measured(BUILD, folder),
            "pandas": measured(PANDAS, folder, str(COPIES)),
        }
        largest = _compare(Path(folder))
    plain = found["plain_query"]["own_cpu_seconds"]
    return {
        **found,
        "largest_relative_difference": largest,
        "first_to_plain": round(found["netlift_first"]["own_cpu_seconds"] / plain, 2),
        "rolled_up_to_plain": round(found["netlift_rolled_up"]["own_cpu_seconds"] / plain, 2),
        "pandas_to_netlift_first": round(found["pandas"]["own_cpu_seconds"] / found["netlift_first"]["own_cpu_seconds"], 2),
    }


def _five_times() -> dict[str, Any]:
    found = {}
    for times in (1, 5):
        with tempfile.TemporaryDirectory() as folder:
            _made(folder, times * COPIES)
            found[times] = (measured(BUILD, folder), measured(BUILD, folder))
    return {
        "netlift_first_x50": found[5][0],
        "netlift_rolled_up_x50": found[5][1],
        "first_x50_to_x10": round(found[5][0]["own_cpu_seconds"] / found[1][0]["own_cpu_seconds"], 2),
        "rolled_up_x50_to_x10": round(found[5][1]["own_cpu_seconds"] / found[1][1]["own_cpu_seconds"], 2),
    }


def _compare(folder: Path) -> float:
    """The largest difference of any figure of any customer, relative where it is above 1."""
    with duckdb.connect() as con:
        ours = con.execute(f"SELECT * FROM '{folder}/netlift.parquet' ORDER BY customer_id").to_arrow_table()
        plain = con.execute(f"SELECT * FROM '{folder}/plain.parquet' ORDER BY customer_id").to_arrow_table()
    assert ours["customer_id"].to_pylist() == plain["customer_id"].to_pylist()
    names = [n for n in plain.column_names if n in ours.column_names and n != "customer_id"]
    shares = [n for n in ours.column_names if n.startswith("share_")]
    interests = [n for n in ours.column_names if n.startswith("interest_")]
    pairs = [(n, n) for n in names] + [(n, f"c{i}") for i, n in enumerate(shares)] + [(n, f"i{i}") for i, n in enumerate(interests)]
    assert len(pairs) == 49, pairs
    worst = 0.0
    for one, two in pairs:
        a, b = (np.array(table[name].to_pylist(), dtype=float) for table, name in ((ours, one), (plain, two)))
        assert (np.isnan(a) == np.isnan(b)).all(), one
        worst = max(worst, float(np.nanmax(np.abs(a - b) / np.maximum(1, np.abs(a)))))
    assert worst <= 1e-9, worst
    return worst
