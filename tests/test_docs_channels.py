"""docs/channels: the examples are read by the settings, every key is told, and what the page imports is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from netlift.campaigns.channels.acoustic import client, operations
from netlift.settings import AcousticSettings, parse
from tests.conftest import ROOT

ACOUSTIC = (ROOT / "docs" / "channels" / "acoustic.md").read_text(encoding="utf-8")


def test_the_section_for_acoustic_campaign() -> None:
    """The example passes, and each key of the section stands on the page."""
    (example,) = re.findall(r"```toml\n(.*?)```", ACOUSTIC, flags=re.DOTALL)
    project = {"project": {"name": "Shop", "currency": "USD"}, "tables": {"customers": {"path": "c.csv"}}}
    section = parse({**project, **tomllib.loads(example)}, folder=Path(), sha256="").channels["email"]
    assert isinstance(section, AcousticSettings)
    assert [key for key in AcousticSettings.model_fields if key not in ACOUSTIC] == []


@pytest.mark.parametrize("name", re.findall(r"operations\.(\w+)\(client", ACOUSTIC))
def test_the_operations_of_one_person(name: str) -> None:
    """What the page calls exists."""
    assert callable(getattr(operations, name))
    assert callable(client.Client)
