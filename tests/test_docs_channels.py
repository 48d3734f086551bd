"""docs/channels: the examples are read by the settings, every key is told, and what the page imports is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from netlift.campaigns.channels.acoustic import client, operations
from netlift.campaigns.sms_parts import ALONE, EXTENSION, JOINED
from netlift.settings import AcousticSettings, KannelSettings, TwilioSettings, parse
from netlift.settings.pace import Pace
from tests.conftest import ROOT

ACOUSTIC = (ROOT / "docs" / "channels" / "acoustic.md").read_text(encoding="utf-8")


def test_the_section_for_acoustic_campaign() -> None:
    """The example passes, and each key of the section stands on the page."""
    (example,) = re.findall(r"```toml\n(.*?)```", ACOUSTIC, flags=re.DOTALL)
    project = {"project": {"name": "Shop", "currency": "USD"}, "tables": {"customers": {"path": "c.csv"}}}
    section = parse({**project, **tomllib.loads(example)}, folder=Path(), sha256="").channels["email"]
    assert isinstance(section, AcousticSettings)
    assert [key for key in AcousticSettings.model_fields if key not in ACOUSTIC] == []


def test_the_sections_for_texts() -> None:
    """Both examples pass, each key stands on the page, and so do the figures of the alphabets."""
    page = (ROOT / "docs" / "channels" / "sms.md").read_text(encoding="utf-8")
    project = {"project": {"name": "Shop", "currency": "USD"}, "tables": {"customers": {"path": "c.csv"}}}
    examples = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    sections = [parse({**project, **tomllib.loads(one)}, folder=Path(), sha256="").channels["sms"] for one in examples]
    assert [type(one) for one in sections] == [TwilioSettings, KannelSettings]
    general = set(Pace.model_fields)
    assert [key for one in sections for key in type(one).model_fields if key not in page and key not in general] == []
    assert f"has {ALONE['GSM-7']} places, and {JOINED['GSM-7']} in each part" in page
    assert f"it is {ALONE['UCS-2']} and {JOINED['UCS-2']}" in page
    assert all(one in page for one in EXTENSION - {"\f"})


@pytest.mark.parametrize("name", re.findall(r"operations\.(\w+)\(client", ACOUSTIC))
def test_the_operations_of_one_person(name: str) -> None:
    """What the page calls exists."""
    assert callable(getattr(operations, name))
    assert callable(client.Client)
