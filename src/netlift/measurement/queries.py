"""The SQL that sums sales per customer and period, in the common subset of DuckDB and Spark.

Days are numbers, 0 = the first local day; customers are numbers in the order of their ids. The small tables `measurement_campaigns`,
`…_scopes`, `…_windows`, `…_weeks` hold what was done when; `kept` gives the larger ones, which the engine computes once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from netlift.records import Tables


def kept(tables: Tables, *, start: date, end: date) -> Mapping[str, str]:
    """Name and SQL, in order: people, sales per customer and day from `start` to `end`, lists of the campaigns, spells under campaign.

    A spell is a stretch of days on which campaigns of one scope follow or overlap each other for one customer; it is
    found by comparing each start with the latest end before it.
    """
    known = " UNION SELECT customer_id FROM customers" if tables.has("customers") else ""
    held = held_out(tables)
    return {
        "measurement_people": f"""
SELECT customer_id, row_number() OVER (ORDER BY customer_id NULLS LAST) - 1 AS customer
FROM (SELECT DISTINCT customer_id FROM transactions{known}) AS known_people
""",
        "measurement_sales": f"""
SELECT customer, day, CAST(sum(amount) AS DOUBLE) AS amount
FROM (
    SELECT p.customer, days_between(CAST(DATE '{start.isoformat()}' AS TIMESTAMP), t.local_timestamp) AS day, t.amount
    FROM transactions AS t JOIN measurement_people AS p ON p.customer_id = t.customer_id
    WHERE CAST(t.local_timestamp AS DATE) <= DATE '{end.isoformat()}'
) AS lines
GROUP BY customer, day
""",
        "measurement_lists": f"""
SELECT DISTINCT c.campaign, p.customer
FROM contacted AS t
JOIN measurement_people AS p ON p.customer_id = t.customer_id
JOIN measurement_campaigns AS c ON c.campaign_id = t.campaign_id
WHERE NOT {held}
""",
        "measurement_arms_drawn": f"""
SELECT a.scope, p.customer, max(a.addressed) + 2 * max(a.held) AS arm
FROM (
    SELECT s.scope, t.customer_id, CASE WHEN {held} THEN 0 ELSE 1 END AS addressed, CASE WHEN {held} THEN 1 ELSE 0 END AS held
    FROM contacted AS t
    JOIN measurement_campaigns AS c ON c.campaign_id = t.campaign_id
    JOIN measurement_series AS s ON s.campaign = c.campaign
) AS a JOIN measurement_people AS p ON p.customer_id = a.customer_id
GROUP BY a.scope, p.customer
""",
        "measurement_spells": """
