"""docs/feedback.md tells what there is: keys, commands, kinds, limits."""

from __future__ import annotations

import re
import tomllib

from netlift.campaigns import bounces
from netlift.console import public
from netlift.settings import ChannelSettings, InboxSettings
from netlift.store.ways_back import PAGES
from netlift.workflow import visits, webhook
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "feedback.md").read_text(encoding="utf-8")


def test_the_settings_can_be_read() -> None:
    """As they stand on the page."""
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    told = tomllib.loads(block)
    assert ChannelSettings(**told["channels"]["email"]).bounces == "bounces@shop.example"
    assert InboxSettings(**told["inbox"]).server_port() == 993
    assert {"track_clicks", "track_opens"} <= set(ChannelSettings.model_fields)
    assert all(f"`{key} = true`" in PAGE for key in ("track_clicks", "track_opens"))


def test_kinds_and_limits() -> None:
    """Types of events, of complaints, and the figures."""
    (line,) = re.findall(r"\| `type` \| (.*?) \|", PAGE)
    assert set(re.findall(r"`([^`]+)`", line)) == set(webhook.KINDS)
    assert all(kind.split("-")[0] in PAGE for kind in bounces.COMPLAINTS)
    assert (webhook.WINDOW.seconds, webhook.LONGEST, visits.SOON.seconds, visits.AT_ONCE.seconds) == (300, 1_000_000, 5, 2)
    assert "five minutes" in PAGE
    assert "above 1 MB" in PAGE
    assert "within 5 seconds" in PAGE
    assert "within 2 seconds" in PAGE


def test_addresses() -> None:
    """Paths on the page are those that are served."""
    served = {f"/{p.pattern}".split("<")[0] for p in public.urlpatterns}
    assert set(re.findall(r"/p/[a-z/]+", PAGE)) <= served | {f"/{PAGES}/"}
    assert f"/{PAGES}/" in PAGE
