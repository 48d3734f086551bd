"""Features of earlier campaigns: how often somebody was contacted and answered before `as_of`."""

from __future__ import annotations

from netlift.features.catalogue import Entry, Subject
from netlift.records import Feature

RELATION = """
SELECT c.customer_id AS customer_id, c.campaign_id AS campaign_id, max(CASE WHEN r.customer_id IS NULL THEN 0e0 ELSE 1e0 END) AS answered
FROM contacted AS c
JOIN campaigns AS k ON c.campaign_id = k.campaign_id
LEFT JOIN responses AS r ON r.campaign_id = c.campaign_id AND r.customer_id = c.customer_id AND r.responded_at < {as_of_utc}
WHERE k.start_date < {as_of} AND {addressed}
GROUP BY c.customer_id, c.campaign_id
"""

SUBJECT = Subject(
    "campaigns",
    {
        "campaigns": ("campaign_id", "start_date"),
        "contacted": ("campaign_id", "customer_id"),
        "responses": ("campaign_id", "customer_id", "responded_at"),
    },
    "responses",
    RELATION,
    (
        Entry(
            Feature(
                "campaigns_received",
                "campaigns",
                "campaigns received",
                "campaign",
                "0 for customers in no campaign",
                "log",
                words=("few campaigns received", "many campaigns received"),
            ),
            "CAST(count(*) AS DOUBLE)",
            absent="0e0",
        ),
        Entry(
            Feature(
                "campaigns_answered",
                "campaigns",
                "campaigns answered",
                "campaign",
                "0 for customers in no campaign",
                "log",
                uses_response=True,
                words=("few campaigns answered", "many campaigns answered"),
            ),
            "sum(answered)",
            absent="0e0",
        ),
        Entry(
            Feature(
                "answer_rate",
                "share",
                "campaigns answered of those received",
                "campaign",
                "missing for customers in no campaign",
                "logit",
                uses_response=True,
                words=("rarely answer", "often answer"),
            ),
            "avg(answered)",
        ),
    ),
)