WITH spans AS (
    SELECT s.scope, l.customer, s.first_day, s.last_day,
        max(s.last_day) OVER (PARTITION BY s.scope, l.customer ORDER BY s.first_day NULLS LAST, s.campaign NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until,
        s.campaign
    FROM measurement_lists AS l JOIN measurement_scopes AS s ON s.campaign = l.campaign
),
numbered AS (
    SELECT scope, customer, first_day, last_day,
        sum(CASE WHEN until IS NULL OR first_day > until + 1 THEN 1 ELSE 0 END) OVER (
            PARTITION BY scope, customer ORDER BY first_day NULLS LAST, campaign NULLS LAST
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spell
    FROM spans
)
SELECT scope, customer, min(first_day) AS first_day, max(last_day) AS last_day
FROM numbered GROUP BY scope, customer, spell
""",
    }


def held_out(tables: Tables) -> str:
    """The condition on a row of `contacted AS t` that the customer was held out, however the arm's name is written."""
    return f"NOT ({tables.addressed('t')})"


def contacts(tables: Tables) -> str:
    """Contacts per campaign: customers in the table contacted who are not held out, each once."""
    return f"""
SELECT 0 AS one, c.campaign, CAST(count(DISTINCT t.customer_id) AS DOUBLE) AS contacts
FROM contacted AS t JOIN measurement_campaigns AS c ON c.campaign_id = t.campaign_id
WHERE NOT {held_out(tables)} GROUP BY c.campaign
"""


def late_contacts(tables: Tables) -> str:
    """Contacts with a time, those after the campaign's first local day, and those after its last; parameters: zone, zone."""
    return f"""
SELECT count(t.contacted_at), count(*) FILTER (WHERE CAST(local_time(t.contacted_at, ?) AS DATE) > CAST(c.start_date AS DATE)),
    count(*) FILTER (WHERE CAST(local_time(t.contacted_at, ?) AS DATE) > CAST(c.end_date AS DATE))
FROM contacted AS t JOIN campaigns AS c ON c.campaign_id = t.campaign_id
WHERE NOT {held_out(tables)}
"""


PEOPLE = "SELECT count(*) FROM measurement_people"

UNKNOWN_PEOPLE = """
SELECT count(DISTINCT t.customer_id) AS listed, count(DISTINCT t.customer_id) FILTER (WHERE p.customer IS NULL) AS unknown
FROM contacted AS t LEFT JOIN measurement_people AS p ON p.customer_id = t.customer_id
"""

UNKNOWN_CAMPAIGNS = """
SELECT count(DISTINCT t.campaign_id) AS listed, count(DISTINCT t.campaign_id) FILTER (WHERE c.campaign IS NULL) AS unknown
FROM contacted AS t LEFT JOIN measurement_campaigns AS c ON c.campaign_id = t.campaign_id
"""

LISTS = "SELECT campaign, customer, 1e0 AS one FROM measurement_lists"

SPELL_DAYS = (
    "SELECT scope, customer, CAST(sum(last_day - first_day + 1) AS DOUBLE) AS days FROM measurement_spells GROUP BY scope, customer"
)

SPELL_SALES = """
SELECT s.scope, s.customer, sum(d.amount) AS amount
FROM measurement_spells AS s JOIN measurement_sales AS d ON d.customer = s.customer AND d.day BETWEEN s.first_day AND s.last_day
GROUP BY s.scope, s.customer
"""

FREE_SALES = """
SELECT 0 AS scope, d.customer, sum(d.amount) AS amount
FROM measurement_sales AS d LEFT JOIN measurement_spells AS s
    ON s.scope = 0 AND s.customer = d.customer AND d.day BETWEEN s.first_day AND s.last_day
WHERE s.customer IS NULL
GROUP BY d.customer
"""

COMPANY_SALES = "SELECT 0 AS scope, day, sum(amount) AS amount FROM measurement_sales GROUP BY day"

NEVER_SALES = """
SELECT 0 AS scope, d.day, sum(d.amount) AS amount
FROM measurement_sales AS d LEFT JOIN (SELECT DISTINCT customer FROM measurement_lists) AS l ON l.customer = d.customer
WHERE l.customer IS NULL GROUP BY d.day
"""

ARM_CUSTOMERS = "SELECT scope, arm, CAST(count(*) AS DOUBLE) AS customers FROM measurement_arms_drawn GROUP BY scope, arm"

ARM_SALES = """
SELECT 4 * a.scope + a.arm AS series, d.day, sum(d.amount) AS amount
FROM measurement_arms_drawn AS a JOIN measurement_sales AS d ON d.customer = a.customer
GROUP BY a.scope, a.arm, d.day
"""

ARM_BEFORE = """
SELECT scope, arm, sum(x) AS x, sum(x * x) AS xx
FROM (
    SELECT a.scope, a.arm, a.customer, sum(d.amount) AS x
    FROM measurement_arms_drawn AS a
    JOIN (SELECT scope, min(first_day) AS first_day FROM measurement_series GROUP BY scope) AS s ON s.scope = a.scope
    JOIN measurement_sales AS d ON d.customer = a.customer AND d.day < s.first_day
    GROUP BY a.scope, a.arm, a.customer
) AS customers_before
GROUP BY scope, arm
"""

BEFORE = """
SELECT w.campaign, d.customer, sum(d.amount) AS amount
FROM measurement_windows AS w JOIN measurement_sales AS d ON d.day >= w.before_day AND d.day < w.first_day
GROUP BY w.campaign, d.customer
"""

DURING = """
SELECT w.campaign, d.customer, sum(d.amount) AS amount
FROM measurement_windows AS w JOIN measurement_sales AS d ON d.day BETWEEN w.first_day AND w.last_day
GROUP BY w.campaign, d.customer
"""

BUSY_BEFORE = """
SELECT DISTINCT w.campaign, s.customer, 1e0 AS one
FROM measurement_windows AS w JOIN measurement_spells AS s ON s.scope = 0 AND s.first_day < w.first_day AND s.last_day >= w.before_day
"""

BUSY = """
SELECT DISTINCT w.campaign, s.customer, 1e0 AS one
FROM measurement_windows AS w JOIN measurement_spells AS s ON s.scope = 0 AND s.first_day <= w.last_day AND s.last_day >= w.before_day
"""


def cells(kinds: int, *, targeted_only: bool) -> str:
    """Common table expressions: one row per customer and week with sales or campaign days, z0 = sales a day, z1 … = shares."""
    columns = range(kinds + 1)
    wide = ", ".join(f"coalesce(sum(value) FILTER (WHERE variable = {j}), 0e0) AS z{j}" for j in columns)
    only = "WHERE customer IN (SELECT customer FROM measurement_spells WHERE scope = 0)" if targeted_only else ""
    return f"""
WITH long_cells AS (
    SELECT d.customer, w.week, 0 AS variable, d.amount / nullif(w.days, 0e0) AS value
    FROM measurement_sales AS d JOIN measurement_weeks AS w ON d.day BETWEEN w.first_day AND w.last_day
    UNION ALL
    SELECT s.customer, w.week, s.variable,
        (least(s.last_day, w.last_day) - greatest(s.first_day, w.first_day) + 1) / nullif(w.days, 0e0)
    FROM (SELECT x.customer, x.first_day, x.last_day, v.variable
          FROM measurement_spells AS x JOIN measurement_variables AS v ON v.scope = x.scope) AS s
    JOIN measurement_weeks AS w ON s.first_day <= w.last_day AND s.last_day >= w.first_day
),
cells AS (SELECT customer, week, {wide} FROM long_cells {only} GROUP BY customer, week)
"""


def week_sums(kinds: int) -> str:
    """Sums over customers per week: week, Σz0, Σz1 and so on."""
    return "SELECT week, " + ", ".join(f"sum(z{j})" for j in range(kinds + 1)) + " FROM cells GROUP BY week"


def customer_moments(kinds: int) -> str:
    """Per customer Σ_t z_a; Σ_t z_a·z_b; Σ_t z_a·(Σ_customers z_b of the week), all a, b in order."""
    p = range(kinds + 1)
    sums = [f"sum(c.z{a})" for a in p]
    products = [f"sum(c.z{a} * c.z{b})" for a in p for b in p]
    with_weeks = [f"sum(c.z{a} * m.z{b})" for a in p for b in p]
    named = ", ".join(f"{text} AS s{i}" for i, text in enumerate(sums + products + with_weeks))
    means = ", ".join(f"sum(z{j}) AS z{j}" for j in p)
    return f"""
, weekly AS (SELECT week, {means} FROM cells GROUP BY week)
SELECT c.customer, {named} FROM cells AS c JOIN weekly AS m ON m.week = c.week GROUP BY c.customer
"""
