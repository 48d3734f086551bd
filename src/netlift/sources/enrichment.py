"""Data about customers that others collected: read only where the settings record why it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from netlift.errors import Refused
from netlift.settings import TableSettings

SOCIAL = frozenset(
    {
        *("facebook", "instagram", "tiktok", "twitter", "linkedin", "youtube", "snapchat", "pinterest", "reddit", "bluesky"),
        *("mastodon", "whatsapp", "telegram", "weibo", "wechat", "vkontakte", "xing", "tumblr", "discord", "twitch", "socialmedia", "xcom"),
    },
)
_NEEDED = {
    "provider": "who the data come from",
    "purpose": "what they are used for, in the words that customers were told",
    "notice": "where customers were told of it: the notice's address or file, and its date",
}


def recorded(table: TableSettings) -> None:
    """Refuse the table unless provider, purpose and notice are written down.

    Raises:
        Refused: one of them is missing; the message says which and why.
    """
    for key, meaning in _NEEDED.items():
        if not (getattr(table, key) or "").strip():
            raise Refused(
                f"tables.enrichment.{key} is missing, and data that others collected are used only where people were told and agreed; "
                f"write {key}: {meaning}; or take the table out.",
            )
    _no_social_media(table, (table.provider or "", table.path or "", table.relation or ""), "comes from")


def no_social_media(table: TableSettings, columns: Iterable[str]) -> None:
    """Refuse columns that come from social media, unless the settings allow them.

    Raises:
        Refused: a column's name speaks of a social network.
    """
    _no_social_media(table, (*columns, *table.columns, *table.derive), "has the column")


def _no_social_media(table: TableSettings, names: Iterable[str], how: str) -> None:
    found = next((name for name in names if _is_social(name)), None)
    if found is not None and not table.social_media:
        raise Refused(
            f"tables.enrichment {how} '{found}', which is social media, and social media are off: people do not expect a shop to read what "
            "they post, most networks forbid it, and a profile may be another person's; leave it out, or, where every customer in it "
            "agreed to exactly this, write social_media = true.",
        )


def _is_social(name: str) -> bool:
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    pairs = {"".join(pair) for pair in pairwise(words)}
    return bool((set(words) | pairs) & SOCIAL)
